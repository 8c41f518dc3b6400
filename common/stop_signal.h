/*
 * SIGTERM and SIGINT as a question.  A program's loop asks whether one came, and polls a descriptor
 * that one makes readable, for ever: every thread that polls it wakes, and no signal is lost
 * between asking and waiting.
 *
 * Threads: stop_signal_watch() before any is started; any thread may ask and poll.
 * Errors:  a GError that an operator reads.
 */
#ifndef COMMON_STOP_SIGNAL_H
#define COMMON_STOP_SIGNAL_H

#include <glib.h>
#include <stdbool.h>

/* From now on the two signals only answer the question, and SIGPIPE does nothing.  Once in a
 * program. */
bool stop_signal_watch(GError **error);

/* From now on a signal also ends a read that waits, with EINTR: for a pipe into which nobody may
 * ever write. */
void stop_signal_interrupt_reads(void);

/* Cheap: for every turn of a loop. */
bool stop_signal_came(void);

/* As if one had come: a part of the program that fails ends the others. */
void stop_signal_send(void);

/* Readable once a signal came; never read from it. */
int stop_signal_fd(void);

#endif
