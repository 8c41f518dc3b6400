/*
 * GError in one line, for faults that an operator reads.
 *
 * Threads: any.
 */
#ifndef COMMON_FAULT_H
#define COMMON_FAULT_H

#include <glib.h>
#include <stdbool.h>

/* What was given is wrong (G_IO_ERROR_INVALID_ARGUMENT).  Returns false. */
bool fault_input(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The system refused: ": " and what errno says are added, with the code that belongs to errno.
 * Returns false. */
bool fault_system(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
