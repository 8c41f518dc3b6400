/*
 * Labelled bin files: those that are given, and those that are made of captures of export
 * datagrams, as they are or as a worse exporter would have sent them.
 *
 * Errors:  a GError that names the file.
 */
#ifndef TOOLS_KENCHI_BIN_INPUTS_H
#define TOOLS_KENCHI_BIN_INPUTS_H

#include <glib.h>

#include "tools/train/train.h"

struct bin_source {
	char **labels;
	char **files;     /* as many: bin files, or captures */
	char **monitored; /* prefixes of the captures' hosts; NULL: the collector's default */
	char *as_if; /* captures as worse_export_parse() has it, and changed by it; NULL: as they
	                are */
};

typedef struct BinInputs BinInputs;

/* What is made lies in a temporary folder until the inputs are closed. */
BinInputs *bin_inputs_open(const struct bin_source *source, GError **error);
void bin_inputs_close(BinInputs *inputs); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BinInputs, bin_inputs_close)

/* One for each file, in their order. */
const struct train_input *bin_inputs_all(const BinInputs *inputs);

#endif
