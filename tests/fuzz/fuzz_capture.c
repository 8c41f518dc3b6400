#include "tests/fuzz/read_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	read_file(octets, length);
	return 0;
}
