#include "tools/kenchi/site_report.h"

#include <stdio.h>

#include "common/json_writer.h"
#include "tools/kenchi/json_text.h"
#include "tools/kenchi/table.h"
#include "tools/train/site_trial.h"

static const char *const groups[SITE_GROUPS] = { "normal", "benign", "unverified" };

static char *
calibration_text_of(const struct site_trial *trial)
{
	if (trial->infected < 0)
		return g_strdup("as shipped");
	if (!trial->calibrated)
		return g_strdup("too little: as shipped");
	return g_strdup_printf("%zu hosts, %g %% infected", trial->calibration_hosts,
	                       100 * trial->infected);
}

static void
add_count(Table *table, const struct site_count *count)
{
	if (count->windows == 0) {
		table_add(table, NULL);
		table_add(table, NULL);
		return;
	}
	table_take(table,
	           g_strdup_printf("%.2f %.2f–%.2f",
	                           100 * (double)count->windows_flagged / (double)count->windows,
	                           100 * count->least, 100 * count->greatest));
	table_take(table, g_strdup_printf("%zu/%zu", count->hosts_flagged, count->hosts));
}

static void
print_target(const GArray *trials)
{
	static const char *const titles[] = {
		"SITE",   "CALIBRATED ON", ">THRESHOLD", ">NORMAL %", ">HOSTS", ">BENIGN %",
		">HOSTS", ">UNVERIFIED %", ">HOSTS",     ">FOUND",    NULL
	};
	g_autoptr(Table) table = table_new(titles);

	for (guint i = 0; i < trials->len; i++) {
		const struct site_trial *trial = &g_array_index(trials, struct site_trial, i);

		table_add(table, trial->site);
		table_take(table, calibration_text_of(trial));
		table_take(table, g_strdup_printf("%.2f", trial->threshold));
		for (int group = 0; group < SITE_GROUPS; group++)
			add_count(table, &trial->target[group]);
		table_take(table, g_strdup_printf("%zu/%zu", trial->found[0], trial->malware));
	}
	table_print(table, 0, stdout);
}

static void
print_verdicts(const GArray *trials)
{
	static const char *const titles[] = { "SITE",        "CALIBRATED ON",
		                              ">FLAGGED",    ">BENIGN",
		                              ">UNVERIFIED", ">IN 1000 HOST-DAYS",
		                              ">FOUND",      NULL };
	g_autoptr(Table) table = table_new(titles);

	for (guint i = 0; i < trials->len; i++) {
		const struct site_trial *trial = &g_array_index(trials, struct site_trial, i);
		size_t flagged = trial->verdict[SITE_NORMAL].hosts_flagged +
		                 trial->verdict[SITE_BENIGN].hosts_flagged;

		table_add(table, trial->site);
		table_take(table, calibration_text_of(trial));
		for (int group = 0; group < SITE_GROUPS; group++)
			table_take(table,
			           g_strdup_printf("%zu/%zu", trial->verdict[group].hosts_flagged,
			                           trial->verdict[group].hosts));
		if (trial->days > 0)
			table_take(table, g_strdup_printf("%.0f (%zu in %.1f)",
			                                  1000 * (double)flagged / trial->days,
			                                  flagged, trial->days));
		else
			table_add(table, NULL);
		table_take(table, g_strdup_printf("%zu/%zu", trial->found[1], trial->malware));
	}
	table_print(table, 0, stdout);
}

static void
json_count(GString *json, const char *name, const struct site_count *count)
{
	json_open_object(json, name);
	json_add_unsigned(json, "windows", count->windows);
	json_add_unsigned(json, "windows_flagged", count->windows_flagged);
	json_add_double(json, "least", count->least);
	json_add_double(json, "greatest", count->greatest);
	json_add_unsigned(json, "hosts", count->hosts);
	json_add_unsigned(json, "hosts_flagged", count->hosts_flagged);
	json_close_object(json);
}

static void
print_json(const struct site_trial *trial)
{
	g_autoptr(GString) json = g_string_new(NULL);

	json_open_object(json, NULL);
	json_add_string(json, "site", trial->site);
	json_add_boolean(json, "calibrated", trial->calibrated);
	json_add_double(json, "infected_share", trial->infected < 0 ? 0 : trial->infected);
	json_add_unsigned(json, "calibration_hosts", trial->calibration_hosts);
	json_add_double(json, "threshold", trial->threshold);
	json_open_object(json, "at_target");
	json_add_double(json, "share", trial->target_share);
	for (int group = 0; group < SITE_GROUPS; group++)
		json_count(json, groups[group], &trial->target[group]);
	json_add_unsigned(json, "found", trial->found[0]);
	json_close_object(json);
	json_open_object(json, "at_verdict");
	for (int group = 0; group < SITE_GROUPS; group++)
		json_count(json, groups[group], &trial->verdict[group]);
	json_add_unsigned(json, "found", trial->found[1]);
	json_close_object(json);
	json_add_unsigned(json, "malware", trial->malware);
	json_add_double(json, "host_days", trial->days);
	json_close_object(json);
	json_end_line(json);
	json_text_print(json);
}

void
site_report_print(const Detection *detection, bool json)
{
	const GArray *trials = detection_sites(detection);

	if (json) {
		for (guint i = 0; i < trials->len; i++)
			print_json(&g_array_index(trials, struct site_trial, i));
		return;
	}
	print_target(trials);
	printf("\nTraffic pattern alone. The first %.0f %% of each capture's time is calibrated on; flagged are shares of the windows\n"
	       "of the rest, at a target of %g %%, x–y their 95 %% interval (hosts drawn with replacement), and hosts with\n"
	       "any such window. BENIGN: a benign capture laid on; UNVERIFIED: presumed normal. The share of infected hosts is\n"
	       "added to the hosts of the calibration.\n\n",
	       100 * SITE_TRIAL_PART,
	       100 * g_array_index(trials, struct site_trial, 0).target_share);
	print_verdicts(trials);
	printf("\nHosts flagged at the verdict's threshold.\n");
}
