/*
 * How every sub-command comes to the store, and how it tells that there is none, or that what it
 * says is old.
 */
#ifndef TOOLS_KENCHI_STORE_ACCESS_H
#define TOOLS_KENCHI_STORE_ACCESS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "tools/kenchi/store_reader.h"
#include "tools/kenchi/subcommand.h"

/* Opens the store of the invocation.  NULL: told on stderr, and `*exit_code` says what to return.
 */
StoreReader *store_access(const struct invocation *invocation, int *exit_code);

/* EXIT_CODE_NO_DATA when there is no store (or no error), EXIT_CODE_USAGE when one cannot be read.
 */
int store_exit_code(const GError *error);

/* After the last query: tells on stderr when reading failed.  Returns EXIT_CODE_OK or
 * store_exit_code(). */
int store_access_end(const StoreReader *store);

/*
 * Milliseconds of real time since the detector wrote last; 0 for a capture that was read to its
 * end, which cannot grow old; STORE_NEVER when nothing was written yet.
 */
int64_t store_age_ms(StoreReader *store, int64_t now_ms);

/*
 * EXIT_CODE_OK, or EXIT_CODE_NO_DATA when the detector has stored nothing for `max_age_s` of the
 * invocation (0: any age will do), told on stderr with how old it is.
 */
int store_check_age(StoreReader *store, const struct invocation *invocation);

#endif
