#include "tools/kenchi/truth_reader.h"

#include <stdbool.h>
#include <string.h>

#include "common/fault.h"
#include "tools/train/csv_reader.h"

enum { HOST_COLUMN };

struct truth {
	HostTraffic *traffic;
	struct host_address *host;
	bool host_known;
	const char *path;
};

/* A field that must be a whole number. */
static bool
read_number(const struct truth *truth, const CsvReader *csv, size_t column, int64_t *number,
            GError **error)
{
	const char *field = csv_field(csv, column);
	gint64 value;

	if (!g_ascii_string_to_signed(field, 10, 0, INT64_MAX, &value, NULL)) {
		/* Told apart from the call: gcc does not see that it returns false. */
		fault_input(error, "%s: line %zu: \"%s\" is no number", truth->path, csv_line(csv),
		            field);
		return false;
	}
	*number = value;
	return true;
}

static bool
read_host(struct truth *truth, const CsvReader *csv, GError **error)
{
	const char *field = csv_field(csv, HOST_COLUMN);
	struct host_address host;

	if (!host_address_parse(field, &host))
		return fault_input(error, "%s: line %zu: \"%s\" is no address", truth->path,
		                   csv_line(csv), field);
	if (truth->host_known && !host_address_equal(&host, truth->host))
		return fault_input(error, "%s: line %zu: %s is a second host", truth->path,
		                   csv_line(csv), field);
	*truth->host = host;
	truth->host_known = true;
	return true;
}

static bool
read_second(struct truth *truth, const CsvReader *csv, GError **error)
{
	enum { SECOND = 1, OCTETS_IN, OCTETS_OUT };
	int64_t second;
	int64_t in;
	int64_t out;

	if (!read_number(truth, csv, SECOND, &second, error) ||
	    !read_number(truth, csv, OCTETS_IN, &in, error) ||
	    !read_number(truth, csv, OCTETS_OUT, &out, error))
		return false;
	host_traffic_add_octets(truth->traffic, second, HOST_IN, (uint64_t)in);
	host_traffic_add_octets(truth->traffic, second, HOST_OUT, (uint64_t)out);
	return true;
}

static bool
read_minute(struct truth *truth, const CsvReader *csv, GError **error)
{
	enum { START = 1, DIRECTION, FIRST_CLASS };
	const char *direction = csv_field(csv, DIRECTION);
	bool in = strcmp(direction, "in") == 0;
	struct host_minute *minute;
	int64_t start;

	if (!in && strcmp(direction, "out") != 0)
		return fault_input(error, "%s: line %zu: direction \"%s\" is neither in nor out",
		                   truth->path, csv_line(csv), direction);
	if (!read_number(truth, csv, START, &start, error))
		return false;
	minute = host_traffic_minute(truth->traffic, start / HOST_BIN_SECONDS);
	for (size_t i = 0; i < HOST_BIN_SIZE_CLASSES; i++) {
		int64_t packets;

		if (!read_number(truth, csv, FIRST_CLASS + i, &packets, error))
			return false;
		minute->packets[in ? HOST_IN : HOST_OUT][i] += (uint64_t)packets;
	}
	return true;
}

typedef bool (*line_reader)(struct truth *truth, const CsvReader *csv, GError **error);

struct truth_file {
	const char *name;
	line_reader read;
	size_t count;
	const char *columns[3 + HOST_BIN_SIZE_CLASSES];
};

static const struct truth_file files[] = {
	{ "truth_1s.csv", read_second, 4, { "host", "second", "octets_in", "octets_out" } },
	{ "truth_sizes.csv",
	  read_minute,
	  3 + HOST_BIN_SIZE_CLASSES,
	  { "host", "bin60", "direction", "c0_49", "c50_99", "c100_199", "c200_499", "c500_999",
	    "c1000_1399", "c1400_1499", "c1500up" } },
};

static bool
read_file(struct truth *truth, const struct truth_file *file, GError **error)
{
	g_autoptr(CsvReader) csv = csv_open(truth->path, file->columns, file->count, error);

	if (csv == NULL)
		return false;
	while (csv_next(csv)) {
		if (!read_host(truth, csv, error) || !file->read(truth, csv, error))
			return false;
	}
	return truth->host_known || fault_input(error, "%s: no line tells of a host", truth->path);
}

HostTraffic *
truth_read(const char *folder, struct host_address *host, GError **error)
{
	g_autoptr(HostTraffic) traffic = host_traffic_new();
	struct truth truth = { .traffic = traffic, .host = host };

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(folder, files[i].name, NULL);

		truth.path = path;
		if (!read_file(&truth, &files[i], error))
			return NULL;
	}
	return g_steal_pointer(&traffic);
}
