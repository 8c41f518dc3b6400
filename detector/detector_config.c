#include "detector/detector_config.h"

static const struct config_key keys[] = {
#define KEY(...) CONFIG_ROW(struct detector_config, __VA_ARGS__)
#include "schemas/detector_config.def"
#undef KEY
};

const struct config_table detector_config_table = { "detector", keys, G_N_ELEMENTS(keys) };

bool
detector_config_load(struct detector_config *config, const char *path, GError **error)
{
	*config = (struct detector_config){ 0 };
	config_set_defaults(&detector_config_table, config);
	return path == NULL || config_read(&detector_config_table, path, config, error);
}

void
detector_config_clear(struct detector_config *config)
{
	config_clear(&detector_config_table, config);
}
