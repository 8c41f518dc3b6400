/*
 * Giving up rights that are no longer needed.
 *
 * Errors:  a GError that names the user.
 * Threads: before any is started.
 */
#ifndef COMMON_PRIVILEGES_H
#define COMMON_PRIVILEGES_H

#include <glib.h>
#include <stdbool.h>

/*
 * Becomes `user` for good, with that user's groups, and gives up the way to new rights
 * (PR_SET_NO_NEW_PRIVS). NULL: stays who it is.  Call after the last socket is bound.
 */
bool privileges_drop(const char *user, GError **error);

#endif
