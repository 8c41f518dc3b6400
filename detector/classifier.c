#include "detector/classifier.h"

#include <libsvm/svm.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detector/dense_machine.h"
#include "detector/scaler.h"
#include "detector/tree_sum.h"

enum {
	MACHINES_MAX = 16,
	CHECKS_MAX = 16, /* support vectors that a machine is checked at */
};

static const double dense_tolerance = 1e-9;

struct machine {
	struct svm_model *svm;
	struct dense_machine vectors;
	double rho;
	double sign; /* -1 where libsvm's first class is the normal one */
	bool dense;
};

struct Classifier {
	char *name;
	struct scaler scaler;
	unsigned sampling_most;
	struct value_usual usual;
	Classifier *contacts; /* NULL: single contacts are not looked at */
	double contacts_weight;
	size_t machine_count;
	struct machine machines[MACHINES_MAX];
	struct tree_sum trees; /* one machine more, if there are any */
};

static bool
refuse_line(GError **error, const char *path, size_t line, const char *why)
{
	g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: line %zu: %s", path, line, why);
	return false;
}

/* One support vector: a coefficient, then index:value with rising indices. */
static bool
check_vector(const char *text, size_t dimensions, const char **why)
{
	char *at;
	long last = 0;

	if (!isfinite(g_ascii_strtod(text, &at)) || at == text) {
		*why = "the coefficient is no finite number";
		return false;
	}
	for (at += strspn(at, " "); *at != '\0'; at += strspn(at, " ")) {
		char *end;
		long index = strtol(at, &end, 10);

		if (*end != ':' || index <= last || index > (long)dimensions) {
			*why = "a feature's index is damaged, repeated or above the side file's count";
			return false;
		}
		at = end + 1;
		if (!isfinite(g_ascii_strtod(at, &end)) || end == at) {
			*why = "a feature's value is no finite number";
			return false;
		}
		at = end;
		last = index;
	}
	return true;
}

/* What the head of a machine must say, before libsvm may read it. */
struct head {
	size_t vectors;
	unsigned seen;
};

static bool
check_head_line(const char *line, struct head *head, const char **why)
{
	static const char *const keys[] = { "svm_type c_svc", "kernel_type rbf", "gamma ",
		                            "nr_class 2",     "total_sv ",       "rho ",
		                            "label ",         "nr_sv " };
	size_t key = 0;

	while (key < G_N_ELEMENTS(keys) && !g_str_has_prefix(line, keys[key]))
		key++;
	if (key == G_N_ELEMENTS(keys)) {
		*why = "not a line of a two-class C-SVC with RBF kernel";
		return false;
	}
	if (key == 4)
		head->vectors = strtoul(line + strlen(keys[key]), NULL, 10);
	if ((key == 2 || key == 5) && !isfinite(g_ascii_strtod(line + strlen(keys[key]), NULL))) {
		*why = "no finite number";
		return false;
	}
	if (key == 6 && strcmp(line, "label 1 -1") != 0 && strcmp(line, "label -1 1") != 0) {
		*why = "the labels must be 1 and -1";
		return false;
	}
	if (key == 7) {
		unsigned long counts[2] = { 0, 0 };
		char *end;

		counts[0] = strtoul(line + strlen(keys[key]), &end, 10);
		counts[1] = strtoul(end, NULL, 10);
		if (counts[0] + counts[1] != head->vectors) {
			*why = "the classes' vectors are not total_sv together";
			return false;
		}
	}
	head->seen |= 1U << key;
	return true;
}

