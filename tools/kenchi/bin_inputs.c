#include "tools/kenchi/bin_inputs.h"

#include <glib/gstdio.h>
#include <stdio.h>

#include "common/fault.h"
#include "tools/kenchi/collector_run.h"
#include "tools/kenchi/worse_export.h"

struct BinInputs {
	const struct bin_source *source;
	struct worse_export worse;
	char *folder;    /* of what is made */
	GPtrArray *made; /* bin files there */
	struct train_input *all;
};

/* Bin files begin as IPFIX Messages do, captures do not. */
static bool
is_capture(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned char start[2] = { 0, 10 };

	if (file == NULL)
		return false;
	if (fread(start, sizeof(start), 1, file) != 1)
		start[0] = 0;
	fclose(file);
	return start[0] != 0 || start[1] != 10;
}

static bool
make_worse(const BinInputs *inputs, const char *capture, const char *bins, GError **error)
{
	g_autofree char *export = g_strconcat(bins, ".pcap", NULL);
	bool made = worse_export_make(&inputs->worse, capture, inputs->source->monitored, export,
	                              error) &&
	            collector_run_bins(export, inputs->source->monitored, bins, error);

	g_unlink(export);
	return made;
}

/* The bins of a capture, named after it and the folder that it is in. */
static bool
make_bins(BinInputs *inputs, const char *capture, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(capture);
	g_autofree char *site = g_path_get_basename(parent);
	g_autofree char *base = g_path_get_basename(capture);
	g_autofree char *name = g_strdup_printf("%s-%s", site, base);
	char *bins = g_build_filename(inputs->folder, name, NULL);

	g_ptr_array_add(inputs->made, bins);
	if (inputs->source->as_if != NULL)
		return make_worse(inputs, capture, bins, error);
	return collector_run_bins(capture, inputs->source->monitored, bins, error);
}

static bool
gather(BinInputs *inputs, GError **error)
{
	char *const *files = inputs->source->files;

	for (size_t i = 0; files[i] != NULL; i++) {
		inputs->all[i] = (struct train_input){ files[i], inputs->source->labels[i] };
		if (is_capture(files[i])) {
			if (!make_bins(inputs, files[i], error))
				return false;
			inputs->all[i].bins = inputs->made->pdata[inputs->made->len - 1];
		} else if (inputs->source->as_if != NULL) {
			return fault_input(error,
			                   "%s: --as-if: only captures can be exported again",
			                   files[i]);
		}
	}
	return true;
}

BinInputs *
bin_inputs_open(const struct bin_source *source, GError **error)
{
	g_autoptr(BinInputs) inputs = g_new0(BinInputs, 1);

	inputs->source = source;
	inputs->made = g_ptr_array_new_with_free_func(g_free);
	inputs->all = g_new0(struct train_input, g_strv_length(source->files) + 1);
	if (source->as_if != NULL && !worse_export_parse(source->as_if, &inputs->worse, error)) {
		g_prefix_error(error, "--as-if: ");
		return NULL;
	}
	inputs->folder = g_dir_make_tmp("kenchi-bins-XXXXXX", error);
	if (inputs->folder == NULL || !gather(inputs, error))
		return NULL;
	return g_steal_pointer(&inputs);
}

void
bin_inputs_close(BinInputs *inputs)
{
	if (inputs == NULL)
		return;
	for (guint i = 0; i < inputs->made->len; i++)
		g_unlink(inputs->made->pdata[i]);
	if (inputs->folder != NULL)
		g_rmdir(inputs->folder);
	g_ptr_array_unref(inputs->made);
	g_free(inputs->folder);
	g_free(inputs->all);
	g_free(inputs);
}

const struct train_input *
bin_inputs_all(const BinInputs *inputs)
{
	return inputs->all;
}
