#include <glib.h>

#include "tests/fuzz/read_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

/* What begins otherwise is no IPFIX File, and fuzz_capture's. */
int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	g_autofree uint8_t *file = g_memdup2(octets, length);

	if (length < 2)
		return 0;
	file[0] = 0;
	file[1] = 10;
	read_file(file, length);
	return 0;
}