/* libsvm trusts the file that it reads: nothing damaged may come to it. */
static bool
check_machine(const char *path, size_t dimensions, GError **error)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	struct head head = { 0 };
	const char *why = NULL;
	size_t at = 0, vectors = 0;

	if (!g_file_get_contents(path, &text, NULL, error))
		return false;
	lines = g_strsplit(text, "\n", -1);
	for (; lines[at] != NULL && strcmp(g_strchomp(lines[at]), "SV") != 0; at++) {
		if (!check_head_line(lines[at], &head, &why))
			return refuse_line(error, path, at + 1, why);
	}
	if (head.seen != 0xff || lines[at] == NULL)
		return refuse_line(error, path, at + 1, "the head is not complete");
	for (at++; lines[at] != NULL && *g_strchomp(lines[at]) != '\0'; at++, vectors++) {
		if (!check_vector(lines[at], dimensions, &why))
			return refuse_line(error, path, at + 1, why);
	}
	if (vectors != head.vectors || vectors == 0)
		return refuse_line(error, path, at,
		                   "there are not as many support vectors as total_sv says");
	return true;
}

static void
machine_lay_out(struct machine *machine, size_t dimensions)
{
	const struct svm_model *svm = machine->svm;

	machine->rho = svm->rho[0];
	machine->sign = svm->label[0] > 0 ? 1 : -1;
	dense_machine_init(&machine->vectors, (size_t)svm->l, dimensions, svm->param.gamma);
	for (size_t i = 0; i < (size_t)svm->l; i++) {
		dense_machine_set_coefficient(&machine->vectors, i, svm->sv_coef[0][i]);
		for (const struct svm_node *node = svm->SV[i]; node->index > 0; node++)
			dense_machine_set(&machine->vectors, i, (size_t)node->index - 1,
			                  node->value);
	}
}

static double
machine_decide_densely(const struct machine *machine, const double *x)
{
	return (dense_machine_sum(&machine->vectors, x) - machine->rho) * machine->sign;
}

static double
machine_decide_by_libsvm(const struct machine *machine, const double *x, size_t dimensions)
{
	struct svm_node nodes[FEATURE_COUNT + 1];
	double value;

	for (size_t i = 0; i < dimensions; i++)
		nodes[i] = (struct svm_node){ (int)i + 1, x[i] };
	nodes[dimensions].index = -1;
	svm_predict_values(machine->svm, nodes, &value);
	return value * machine->sign;
}

/* At zero and at some of its own support vectors. */
static double
machine_difference(const struct machine *machine, size_t dimensions)
{
	size_t step = MAX((size_t)machine->svm->l / CHECKS_MAX, 1);
	double greatest = 0;

	for (size_t i = 0; i < (size_t)machine->svm->l; i += step) {
		double x[FEATURE_COUNT] = { 0 };

		for (size_t d = 0; d < dimensions && i > 0; d++)
			x[d] = dense_machine_get(&machine->vectors, i, d);
		greatest = fmax(greatest, fabs(machine_decide_densely(machine, x) -
		                               machine_decide_by_libsvm(machine, x, dimensions)));
	}
	return greatest;
}

static bool
machine_load(struct machine *machine, const char *path, size_t dimensions, GError **error)
{
	if (!check_machine(path, dimensions, error))
		return false;
	machine->svm = svm_load_model(path);
	if (machine->svm == NULL) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: libsvm cannot read it",
		            path);
		return false;
	}
	machine_lay_out(machine, dimensions);
	machine->dense = machine_difference(machine, dimensions) <= dense_tolerance;
	return true;
}

static bool
load_machines(Classifier *classifier, GKeyFile *file, const char *meta, GError **error)
{
	gsize count = 0;
	g_auto(GStrv) names = g_key_file_get_string_list(file, "model", "machines", &count, error);
	g_autofree char *folder = g_path_get_dirname(meta);

	if (names == NULL) {
		g_prefix_error(error, "%s: ", meta);
		return false;
	}
	if (count == 0 || count > MACHINES_MAX) {
		g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
		            "%s: key [model] machines: 1 to %d file names", meta, MACHINES_MAX);
		return false;
	}
	for (gsize i = 0; i < count; i++) {
		g_autofree char *path = g_build_filename(folder, names[i], NULL);

		classifier->machine_count = i + 1;
		if (!machine_load(&classifier->machines[i], path, classifier->scaler.count, error))
			return false;
	}
	return true;
}

