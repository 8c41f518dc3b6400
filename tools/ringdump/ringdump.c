/*
 * kenchi-ringdump: prints the head of a ring, the reader's page and, with --entries, what lies
 * between them, as JSON lines.  It only reads, and takes no lock: what changes meanwhile may be
 * shown torn.
 */
#include <fcntl.h>
#include <gio/gio.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fault.h"
#include "common/json_writer.h"
#include "common/log.h"
#include "common/ring_layout.h"

struct dump {
	const uint8_t *octets; /* the ring's file */
	size_t length;
	struct ring_head head;
	struct ring_page page;
};

static gboolean show_entries;

static const GOptionEntry options[] = {
	{ "entries", 'e', 0, G_OPTION_ARG_NONE, &show_entries,
	  "Print the entries that are not committed, too", NULL },
	G_OPTION_ENTRY_NULL,
};

/* NULL: it cannot be mapped. */
static const uint8_t *
map_file(int fd, size_t *length)
{
	struct stat status;
	void *octets = MAP_FAILED;

	if (fstat(fd, &status) == 0 && status.st_size >= RING_PAGE) {
		*length = (size_t)status.st_size;
		octets = mmap(NULL, *length, PROT_READ, MAP_SHARED, fd, 0);
	}
	return octets == MAP_FAILED ? NULL : octets;
}

static bool
map_ring(struct dump *dump, const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		fault_system(error, "cannot open %s", path);
		return false;
	}
	dump->octets = map_file(fd, &dump->length);
	close(fd);
	if (dump->octets == NULL) {
		fault_input(error, "%s: no ring", path);
		return false;
	}
	memcpy(&dump->head, dump->octets, sizeof(dump->head));
	if (dump->head.magic != RING_MAGIC || dump->head.size != dump->length - RING_PAGE ||
	    (dump->head.size & (dump->head.size - 1)) != 0)
		return fault_input(error, "%s: no ring", path);
	return true;
}

static void
read_page(struct dump *dump, const char *ring)
{
	g_autofree char *path = ring_page_path(ring);
	g_autofree char *octets = NULL;
	size_t length = 0;

	if (g_file_get_contents(path, &octets, &length, NULL) && length >= sizeof(dump->page))
		memcpy(&dump->page, octets, sizeof(dump->page));
}

static void
print_line(GString *json)
{
	json_close_object(json);
	puts(json->str);
	g_string_truncate(json, 0);
}

static void
print_head(const struct dump *dump, GString *json)
{
	json_open_object(json, NULL);
	json_add_unsigned(json, "version", dump->head.version);
	json_add_unsigned(json, "octets", dump->head.size);
	json_add_boolean(json, "layout_is_ours", dump->head.layout == host_bin_layout());
	json_add_unsigned(json, "epoch", dump->head.epoch);
	json_add_unsigned(json, "head", dump->head.head);
	json_add_unsigned(json, "oldest", dump->head.oldest);
	json_add_unsigned(json, "dropped", dump->head.dropped);
	json_add_unsigned(json, "writer_pid", dump->head.writer_pid);
	if (dump->page.identity == dump->head.identity) {
		json_add_unsigned(json, "tail", dump->page.tail);
		json_add_unsigned(json, "waiting_octets", dump->head.head - dump->page.tail);
		json_add_unsigned(json, "committed_epoch", dump->page.epoch);
		json_add_unsigned(json, "committed_sequence", dump->page.sequence);
		json_add_unsigned(json, "reader_pid", dump->page.reader_pid);
	}
	print_line(json);
}

static void
add_bin_head(const struct ring_bin_head *head, const struct host_bin *bin, GString *json)
{
	char host[HOST_ADDRESS_TEXT_SIZE];

	json_add_string(json, "host", host_address_format(&bin->host, host));
	json_add_unsigned(json, "minute", bin->minute);
	json_add_integer(json, "export_ms", head->export_ms);
	json_add_unsigned(json, "dropped", head->dropped);
	json_add_boolean(json, "extended", bin->touch_count == HOST_BIN_EXTENDED);
	json_add_unsigned(json, "octets_out", bin->octets[HOST_OUT]);
	json_add_unsigned(json, "octets_in", bin->octets[HOST_IN]);
	json_add_unsigned(json, "flows_out", bin->flows[HOST_OUT]);
	json_add_unsigned(json, "flows_in", bin->flows[HOST_IN]);
}

