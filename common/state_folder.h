/*
 * The state folder: where the programs of one installation meet.
 *
 *   ring.N, ring.N.reader   host bins (may lie in another folder: --ring)
 *   verdicts.db             the verdict store
 *   collector.sock, detector.sock   control sockets
 *   site.calibration        what is usual on the site (kenchi calibrate)
 *   site.key                the key of the sketches, made once, readable by the owner alone
 *   templates               what exporters' Templates are (collector)
 *
 * Default: $KENCHI_STATE, else /var/lib/kenchi when that can be written, else
 * $XDG_STATE_HOME/kenchi, else ~/.local/state/kenchi.
 *
 * Errors:  a GError that names the folder or file.
 * Threads: any.
 */
#ifndef COMMON_STATE_FOLDER_H
#define COMMON_STATE_FOLDER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* The default folder; free with g_free().  Makes nothing. */
char *state_folder_default(void);

/* Makes the folder (0700) if it is not there. */
bool state_folder_make(const char *folder, GError **error);

/* Reads site.key, or makes it from the kernel's random numbers.  `fixed`: returns the fixed key for
 * captures. */
bool state_folder_site_key(const char *folder, bool fixed, uint64_t *key, GError **error);

#endif