static bool
load_head(Classifier *classifier, GKeyFile *file, const char *meta, GError **error)
{
	g_autoptr(GError) absent = NULL;

	if (g_key_file_get_integer(file, "model", "format", error) != 1) {
		if (error != NULL && *error == NULL)
			g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
			            "key [model] format: only 1 is known");
		g_prefix_error(error, "%s: ", meta);
		return false;
	}
	classifier->name = g_key_file_get_string(file, "model", "name", error);
	if (classifier->name == NULL) {
		g_prefix_error(error, "%s: ", meta);
		return false;
	}
	classifier->sampling_most =
		(unsigned)MAX(1, g_key_file_get_integer(file, "model", "sampling_most", &absent));
	classifier->usual.center = g_key_file_get_double(file, "model", "center", NULL);
	classifier->usual.spread = g_key_file_get_double(file, "model", "spread", NULL);
	if (isfinite(classifier->usual.center) && isfinite(classifier->usual.spread) &&
	    classifier->usual.spread >= 0)
		return true;
	g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
	            "%s: keys [model] center, spread: no finite number, or below 0", meta);
	return false;
}

/* Of windows, or of contacts; `*meta` is the path of its side file, which is read into `file`. */
static Classifier *
load(const char *path, GKeyFile *file, char **meta, GError **error)
{
	g_autoptr(Classifier) classifier = g_new0(Classifier, 1);
	g_autofree char *stem = g_strdup(path);

	if (g_str_has_suffix(stem, ".model") || g_str_has_suffix(stem, ".meta"))
		*strrchr(stem, '.') = '\0';
	*meta = g_strconcat(stem, ".meta", NULL);
	if (!g_key_file_load_from_file(file, *meta, G_KEY_FILE_NONE, error)) {
		g_prefix_error(error, "%s: ", *meta);
		return NULL;
	}
	if (!load_head(classifier, file, *meta, error) ||
	    !scaler_read(&classifier->scaler, file, *meta, error) ||
	    !load_machines(classifier, file, *meta, error) ||
	    !tree_sum_read(&classifier->trees, file, *meta, error))
		return NULL;
	return g_steal_pointer(&classifier);
}

/* What it says of single contacts, if it does. */
static bool
load_contacts(Classifier *classifier, GKeyFile *file, const char *meta, GError **error)
{
	g_autoptr(GKeyFile) of_contacts = g_key_file_new();
	g_autofree char *contacts_meta = NULL;
	g_autofree char *name = g_key_file_get_string(file, "model", "contacts", NULL);
	g_autofree char *folder = g_path_get_dirname(meta);
	g_autofree char *path = NULL;

	if (name == NULL)
		return true;
	classifier->contacts_weight = g_key_file_get_double(file, "model", "contacts_weight", NULL);
	if (!isfinite(classifier->contacts_weight) || classifier->contacts_weight < 0) {
		g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
		            "%s: key [model] contacts_weight: no finite number, or below 0", meta);
		return false;
	}
	path = g_build_filename(folder, name, NULL);
	classifier->contacts = load(path, of_contacts, &contacts_meta, error);
	return classifier->contacts != NULL;
}

Classifier *
classifier_load(const char *path, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree char *meta = NULL;
	g_autoptr(Classifier) classifier = load(path, file, &meta, error);

	if (classifier == NULL || !load_contacts(classifier, file, meta, error))
		return NULL;
	return g_steal_pointer(&classifier);
}

static void
free_alone(Classifier *classifier)
{
	for (size_t i = 0; i < classifier->machine_count; i++) {
		struct machine *machine = &classifier->machines[i];

		if (machine->svm != NULL)
			svm_free_and_destroy_model(&machine->svm);
		dense_machine_clear(&machine->vectors);
	}
	tree_sum_clear(&classifier->trees);
	g_free(classifier->name);
	g_free(classifier);
}

void
classifier_free(Classifier *classifier)
{
	if (classifier == NULL)
		return;
	if (classifier->contacts != NULL)
		free_alone(classifier->contacts);
	free_alone(classifier);
}

