#include "tests/fuzz/read_file.h"

#include <glib.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collector/capture_reader.h"
#include "tests/fuzz/decode_sequence.h"

/* A small compressed file may unpack to a large one. */
enum { DATAGRAMS_MAX = 4096 };

static void
check_counters(const CaptureReader *reader)
{
	struct capture_counters counters = capture_counters(reader);

	if (counters.packets != counters.datagrams + counters.joined + counters.not_ip +
	                                counters.not_udp + counters.fragments + counters.cut +
	                                counters.malformed)
		abort();
}

static void
read_all(CaptureReader *reader)
{
	struct decoding decoding = decoding_start();
	g_autoptr(GError) error = NULL;
	struct datagram datagram = { .length = 0 };

	for (int i = 0; i < DATAGRAMS_MAX && capture_next(reader, &datagram, &error); i++) {
		decoding.arrival = datagram.arrival;
		decode_exact(&decoding, &datagram, 0);
	}
	check_counters(reader);
	decode_check(&decoding);
	decoding_stop(&decoding);
}

void
read_file(const uint8_t *octets, size_t length)
{
	int descriptor = memfd_create("input", MFD_CLOEXEC);
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", descriptor);
	g_autoptr(CaptureReader) reader = NULL;
	g_autoptr(GError) error = NULL;

	if (descriptor < 0 || write(descriptor, octets, length) != (ssize_t)length)
		abort();
	reader = capture_open(path, &error);
	if ((reader == NULL) == (error == NULL))
		abort();
	if (reader != NULL)
		read_all(reader);
	close(descriptor);
}
