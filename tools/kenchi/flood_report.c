#include "tools/kenchi/flood_report.h"

#include <stdio.h>

#include "common/json_writer.h"
#include "tools/kenchi/json_text.h"
#include "tools/kenchi/subcommand.h"
#include "tools/kenchi/table.h"
#include "tools/train/floods.h"

static const char *const group_names[FLOOD_GROUPS] = { "clean", "benign", "malware", "unverified" };

static void
print_table(const struct flood_rates *rates)
{
	static const char *const titles[] = { "WITHOUT ANSWER", ">THRESHOLD",   ">CLEAN",
		                              ">BENIGN",        ">MALWARE",     ">UNVERIFIED",
		                              ">CLEAN, TWO",    ">BENIGN, TWO", NULL };
	g_autoptr(Table) table = table_new(titles);

	for (int kind = 0; kind < FLOOD_KINDS; kind++) {
		table_add(table, flood_kind_title((enum flood_kind)kind));
		table_take(table, g_strdup_printf("%.0f", flood_threshold((enum flood_kind)kind)));
		for (int group = 0; group < FLOOD_GROUPS; group++)
			table_take(table, g_strdup_printf("%.0f", rates->most[group][kind].minute));
		for (int group = FLOOD_CLEAN; group <= FLOOD_BENIGN; group++)
			table_take(table, g_strdup_printf("%.0f", rates->most[group][kind].two));
	}
	table_print(table, 0, stdout);
	printf("\nThe most that any of %zu clean hosts, %zu with a benign capture laid on, %zu with malware and %zu unverified\n"
	       "ones sent in a minute; TWO: in each of two minutes running, as the flood expert asks. Packets, but of SYN flows.\n",
	       rates->hosts[FLOOD_CLEAN], rates->hosts[FLOOD_BENIGN], rates->hosts[FLOOD_MALWARE],
	       rates->hosts[FLOOD_UNVERIFIED]);
}

static void
print_json(const struct flood_rates *rates, enum flood_kind kind)
{
	g_autoptr(GString) json = g_string_new(NULL);

	json_open_object(json, NULL);
	json_add_string(json, "kind", flood_kind_title(kind));
	json_add_double(json, "threshold", flood_threshold(kind));
	for (int group = 0; group < FLOOD_GROUPS; group++) {
		json_open_object(json, group_names[group]);
		json_add_unsigned(json, "hosts", rates->hosts[group]);
		json_add_double(json, "minute", rates->most[group][kind].minute);
		json_add_double(json, "two_minutes", rates->most[group][kind].two);
		json_close_object(json);
	}
	json_close_object(json);
	json_end_line(json);
	json_text_print(json);
}

int
flood_report(const struct train_input *inputs, size_t count, bool json)
{
	g_autoptr(GError) error = NULL;
	struct flood_rates rates;

	if (!floods_measure(inputs, count, &rates, &error)) {
		subcommand_complain("evaluate: %s", error->message);
		return EXIT_CODE_USAGE;
	}
	if (!json)
		print_table(&rates);
	for (int kind = 0; json && kind < FLOOD_KINDS; kind++)
		print_json(&rates, (enum flood_kind)kind);
	return EXIT_CODE_OK;
}
