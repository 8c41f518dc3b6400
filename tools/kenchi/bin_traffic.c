#include "tools/kenchi/bin_traffic.h"

#include "common/bin_file.h"

static void
add_seconds(HostTraffic *traffic, const struct host_bin *bin,
            const struct host_bin_extension *extension)
{
	struct host_minute *minute = host_traffic_minute(traffic, bin->minute);

	for (int direction = HOST_OUT; direction <= HOST_IN; direction++) {
		for (int second = 0; second < HOST_BIN_SECONDS; second++)
			minute->octets[direction][second] +=
				extension->second_octets[direction * HOST_BIN_SECONDS + second];
	}
}

void
bin_traffic_add(HostTraffic *traffic, const struct host_bin *bin,
                const struct host_bin_extension *extension)
{
	struct host_minute *minute = host_traffic_minute(traffic, bin->minute);

	for (int direction = HOST_OUT; direction <= HOST_IN; direction++) {
		for (size_t i = 0; i < HOST_BIN_SIZE_CLASSES; i++)
			minute->packets[direction][i] +=
				bin->size_packets[(size_t)direction * HOST_BIN_SIZE_CLASSES + i];
	}
	if (extension != NULL) {
		add_seconds(traffic, bin, extension);
	} else {
		/* The seconds are in the touches; the key is of no matter to them. */
		struct host_bin copy = *bin;
		struct host_bin_extension unfolded;

		host_bin_extension_init(&unfolded);
		host_bin_extend(&copy, &unfolded, 0);
		add_seconds(traffic, bin, &unfolded);
	}
}

HostTraffic *
bin_traffic_read(const char *path, const struct host_address *host, GError **error)
{
	g_autoptr(HostTraffic) traffic = host_traffic_new();
	g_autoptr(BinFileReader) file = bin_file_open_reader(path, error);
	g_autoptr(GError) damage = NULL;
	struct ring_bin part;

	if (file == NULL)
		return NULL;
	while (bin_file_read(file, &part, &damage)) {
		bool extended = part.bin.touch_count == HOST_BIN_EXTENDED;

		if (host_address_equal(&part.bin.host, host))
			bin_traffic_add(traffic, &part.bin, extended ? &part.extension : NULL);
	}
	if (damage != NULL) {
		g_propagate_error(error, g_steal_pointer(&damage));
		return NULL;
	}
	return g_steal_pointer(&traffic);
}
