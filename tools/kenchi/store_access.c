#include "tools/kenchi/store_access.h"

#include <string.h>

#include "common/wall_clock.h"
#include "tools/kenchi/text.h"

int
store_exit_code(const GError *error)
{
	return error == NULL || g_error_matches(error, STORE_ERROR, STORE_ERROR_MISSING)
	               ? EXIT_CODE_NO_DATA
	               : EXIT_CODE_USAGE;
}

StoreReader *
store_access(const struct invocation *invocation, int *exit_code)
{
	g_autoptr(GError) error = NULL;
	StoreReader *store = store_open(invocation->state, &error);

	if (store == NULL) {
		subcommand_complain("%s", error->message);
		*exit_code = store_exit_code(error);
		return NULL;
	}
	if (store_is_checkpoint(store))
		subcommand_complain(
			"the folder %s cannot be written: the last minutes may be missing",
			invocation->state);
	return store;
}

int
store_access_end(const StoreReader *store)
{
	g_autoptr(GError) error = NULL;

	if (!store_failed(store, &error))
		return EXIT_CODE_OK;
	subcommand_complain("%s", error->message);
	return store_exit_code(error);
}

int64_t
store_age_ms(StoreReader *store, int64_t now_ms)
{
	int64_t updated_ms;

	if (store_state_number(store, "ended", 0) != 0)
		return 0;
	updated_ms = store_state_number(store, "updated_wall_ms", STORE_NEVER);
	return updated_ms < 0 ? STORE_NEVER : MAX(0, now_ms - updated_ms);
}

int
store_check_age(StoreReader *store, const struct invocation *invocation)
{
	int64_t now_ms = wall_clock_now().ms;
	int64_t age_ms = store_age_ms(store, now_ms);
	g_autofree char *since = NULL;
	g_autofree char *age = NULL;

	if (age_ms < 0) {
		subcommand_complain(
			"no data: the detector has stored nothing yet (see kenchi status)");
		return EXIT_CODE_NO_DATA;
	}
	if (invocation->max_age_s == 0 || age_ms / 1000 <= invocation->max_age_s)
		return EXIT_CODE_OK;
	age = text_duration(age_ms);
	since = text_time(now_ms - age_ms);
	subcommand_complain(
		"stale data: the detector stored last %s ago, at %s (see kenchi status)", age,
		since);
	return EXIT_CODE_NO_DATA;
}
