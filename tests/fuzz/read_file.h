/* A file as `--read` takes it, as a fuzz target: read to its end, and what it holds decoded. */
#ifndef TESTS_FUZZ_READ_FILE_H
#define TESTS_FUZZ_READ_FILE_H

#include <stddef.h>
#include <stdint.h>

void read_file(const uint8_t *octets, size_t length);

#endif
