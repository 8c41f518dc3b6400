#include "tools/kenchi/detection_page.h"

#include <string.h>

#include "tools/kenchi/gnuplot.h"
#include "tools/kenchi/roc_figure.h"

static void
add_area(GString *page, const struct area *area)
{
	if (area->above == 0 || area->below == 0)
		g_string_append(page, "<td>-</td>");
	else
		g_string_append_printf(page, "<td>%.3f &#177; %.3f</td>", area->value, area->error);
}

static void
add_rate(GString *page, const struct rate *rate)
{
	if (rate->count == 0)
		g_string_append(page, "<td>-</td>");
	else
		g_string_append_printf(page, "<td>%zu of %zu (%.2f-%.2f)</td>", rate->hits,
		                       rate->count, rate->least, rate->greatest);
}

static void
add_heads(GString *page, const char *const *heads)
{
	g_string_append(page, "<table><tr>");
	for (size_t i = 0; heads[i] != NULL; i++)
		g_string_append_printf(page, "<th>%s</th>", heads[i]);
	g_string_append(page, "</tr>\n");
}

static void
add_areas(GString *page, const Detection *detection)
{
	static const char *const heads[] = { "area under ROC",
		                             "clean hosts",
		                             "benign overlays",
		                             "the same, no scans",
		                             "benign of the same source",
		                             "benign of others",
		                             "laboratory",
		                             NULL };

	add_heads(page, heads);
	for (int method = 0; method < DETECTION_METHODS; method++) {
		const struct detection_figures *figures =
			detection_figures(detection, (enum detection_method)method);

		g_string_append_printf(page, "<tr><th>%s</th>", figures->name);
		add_area(page, &figures->clean[KIND_ALL]);
		add_area(page, &figures->benign[KIND_ALL]);
		add_area(page, &figures->benign[KIND_QUIET]);
		add_area(page, &figures->same_set);
		add_area(page, &figures->other_sets);
		add_area(page, &figures->laboratory);
		g_string_append(page, "</tr>\n");
	}
	g_string_append(
		page,
		"</table>\n<p>Laboratory: benign captures of sources that malware comes from against other benign "
		"ones; far from 0.5, laboratories are told apart and not infections.</p>\n");
}

static void
add_rates(GString *page, const Detection *detection)
{
	static const char *const heads[] = {
		"found",          "at 5 % false positives", "no scans",       "at 1 %", "no scans",
		"at the verdict", "clean flagged",          "benign flagged", NULL
	};

	add_heads(page, heads);
	for (int method = 0; method < DETECTION_METHODS; method++) {
		const struct detection_figures *figures =
			detection_figures(detection, (enum detection_method)method);

		g_string_append_printf(page, "<tr><th>%s</th>", figures->name);
		add_rate(page, &figures->at_five[KIND_ALL]);
		add_rate(page, &figures->at_five[KIND_QUIET]);
		add_rate(page, &figures->at_one[KIND_ALL]);
		add_rate(page, &figures->at_one[KIND_QUIET]);
		add_rate(page, &figures->found[KIND_ALL]);
		add_rate(page, &figures->flagged[0]);
		add_rate(page, &figures->flagged[1]);
		g_string_append(page, "</tr>\n");
	}
	g_string_append(page, "</table>\n");
}

static void
add_alarms(GString *page, const Detection *detection)
{
	static const char *const heads[] = { "wished alarms in 1000 hosts and days",
		                             "found",
		                             "clean flagged",
		                             "benign flagged",
		                             "host-days",
		                             "in 1000 (95 %)",
		                             NULL };
	const struct alarm_point *points = detection_alarms(detection);

	add_heads(page, heads);
	for (int i = 0; i < ALARM_POINTS; i++) {
		const struct alarm_point *point = &points[i];
		struct rate found = { point->found, point->malware, point->found_least,
			              point->found_most };

		g_string_append_printf(page, "<tr><th>%g</th>", point->wished);
		add_rate(page, &found);
		g_string_append_printf(
			page,
			"<td>%zu</td><td>%zu</td><td>%.1f</td><td>%.0f (%.0f-%.0f)</td></tr>\n",
			point->flagged, point->flagged_benign, point->days, point->alarms,
			point->alarms_least, point->alarms_most);
	}
	g_string_append(page, "</table>\n");
}

static void
add_curve(GString *page, const Detection *detection, enum detection_kind kind)
{
	g_autoptr(GError) error = NULL;
	GString *script = roc_figure_script(detection, kind);
	g_autofree char *picture = gnuplot_run(script->str, &error);
	const char *start = picture == NULL ? NULL : strstr(picture, "<svg");

	g_string_free(script, TRUE);
	if (start != NULL) {
		g_string_append(page, start);
	} else {
		g_autofree char *why = g_markup_escape_text(
			error != NULL ? error->message : "gnuplot drew nothing", -1);

		g_string_append_printf(page, "<p>No curve: %s</p>\n", why);
	}
}

bool
detection_page_write(const Detection *detection, const char *title, const char *path,
                     GError **error)
{
	g_autoptr(GString) page = g_string_new(NULL);
	g_autofree char *heading = g_markup_escape_text(title, -1);

	g_string_append_printf(
		page,
		"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>%s</title>\n"
		"<style>body{font:15px sans-serif;margin:2em}table{border-collapse:collapse;margin:1em 0}"
		"th,td{padding:.2em .8em;text-align:left;border-bottom:1px solid #ddd}</style></head>\n"
		"<body><h1>%s</h1>\n<p>Each labelled host counts once, by its greatest score from its implant's "
		"start on. &#177; one standard error; in brackets 95 %% intervals.</p>\n",
		heading, heading);
	add_areas(page, detection);
	add_rates(page, detection);
	add_alarms(page, detection);
	add_curve(page, detection, KIND_ALL);
	add_curve(page, detection, KIND_QUIET);
	g_string_append(page, "</body></html>\n");
	return g_file_set_contents(path, page->str, (gssize)page->len, error);
}
