/*
 * Parts through a ring between two processes: a line for each kind of bin and number of parts
 * between two ring_publish(), with parts a second on the clock and processor time of each side for
 * one part.  What copying as many octets costs in one process, into memory as large as the ring and
 * out of it again, tells how much of that is none of the ring's.
 */
#include <glib/gstdio.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/ring_layout.h"

enum { RING_OCTETS = 32 << 20, COMMIT_EVERY = 4096 };

struct kind {
	const char *name;
	uint16_t cells; /* 0: a bin */
	uint16_t touches;
	uint64_t parts;
};

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static double
cpu_ns(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e9 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e3;
}

static struct host_bin
make_bin(const struct kind *kind)
{
	struct host_address host = host_address_from_ipv4(0x0a000001);
	struct host_bin bin;

	host_bin_init(&bin, &host, 29000000);
	bin.touch_count = kind->touches;
	for (unsigned i = 0; kind->touches != HOST_BIN_EXTENDED && i < kind->touches; i++)
		bin.touches[i].peer = host_address_from_ipv4(0xc0000201 + i);
	return bin;
}

static bool
push_part(RingWriter *writer, const struct kind *kind, const struct host_bin *bin)
{
	static const union host_cell cells[HOST_SHARES_CELLS_MOST];
	static struct host_bin_extension extension;
	struct host_shares shares = { bin->host, bin->minute, 0, kind->cells, cells };

	if (kind->cells == 0)
		return ring_push_bin(writer, 1, bin, &extension);
	return ring_push_shares(writer, 1, &shares);
}

G_NORETURN static void
write_parts(const char *folder, const struct kind *kind, unsigned publish)
{
	RingWriter *writer = ring_open_writer(folder, 0, RING_OCTETS, NULL);
	struct host_bin bin = make_bin(kind);

	for (uint64_t i = 1; i <= kind->parts; i++) {
		bin.octets[0] = i;
		while (!push_part(writer, kind, &bin))
			ring_wait_room(writer, 100);
		if (i % publish == 0)
			ring_publish(writer);
	}
	while (!ring_push_end(writer))
		ring_wait_room(writer, 100);
	ring_close_writer(writer);
	_exit(0);
}

static size_t
part_octets(const struct kind *kind)
{
	if (kind->cells != 0)
		return sizeof(struct ring_shares_head) + kind->cells * sizeof(union host_cell);
	return sizeof(struct ring_bin_head) + offsetof(struct host_bin, touches) +
	       (kind->touches == HOST_BIN_EXTENDED ? sizeof(struct host_bin_extension)
	                                           : kind->touches * sizeof(struct host_touch));
}

static void
measure_copying(const struct kind *kind)
{
	size_t octets = part_octets(kind), size = ring_entry_size(octets);
	uint64_t places = RING_OCTETS / size;
	g_autofree uint8_t *memory = g_malloc0(RING_OCTETS);
	g_autofree uint8_t *part = g_malloc0(size);
	double start_ns, into_ns, out_ns;

	memset(memory, 1, RING_OCTETS); /* its pages are there */
	start_ns = cpu_ns(RUSAGE_SELF);
	for (uint64_t i = 0; i < kind->parts; i++)
		memcpy(memory + i % places * size, part, octets);
	into_ns = cpu_ns(RUSAGE_SELF);
	for (uint64_t i = 0; i < kind->parts; i++) {
		memcpy(part, memory + i % places * size, octets);
		__asm__ volatile("" : : "r"(part) : "memory"); /* each is wanted */
	}
	out_ns = cpu_ns(RUSAGE_SELF);
	printf("copy %-12s of %4zu octets  into memory %6.0f ns  out of it %6.0f ns\n", kind->name,
	       octets, (into_ns - start_ns) / (double)kind->parts,
	       (out_ns - into_ns) / (double)kind->parts);
}

static void
measure(const char *folder, const struct kind *kind, unsigned publish)
{
	struct ring_entry entry = { 0 };
	RingReader *reader;
	RingWriter *made = ring_open_writer(folder, 0, RING_OCTETS, NULL);
	double reader_ns = cpu_ns(RUSAGE_SELF), writer_ns = cpu_ns(RUSAGE_CHILDREN);
	uint64_t start, ns, parts = 0;
	pid_t pid;

	ring_close_writer(made);
	reader = ring_open_reader(folder, 0, (struct ring_position){ 0, 0 }, NULL);
	start = now_ns();
	pid = fork();
	if (pid == 0)
		write_parts(folder, kind, publish);
	while (entry.type != RING_END) {
		if (!ring_pop(reader, &entry)) {
			ring_wait_entry(reader, 100);
			continue;
		}
		parts += entry.type == RING_BIN || entry.type == RING_SHARES;
		if (entry.position.sequence % COMMIT_EVERY == 0 || entry.type == RING_END)
			ring_commit(reader, entry.position);
	}
	ns = now_ns() - start;
	waitpid(pid, NULL, 0);
	reader_ns = (cpu_ns(RUSAGE_SELF) - reader_ns) / (double)parts;
	writer_ns = (cpu_ns(RUSAGE_CHILDREN) - writer_ns) / (double)parts;
	printf("ring %-12s publish %3u  %10.0f parts/s  writer %6.0f ns  reader %6.0f ns\n",
	       kind->name, publish, (double)parts * 1e9 / (double)ns, writer_ns, reader_ns);
	if (parts != kind->parts)
		printf("LOST: %" PRIu64 " of %" PRIu64 "\n", kind->parts - parts, kind->parts);
	ring_close_reader(reader);
}

int
main(void)
{
	static const struct kind kinds[] = {
		{ "one share", 1, 0, 20000000 },
		{ "two shares", 2, 0, 20000000 },
		{ "24 shares", 24, 0, 4000000 },
		{ "bin", 0, 2, 10000000 },
		{ "extended bin", 0, HOST_BIN_EXTENDED, 2000000 },
	};
	g_autofree char *folder = g_dir_make_tmp("bench-XXXXXX", NULL);
	g_autofree char *path = ring_path(folder, 0);
	g_autofree char *page = ring_page_path(path);

	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		measure(folder, &kinds[i], 1);
		measure(folder, &kinds[i], 64);
		measure_copying(&kinds[i]);
	}
	g_unlink(path);
	g_unlink(page);
	g_rmdir(folder);
	return EXIT_SUCCESS;
}
