/*
 * kenchi train: a model of labelled bin files.
 */
#include "tools/train/train.h"

#include <string.h>

#include "detector/alarm_tail.h"
#include "tools/kenchi/bin_inputs.h"
#include "tools/kenchi/detection_page.h"
#include "tools/kenchi/subcommand.h"
#include "tools/train/fit.h"
#include "tools/train/labels.h"
#include "tools/train/training_rows.h"

/* The first of comma-separated numbers. */
static double
first_of(const char *numbers, double otherwise)
{
	return numbers != NULL ? g_ascii_strtod(numbers, NULL) : otherwise;
}

/* The same training once more without each fold in turn, judged as `kenchi evaluate detection`
 * does. */
static bool
write_page(const struct train_options *options, const char *page, GError **error)
{
	struct detection_options judged = { .inputs = options->inputs,
		                            .input_count = options->input_count,
		                            .features = options->features,
		                            .without = options->without,
		                            .c = first_of(options->c, 0.3),
		                            .gamma = first_of(options->gamma, 0.5),
		                            .only_fold = FOLD_NONE,
		                            .seed = options->seed,
		                            .alarms = ALARM_TAIL_WISHED };
	g_autoptr(Detection) detection = detection_run(&judged, error);

	return detection != NULL &&
	       detection_page_write(detection,
	                            options->name != NULL ? options->name
	                                                  : "A model, cross-validated",
	                            page, error);
}

static int
run(struct train_options *options, const struct bin_source *source, const char *page)
{
	size_t count = source->labels == NULL ? 0 : g_strv_length(source->labels);
	g_autoptr(BinInputs) inputs = NULL;
	g_autoptr(GError) error = NULL;

	if (source->files[0] == NULL) {
		subcommand_complain(
			"train: which BINFILE? (kenchi-collector --write-bins makes them)");
		return EXIT_CODE_USAGE;
	}
	if (count == 0 || count != g_strv_length(source->files)) {
		subcommand_complain(
			"train: --labels: there must be one for each BINFILE, in the same order");
		return EXIT_CODE_USAGE;
	}
	if (options->model == NULL && options->dump_features == NULL && !options->cross_validate) {
		subcommand_complain(
			"train: what to make? --model, --cross-validate or --dump-features");
		return EXIT_CODE_USAGE;
	}
	inputs = bin_inputs_open(source, &error);
	options->inputs = inputs != NULL ? bin_inputs_all(inputs) : NULL;
	options->input_count = count;
	if (inputs != NULL && train_run(options, &error) &&
	    (page == NULL || write_page(options, page, &error)))
		return EXIT_CODE_OK;
	subcommand_complain("train: %s", error->message);
	return EXIT_CODE_USAGE;
}

/* Options as they are given; texts are owned. */
struct arguments {
	char **labels, **monitored;
	char *as_if, *page, *model, *calibration, *name, *dump_features, *features, *without, *c,
		*gamma;
	int held_fold, machines, windows, vectors, seed;
	gboolean cross_validate;
};

static void
clear(struct arguments *arguments)
{
	g_strfreev(arguments->labels);
	g_strfreev(arguments->monitored);
	g_free(arguments->as_if);
	g_free(arguments->page);
	g_free(arguments->model);
	g_free(arguments->calibration);
	g_free(arguments->name);
	g_free(arguments->dump_features);
	g_free(arguments->features);
	g_free(arguments->without);
	g_free(arguments->c);
	g_free(arguments->gamma);
}

