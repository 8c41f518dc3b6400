#include "tests/fuzz/decode_sequence.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	decode_sequence(octets, length, 5);
	return 0;
}
