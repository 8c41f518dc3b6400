/*
 * What an operator can choose: the rows of schemas/detector_config.def.
 *
 * Errors:  a GError that names the file and the key.
 * Threads: once it is loaded it is only read.
 */
#ifndef DETECTOR_DETECTOR_CONFIG_H
#define DETECTOR_DETECTOR_CONFIG_H

#include <glib.h>
#include <stdbool.h>

#include "common/config_reader.h"

struct detector_config {
#define KEY(...) CONFIG_FIELD(__VA_ARGS__)
#include "schemas/detector_config.def"
#undef KEY
};

extern const struct config_table detector_config_table;

/* Sets the defaults, then what the file says (NULL: no file). */
bool detector_config_load(struct detector_config *config, const char *path, GError **error);
void detector_config_clear(struct detector_config *config);

#endif
