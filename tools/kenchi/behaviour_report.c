#include "tools/kenchi/behaviour_report.h"

#include <stdio.h>

#include "common/json_writer.h"
#include "tools/kenchi/json_text.h"
#include "tools/kenchi/subcommand.h"
#include "tools/kenchi/table.h"
#include "tools/train/behaviours.h"

static const char *const group_names[BEHAVIOUR_GROUPS] = { "clean", "benign", "malware",
	                                                   "malware_nonscan" };

static double
share(size_t part, size_t whole)
{
	return whole > 0 ? (double)part / (double)whole : 0;
}

/* How many times as often, counted by `malware` and `others`; NULL where nothing can be said. */
static char *
lift(double malware, double others)
{
	if (malware <= 0 && others <= 0)
		return NULL;
	return others > 0 ? g_strdup_printf("%.1f", malware / others) : g_strdup("none else");
}

static void
add_row(Table *table, const struct behaviour_rates *rates, int behaviour)
{
	const struct behaviour_count *shown = rates->shown[behaviour];
	double hosts[BEHAVIOUR_GROUPS], windows[BEHAVIOUR_GROUPS];

	table_add(table, behaviour_title((enum behaviour)behaviour));
	for (int group = 0; group < BEHAVIOUR_GROUPS; group++) {
		hosts[group] = share(shown[group].hosts, rates->all[group].hosts);
		windows[group] = share(shown[group].windows, rates->all[group].windows);
		table_take(table,
		           g_strdup_printf("%zu/%zu", shown[group].hosts, rates->all[group].hosts));
	}
	for (int group = GROUP_CLEAN; group <= GROUP_MALWARE; group++)
		table_take(table, g_strdup_printf("%.2f", 1000 * windows[group]));
	table_take(table, lift(windows[GROUP_MALWARE], windows[GROUP_CLEAN]));
	table_take(table, lift(hosts[GROUP_MALWARE], hosts[GROUP_BENIGN]));
}

static void
print_table(const struct behaviour_rates *rates)
{
	static const char *const titles[] = {
		"BEHAVIOUR",      ">CLEAN HOSTS",  ">BENIGN", ">MALWARE",
		">NONSCAN",       ">CLEAN 1/1000", ">BENIGN", ">MALWARE",
		">LIFT ON CLEAN", ">ON BENIGN",    NULL
	};
	g_autoptr(Table) table = table_new(titles);

	for (int behaviour = 0; behaviour < BEHAVIOUR_COUNT; behaviour++)
		add_row(table, rates, behaviour);
	table_print(table, 0, stdout);
	printf("\nHosts of which the behaviour was told at or above its threshold: clean ones at any time, hosts with a benign\n"
	       "capture laid on and malware while that was active. 1/1000: of the same hosts' windows. LIFT: how many times as\n"
	       "often malware shows it, by windows against clean hosts, by hosts against benign captures.\n");
}

static void
print_json(const struct behaviour_rates *rates, int behaviour)
{
	g_autoptr(GString) json = g_string_new(NULL);

	json_open_object(json, NULL);
	json_add_string(json, "behaviour", behaviour_name((enum behaviour)behaviour));
	for (int group = 0; group < BEHAVIOUR_GROUPS; group++) {
		json_open_object(json, group_names[group]);
		json_add_unsigned(json, "hosts", rates->shown[behaviour][group].hosts);
		json_add_unsigned(json, "of_hosts", rates->all[group].hosts);
		json_add_unsigned(json, "windows", rates->shown[behaviour][group].windows);
		json_add_unsigned(json, "of_windows", rates->all[group].windows);
		json_close_object(json);
	}
	json_close_object(json);
	json_end_line(json);
	json_text_print(json);
}

int
behaviour_report(const struct train_input *inputs, size_t count, bool json)
{
	g_autoptr(GError) error = NULL;
	struct behaviour_rates rates;

	if (!behaviours_measure(inputs, count, &rates, &error)) {
		subcommand_complain("evaluate: %s", error->message);
		return EXIT_CODE_USAGE;
	}
	if (!json)
		print_table(&rates);
	for (int behaviour = 0; json && behaviour < BEHAVIOUR_COUNT; behaviour++)
		print_json(&rates, behaviour);
	return EXIT_CODE_OK;
}
