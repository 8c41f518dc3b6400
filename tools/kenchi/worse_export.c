#include "tools/kenchi/worse_export.h"

#include <glib/gstdio.h>
#include <stdint.h>
#include <string.h>

#include "common/fault.h"
#include "tools/kenchi/collector_run.h"
#include "tools/kenchi/tool_run.h"

static bool
take_word(char *word, struct worse_export *worse)
{
	static const char sampled[] = "sampled=";

	if (g_str_has_prefix(word, sampled))
		worse->sample = word + strlen(sampled);
	else if (strcmp(word, "out") == 0 || strcmp(word, "in") == 0)
		worse->direction = word;
	else if (strcmp(word, "no-flags") == 0)
		worse->no_flags = true;
	else
		return false;
	return true;
}

bool
worse_export_parse(char *text, struct worse_export *worse, GError **error)
{
	char *rest = text, *word;

	*worse = (struct worse_export){ 0 };
	while ((word = strsep(&rest, ",")) != NULL) {
		if (!take_word(word, worse))
			return fault_input(error, "%s: it is sampled=N, no-flags, out or in", word);
	}
	return true;
}

static void
add(GPtrArray *arguments, const char *option, const char *value)
{
	g_ptr_array_add(arguments, (gpointer)(uintptr_t)option);
	if (value != NULL)
		g_ptr_array_add(arguments, (gpointer)(uintptr_t)value);
}

static void
add_direction(GPtrArray *arguments, const char *direction, char *const *monitored)
{
	static const char *const private[] = { "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
		                               "fc00::/7", NULL };
	const char *const *prefix = monitored != NULL ? (const char *const *)monitored : private;

	add(arguments, "--direction", direction);
	for (; *prefix != NULL; prefix++)
		add(arguments, "--host", *prefix);
}

bool
worse_export_make(const struct worse_export *worse, const char *capture, char *const *monitored,
                  const char *export, GError **error)
{
	g_autofree char *flows = g_strconcat(export, ".flows", NULL);
	g_autoptr(GPtrArray) arguments = g_ptr_array_new();
	g_autofree char *dumped = NULL;
	g_autofree char *printed = NULL;

	add(arguments, "--from", flows);
	add(arguments, "--pcap", export);
	if (worse->sample != NULL)
		add(arguments, "--sample", worse->sample);
	if (worse->no_flags)
		add(arguments, "--no-flags", NULL);
	if (worse->direction != NULL)
		add_direction(arguments, worse->direction, monitored);
	g_ptr_array_add(arguments, NULL);
	dumped = collector_run_flows(capture, flows, error);
	if (dumped != NULL)
		printed = tool_run(capture, "kenchi-flowgen", (const char *const *)arguments->pdata,
		                   NULL, error);
	g_unlink(flows);
	return printed != NULL;
}
