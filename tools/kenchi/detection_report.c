#include "tools/kenchi/detection_report.h"

#include <stdio.h>

#include "common/json_writer.h"
#include "tools/kenchi/json_text.h"
#include "tools/kenchi/table.h"

static const char *const kinds[KINDS] = { "all", "scan", "nonscan" };

static void
add_area(Table *table, const struct area *area)
{
	if (area->above == 0 || area->below == 0)
		table_add(table, NULL);
	else
		table_take(table, g_strdup_printf("%.3f ±%.3f", area->value, area->error));
}

static void
add_rate(Table *table, const struct rate *rate)
{
	if (rate->count == 0)
		table_add(table, NULL);
	else
		table_take(table, g_strdup_printf("%zu/%zu %.2f–%.2f", rate->hits, rate->count,
		                                  rate->least, rate->greatest));
}

static void
add_number(Table *table, bool known, double value)
{
	if (known)
		table_take(table, g_strdup_printf("%.2f", value));
	else
		table_add(table, NULL);
}

static void
print_areas(const Detection *detection)
{
	static const char *const titles[] = { "AREA UNDER ROC",      ">VS CLEAN",
		                              ">VS BENIGN",          ">NONSCAN",
		                              ">BENIGN OF SAME SET", ">BENIGN OF OTHERS",
		                              ">LABORATORY",         NULL };
	g_autoptr(Table) table = table_new(titles);

	for (int method = 0; method < DETECTION_METHODS; method++) {
		const struct detection_figures *figures =
			detection_figures(detection, (enum detection_method)method);

		table_add(table, figures->name);
		add_area(table, &figures->clean[KIND_ALL]);
		add_area(table, &figures->benign[KIND_ALL]);
		add_area(table, &figures->benign[KIND_QUIET]);
		add_area(table, &figures->same_set);
		add_area(table, &figures->other_sets);
		add_area(table, &figures->laboratory);
	}
	table_print(table, 0, stdout);
}

static void
print_rates(const Detection *detection)
{
	static const char *const titles[] = { "FOUND AT A FALSE-POSITIVE RATE",
		                              ">5 %",
		                              ">NONSCAN",
		                              ">1 %",
		                              ">SCAN",
		                              ">NONSCAN",
		                              NULL };
	g_autoptr(Table) table = table_new(titles);

	for (int method = 0; method < DETECTION_METHODS; method++) {
		const struct detection_figures *figures =
			detection_figures(detection, (enum detection_method)method);

		table_add(table, figures->name);
		add_rate(table, &figures->at_five[KIND_ALL]);
		add_rate(table, &figures->at_five[KIND_QUIET]);
		add_rate(table, &figures->at_one[KIND_ALL]);
		add_rate(table, &figures->at_one[KIND_SCAN]);
		add_rate(table, &figures->at_one[KIND_QUIET]);
	}
	table_print(table, 0, stdout);
}

static void
print_verdicts(const Detection *detection)
{
	static const char *const titles[] = { "AT THE VERDICT'S THRESHOLD",
		                              ">FOUND",
		                              ">SCAN",
		                              ">NONSCAN",
		                              ">FLAGGED",
		                              ">BENIGN",
		                              ">A HOST-DAY",
		                              ">BENIGN",
		                              ">WAIT SCAN s",
		                              ">NONSCAN",
		                              NULL };
	g_autoptr(Table) table = table_new(titles);

	for (int method = 0; method < DETECTION_METHODS; method++) {
		const struct detection_figures *f =
			detection_figures(detection, (enum detection_method)method);

		table_add(table, f->name);
		for (int kind = 0; kind < KINDS; kind++)
			add_rate(table, &f->found[kind]);
		for (int i = 0; i < 2; i++)
			table_take(table, g_strdup_printf("%zu/%zu", f->flagged[i].hits,
			                                  f->flagged[i].count));
		for (int i = 0; i < 2; i++)
			add_number(table, f->days[i] > 0, (double)f->flagged[i].hits / f->days[i]);
		for (int kind = KIND_SCAN; kind < KINDS; kind++) {
			if (f->latency[kind].count > 0)
				table_take(table, g_strdup_printf("%.0f, most %.0f",
				                                  f->latency[kind].median_s,
				                                  f->latency[kind].worst_s));
			else
				table_add(table, NULL);
		}
	}
	table_print(table, 0, stdout);
}

/* Evidence limits differ by fold: each takes them from the others. */
static char *
limits_text(const struct alarm_point *point)
{
	if (point->limit_most - point->limit_least < 0.005)
		return g_strdup_printf("%.2f", point->limit_most);
	return g_strdup_printf("%.2f–%.2f", point->limit_least, point->limit_most);
}