double
classifier_decide(const Classifier *classifier, const double features[static FEATURE_COUNT])
{
	size_t dimensions = classifier->scaler.count;
	double x[FEATURE_COUNT];
	double sum = 0;

	scaler_apply(&classifier->scaler, features, x);
	for (size_t i = 0; i < classifier->machine_count; i++) {
		const struct machine *machine = &classifier->machines[i];

		sum += machine->dense ? machine_decide_densely(machine, x)
		                      : machine_decide_by_libsvm(machine, x, dimensions);
	}
	if (classifier->trees.count == 0)
		return sum / (double)classifier->machine_count;
	return (sum + tree_sum_decide(&classifier->trees, features)) /
	       (double)(classifier->machine_count + 1);
}

bool
classifier_asks_contacts(const Classifier *classifier)
{
	return classifier->contacts != NULL;
}

double
classifier_decide_contacts(const Classifier *classifier, const struct contact_shape *contacts,
                           size_t count)
{
	double features[FEATURE_COUNT] = { 0 };
	double greatest = 0;

	for (size_t i = 0; i < count; i++) {
		feature_vector_place_contact(contacts[i].values, features);
		greatest = fmax(greatest, classifier_decide(classifier->contacts, features));
	}
	return classifier->contacts_weight * greatest;
}

double
classifier_difference(const Classifier *classifier, const double features[static FEATURE_COUNT])
{
	double x[FEATURE_COUNT];
	double greatest = 0;

	scaler_apply(&classifier->scaler, features, x);
	for (size_t i = 0; i < classifier->machine_count; i++) {
		const struct machine *machine = &classifier->machines[i];

		greatest =
			fmax(greatest,
		             fabs(machine_decide_densely(machine, x) -
		                  machine_decide_by_libsvm(machine, x, classifier->scaler.count)));
	}
	return greatest;
}

/* Writes those of machines and trees; returns how many they are. */
static size_t
asked_features(const Classifier *classifier, size_t indices[static FEATURE_COUNT])
{
	bool asked[FEATURE_COUNT] = { false };
	size_t count = 0;

	tree_sum_mark(&classifier->trees, asked);
	for (size_t i = 0; i < classifier->scaler.count; i++)
		asked[classifier->scaler.index[i]] = true;
	for (size_t i = 0; i < FEATURE_COUNT; i++) {
		if (asked[i])
			indices[count++] = i;
	}
	return count;
}

struct feature_choice
classifier_features(const Classifier *classifier)
{
	size_t indices[FEATURE_COUNT];

	return feature_choice_of(indices, asked_features(classifier, indices));
}

const char *
classifier_name(const Classifier *classifier)
{
	return classifier->name;
}

size_t
classifier_support_vectors(const Classifier *classifier)
{
	size_t count = 0;

	for (size_t i = 0; i < classifier->machine_count; i++)
		count += (size_t)classifier->machines[i].svm->l;
	return count;
}

static unsigned
needs_alone(const Classifier *classifier)
{
	unsigned needs = NEEDS_NOTHING;
	size_t indices[FEATURE_COUNT];
	size_t count = asked_features(classifier, indices);

	for (size_t i = 0; i < count; i++)
		needs |= feature_needs(indices[i]);
	return needs;
}

unsigned
classifier_needs(const Classifier *classifier)
{
	unsigned needs = needs_alone(classifier);

	return classifier->contacts == NULL ? needs : needs | needs_alone(classifier->contacts);
}

unsigned
classifier_sampling_most(const Classifier *classifier)
{
	return classifier->sampling_most;
}

static bool
machines_are_dense(const Classifier *classifier)
{
	bool dense = true;

	for (size_t i = 0; i < classifier->machine_count; i++)
		dense = dense && classifier->machines[i].dense;
	return dense;
}

bool
classifier_is_dense(const Classifier *classifier)
{
	return machines_are_dense(classifier) &&
	       (classifier->contacts == NULL || machines_are_dense(classifier->contacts));
}

const struct value_usual *
classifier_usual(const Classifier *classifier)
{
	return &classifier->usual;
}
