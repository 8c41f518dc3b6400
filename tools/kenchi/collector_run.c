#include "tools/kenchi/collector_run.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <unistd.h>

#include "common/fault.h"
#include "tools/kenchi/bin_traffic.h"
#include "tools/kenchi/daemons.h"

/* Its messages go to stderr only when it fails: of a capture that is read well they tell nothing
 * new. */
static char *
run(const char *capture, const char *const *arguments, GError **error)
{
	g_autoptr(GSubprocess) process = NULL;
	g_autoptr(GBytes) out = NULL;
	g_autoptr(GBytes) messages = NULL;
	const char *text;
	gsize length;

	process = g_subprocess_newv(
		arguments, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, error);
	if (process == NULL ||
	    !g_subprocess_communicate(process, NULL, NULL, &out, &messages, error))
		return NULL;
	if (!g_subprocess_get_successful(process)) {
		g_printerr("%.*s", (int)g_bytes_get_size(messages),
		           (const char *)g_bytes_get_data(messages, NULL));
		fault_input(error, "%s: kenchi-collector has not read it", capture);
		return NULL;
	}
	text = g_bytes_get_data(out, &length);
	return g_strndup(text != NULL ? text : "", length);
}

static bool
write_bins(const char *capture, const struct host_address *host, const char *bins, GError **error)
{
	g_autofree char *program = daemons_find("kenchi-collector", error);
	char address[HOST_ADDRESS_TEXT_SIZE];
	const char *const arguments[] = { program, "--read",      capture, "--write-bins",
		                          bins,    "--monitored", address, NULL };
	g_autofree char *out = NULL;

	host_address_format(host, address);
	out = program == NULL ? NULL : run(capture, arguments, error);
	return out != NULL;
}

HostTraffic *
collector_run_traffic(const char *capture, const struct host_address *host, GError **error)
{
	g_autofree char *path = NULL;
	int file = g_file_open_tmp("kenchi-bins-XXXXXX", &path, error);
	HostTraffic *traffic = NULL;

	if (file < 0)
		return NULL;
	close(file);
	if (write_bins(capture, host, path, error))
		traffic = bin_traffic_read(path, host, error);
	g_unlink(path);
	return traffic;
}

bool
collector_run_bins(const char *capture, char *const *monitored, const char *bins, GError **error)
{
	g_autofree char *program = daemons_find("kenchi-collector", error);
	g_autoptr(GPtrArray) arguments = g_ptr_array_new();
	const char *const fixed[] = { program, "--read", capture, "--write-bins", bins };
	g_autofree char *out = NULL;

	if (program == NULL)
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++)
		g_ptr_array_add(arguments, (gpointer)(uintptr_t)fixed[i]);
	for (char *const *prefix = monitored; prefix != NULL && *prefix != NULL; prefix++) {
		g_ptr_array_add(arguments, (gpointer)(uintptr_t) "--monitored");
		g_ptr_array_add(arguments, *prefix);
	}
	g_ptr_array_add(arguments, NULL);
	out = run(capture, (const char *const *)arguments->pdata, error);
	return out != NULL;
}

char *
collector_run_flows(const char *capture, GError **error)
{
	g_autofree char *program = daemons_find("kenchi-collector", error);
	const char *const arguments[] = { program, "--read", capture, "--dump-flows", NULL };

	return program == NULL ? NULL : run(capture, arguments, error);
}
