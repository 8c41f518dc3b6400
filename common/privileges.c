#include "common/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/fault.h"

bool
privileges_drop(const char *user, GError **error)
{
	const struct passwd *entry;

	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (user == NULL || user[0] == '\0')
		return true;
	entry = getpwnam(user); /* Before any thread.  NOLINT(concurrency-mt-unsafe) */
	if (entry == NULL)
		return fault_input(error, "there is no user \"%s\"", user);
	if (geteuid() == entry->pw_uid)
		return true;
	if (initgroups(user, entry->pw_gid) != 0 || setgid(entry->pw_gid) != 0 ||
	    setuid(entry->pw_uid) != 0)
		return fault_system(error, "cannot become the user \"%s\"", user);
	return true;
}