static void
print_alarms(const Detection *detection)
{
	static const char *const titles[] = { ">WISHED ALARMS", ">LIMIT",  ">FOUND",
		                              ">FLAGGED",       ">BENIGN", ">HOST-DAYS",
		                              ">IN 1000",       NULL };
	g_autoptr(Table) table = table_new(titles);
	const struct alarm_point *points = detection_alarms(detection);

	for (int i = 0; i < ALARM_POINTS; i++) {
		const struct alarm_point *point = &points[i];
		struct rate found = { point->found, point->malware, point->found_least,
			              point->found_most };

		table_take(table, g_strdup_printf("%g", point->wished));
		table_take(table, limits_text(point));
		add_rate(table, &found);
		table_take(table, g_strdup_printf("%zu", point->flagged));
		table_take(table, g_strdup_printf("%zu", point->flagged_benign));
		table_take(table, g_strdup_printf("%.1f", point->days));
		table_take(table, g_strdup_printf("%.0f %.0f–%.0f", point->alarms,
		                                  point->alarms_least, point->alarms_most));
	}
	table_print(table, 0, stdout);
}

static void
json_alarms(GString *json, const struct alarm_point *points)
{
	json_open_array(json, "alarms");
	for (int i = 0; i < ALARM_POINTS; i++) {
		const struct alarm_point *point = &points[i];

		json_open_object(json, NULL);
		json_add_double(json, "wished", point->wished);
		json_add_double(json, "limit_least", point->limit_least);
		json_add_double(json, "limit_most", point->limit_most);
		json_add_unsigned(json, "found", point->found);
		json_add_unsigned(json, "malware", point->malware);
		json_add_unsigned(json, "flagged", point->flagged);
		json_add_unsigned(json, "flagged_benign", point->flagged_benign);
		json_add_double(json, "host_days", point->days);
		json_add_double(json, "alarms", point->alarms);
		json_add_double(json, "alarms_least", point->alarms_least);
		json_add_double(json, "alarms_most", point->alarms_most);
		json_close_object(json);
	}
	json_close_array(json);
}

static void
json_area(GString *json, const char *name, const struct area *area)
{
	json_open_object(json, name);
	json_add_double(json, "area", area->value);
	json_add_double(json, "error", area->error);
	json_add_unsigned(json, "above", area->above);
	json_add_unsigned(json, "below", area->below);
	json_close_object(json);
}

static void
json_rate(GString *json, const char *name, const struct rate *rate)
{
	json_open_object(json, name);
	json_add_unsigned(json, "hits", rate->hits);
	json_add_unsigned(json, "count", rate->count);
	json_add_double(json, "least", rate->least);
	json_add_double(json, "greatest", rate->greatest);
	json_close_object(json);
}

static void
json_kind(GString *json, const struct detection_figures *figures, int kind)
{
	json_open_object(json, kinds[kind]);
	json_area(json, "clean", &figures->clean[kind]);
	json_area(json, "benign", &figures->benign[kind]);
	json_rate(json, "at_5", &figures->at_five[kind]);
	json_rate(json, "at_1", &figures->at_one[kind]);
	json_rate(json, "found", &figures->found[kind]);
	json_add_double(json, "wait_median_s", figures->latency[kind].median_s);
	json_add_double(json, "wait_most_s", figures->latency[kind].worst_s);
	json_close_object(json);
}

/* `alarms`: the curve; NULL: of another than the whole detector. */
static void
print_json(const struct detection_figures *figures, const struct alarm_point *alarms)
{
	g_autoptr(GString) json = g_string_new(NULL);
	g_autofree char *name = g_strstrip(g_strdup(figures->name));

	json_open_object(json, NULL);
	json_add_string(json, "detector", name);
	for (int kind = 0; kind < KINDS; kind++)
		json_kind(json, figures, kind);
	json_area(json, "same_set", &figures->same_set);
	json_area(json, "other_sets", &figures->other_sets);
	json_area(json, "laboratory", &figures->laboratory);
	json_rate(json, "flagged", &figures->flagged[0]);
	json_rate(json, "flagged_benign", &figures->flagged[1]);
	json_add_double(json, "host_days", figures->days[0]);
	json_add_double(json, "host_days_benign", figures->days[1]);
	if (alarms != NULL)
		json_alarms(json, alarms);
	json_close_object(json);
	json_end_line(json);
	json_text_print(json);
}

void
detection_report_print(const Detection *detection, bool json)
{
	if (json) {
		for (int method = 0; method < DETECTION_METHODS; method++)
			print_json(detection_figures(detection, (enum detection_method)method),
			           method == DETECTION_ALL ? detection_alarms(detection) : NULL);
		return;
	}
	print_areas(detection);
	printf("\n");
	print_rates(detection);
	printf("\n");
	print_verdicts(detection);
	printf("\n");
	print_alarms(detection);
	printf("\nA host counts once, by its greatest score from its implant's start on. ± one standard error; x–y Wilson's\n"
	       "95 %% interval. BENIGN: hosts with a benign capture laid on; SAME SET: from a source that malware comes from\n"
	       "too, pairs within a source; LABORATORY: benign captures of such sources against other benign ones: far from\n"
	       "0.5, the score tells laboratories apart, and an area against other sources says as much about them. WAIT:\n"
	       "median and longest time from the infection's start to the verdict, on the exporter's clock. WISHED ALARMS:\n"
	       "in 1000 hosts and days, and beside them what came: hosts that are not infected and were flagged, by all that\n"
	       "is judged; IN 1000: of these hosts and days, with the exact 95 %% interval; LIMIT: the evidence it takes.\n");
}