static void
add_bin(const uint8_t *payload, size_t length, GString *json)
{
	struct host_bin bin = { 0 };
	struct ring_bin_head head;

	if (length < sizeof(head) + offsetof(struct host_bin, touches))
		return;
	memcpy(&head, payload, sizeof(head));
	memcpy(&bin, payload + sizeof(head), offsetof(struct host_bin, touches));
	add_bin_head(&head, &bin, json);
}

static void
add_shares(const uint8_t *payload, size_t length, GString *json)
{
	union host_cell cells[HOST_SHARES_CELLS_MOST];
	struct host_shares shares = { .cells = cells };
	struct host_bin_extension extension;
	struct ring_shares_head head;
	struct host_bin bin;

	if (length < sizeof(head))
		return;
	memcpy(&head, payload, sizeof(head));
	shares.host = head.host;
	shares.minute = head.minute;
	shares.count = head.count;
	if (head.count > HOST_SHARES_CELLS_MOST ||
	    length != sizeof(head) + head.count * sizeof(*cells))
		return;
	memcpy(cells, payload + sizeof(head), length - sizeof(head));
	if (!host_shares_valid(&shares))
		return;
	host_shares_expand(&shares, &bin, &extension, 0);
	json_add_unsigned(json, "cells", head.count);
	add_bin_head(&(struct ring_bin_head){ head.export_ms, head.dropped }, &bin, json);
}

static void
add_payload(const struct ring_entry_head *entry, const uint8_t *payload, GString *json)
{
	struct ring_watermark watermark;

	if (entry->type == RING_BIN)
		add_bin(payload, entry->length, json);
	if (entry->type == RING_SHARES)
		add_shares(payload, entry->length, json);
	if (entry->type == RING_WATERMARK && entry->length == sizeof(watermark)) {
		memcpy(&watermark, payload, sizeof(watermark));
		json_add_integer(json, "export_ms", watermark.export_ms);
		json_add_integer(json, "least_ms", watermark.least_ms);
		json_add_unsigned(json, "exporters", watermark.exporters);
		json_add_unsigned(json, "records", watermark.records);
	}
	if (entry->type == RING_COUNTERS && entry->length > 0) {
		g_autofree char *text = g_strndup((const char *)payload, entry->length);

		json_add_string(json, "counters", text);
	}
}

static void
print_entries(const struct dump *dump, GString *json)
{
	static const char *const names[] = { "padding",  "bin", "watermark",
		                             "counters", "end", "shares" };
	bool known = dump->page.identity == dump->head.identity;
	uint64_t at = known ? dump->page.tail : dump->head.oldest;

	while (at < dump->head.head && at % RING_ALIGNMENT == 0) {
		uint64_t place = at & (dump->head.size - 1);
		const uint8_t *octets = dump->octets + RING_PAGE + place;
		struct ring_entry_head entry;

		memcpy(&entry, octets, sizeof(entry));
		if (ring_entry_size(entry.length) > dump->head.size - place)
			return;
		at += ring_entry_size(entry.length);
		if (entry.type == RING_PADDING)
			continue;
		json_open_object(json, NULL);
		json_add_string(json, "type",
		                entry.type < G_N_ELEMENTS(names) ? names[entry.type] : "?");
		json_add_unsigned(json, "epoch", entry.epoch);
		json_add_unsigned(json, "sequence", entry.sequence);
		add_payload(&entry, octets + sizeof(entry), json);
		print_line(json);
	}
}

static bool
run(int argc, char **argv, GError **error)
{
	g_autoptr(GOptionContext) context =
		g_option_context_new("RING - print a ring of host bins");
	g_autoptr(GString) json = g_string_new(NULL);
	struct dump dump = { 0 };

	g_option_context_add_main_entries(context, options, NULL);
	if (!g_option_context_parse(context, &argc, &argv, error))
		return false;
	if (argc != 2)
		return fault_input(error, "one ring is to be named, such as /run/kenchi/ring.0");
	if (!map_ring(&dump, argv[1], error))
		return false;
	read_page(&dump, argv[1]);
	print_head(&dump, json);
	if (show_entries)
		print_entries(&dump, json);
	munmap((void *)(uintptr_t)dump.octets, dump.length);
	return true;
}

int
main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	setlocale(LC_CTYPE, ""); /* NOLINT(concurrency-mt-unsafe): there is one thread yet */
	log_open("kenchi-ringdump");
	if (run(argc, argv, &error))
		return EXIT_SUCCESS;
	log_error("%s", error->message);
	return 2;
}