static bool
parse(struct invocation *invocation, struct arguments *arguments, int *argc, char ***argv)
{
	const GOptionEntry entries[] = {
		{ "labels", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &arguments->labels,
		  "The labels of a BINFILE (or capture); one for each", "FILE" },
		{ "monitored", 0, 0, G_OPTION_ARG_STRING_ARRAY, &arguments->monitored,
		  "Which hosts of captures, as of kenchi-collector", "PREFIX" },
		{ "as-if", 0, 0, G_OPTION_ARG_STRING, &arguments->as_if,
		  "Captures as a worse exporter would have sent them: sampled=N, no-flags, out or in",
		  "HOW,..." },
		{ "model", 0, 0, G_OPTION_ARG_FILENAME, &arguments->model,
		  "Write NAME.model and NAME.meta", "NAME.model" },
		{ "calibration", 0, 0, G_OPTION_ARG_FILENAME, &arguments->calibration,
		  "Write the tail of normal windows (with --cross-validate)", "FILE" },
		{ "page", 0, 0, G_OPTION_ARG_FILENAME, &arguments->page,
		  "Write figures and curves of the same training, cross-validated, as HTML",
		  "FILE" },
		{ "name", 0, 0, G_OPTION_ARG_STRING, &arguments->name,
		  "What the model calls itself", "TEXT" },
		{ "cross-validate", 0, 0, G_OPTION_ARG_NONE, &arguments->cross_validate,
		  "Measure over the folds, and choose", NULL },
		{ "held-fold", 0, 0, G_OPTION_ARG_INT, &arguments->held_fold,
		  "Leave this fold out of everything", "0-4" },
		{ "features", 0, 0, G_OPTION_ARG_STRING, &arguments->features,
		  "Features by pattern, -PATTERN takes away", "PATTERN,..." },
		{ "without", 0, 0, G_OPTION_ARG_STRING, &arguments->without,
		  "Leave out what an exporter does not tell: sampling, flags, direction, sizes",
		  "NEED,..." },
		{ "c", 0, 0, G_OPTION_ARG_STRING, &arguments->c, "Values of C to try", "C,..." },
		{ "gamma", 0, 0, G_OPTION_ARG_STRING, &arguments->gamma,
		  "Values of gamma to try, times 1 / features", "G,..." },
		{ "machines", 0, 0, G_OPTION_ARG_INT, &arguments->machines,
		  "Join so many machines, each on other windows (default: 4)", "N" },
		{ "windows", 0, 0, G_OPTION_ARG_INT, &arguments->windows,
		  "Windows of a host and label, at most, for a machine (default: 4)", "N" },
		{ "seed", 0, 0, G_OPTION_ARG_INT, &arguments->seed,
		  "Another choice of windows (default: 0)", "N" },
		{ "vectors", 0, 0, G_OPTION_ARG_INT, &arguments->vectors,
		  "Support vectors, at most (default: 480; 0: all)", "N" },
		{ "dump-features", 0, 0, G_OPTION_ARG_FILENAME, &arguments->dump_features,
		  "Write the windows as CSV", "FILE" },
		{ NULL, 0, 0, 0, NULL, NULL, NULL },
	};

	return subcommand_parse(invocation, entries, G_MAXINT, argc, argv);
}

static int
train(const struct arguments *arguments, char **files)
{
	const struct bin_source source = { arguments->labels, files, arguments->monitored,
		                           arguments->as_if };
	struct train_options options = { .model = arguments->model,
		                         .calibration = arguments->calibration,
		                         .name = arguments->name,
		                         .dump_features = arguments->dump_features,
		                         .features = arguments->features,
		                         .c = arguments->c,
		                         .gamma = arguments->gamma,
		                         .held_fold = arguments->held_fold,
		                         .machines = (unsigned)MAX(arguments->machines, 1),
		                         .seed = (unsigned)MAX(arguments->seed, 0),
		                         .windows_per_host = (unsigned)MAX(arguments->windows, 1),
		                         .vectors = (unsigned)MAX(arguments->vectors, 0),
		                         .cross_validate = arguments->cross_validate,
		                         .report = stdout };

	if (!train_read_needs(arguments->without, &options.without)) {
		subcommand_complain("train: --without: sampling, flags, direction or sizes");
		return EXIT_CODE_USAGE;
	}
	return run(&options, &source, arguments->page);
}

int
subcommand_train(struct invocation *invocation, int argc, char **argv)
{
	struct arguments arguments = { .held_fold = FOLD_NONE,
		                       .machines = TRAINING_MACHINES,
		                       .windows = TRAINING_WINDOWS_PER_HOST,
		                       .vectors = FIT_VECTORS };
	int result = EXIT_CODE_USAGE;

	if (parse(invocation, &arguments, &argc, &argv))
		result = train(&arguments, argv + 1);
	clear(&arguments);
	return result;
}
