#include "tools/kenchi/evaluation_report.h"

#include <math.h>
#include <stdio.h>

#include "common/json_writer.h"
#include "tools/kenchi/json_text.h"
#include "tools/kenchi/table.h"

/* A capture, or a group of them. */
struct row {
	char *name;
	char *label;
	char *source;
	size_t captures; /* 0: a single one */
	bool tcp_heavy;
	struct approximation_error bins;
	struct approximation_error plain;
	struct record_counts counts;
};

struct EvaluationReport {
	bool json;
	GArray *captures; /* of struct row */
	GArray *groups;   /* of struct row, in the order in which they came up */
};

static void
clear_row(gpointer data)
{
	struct row *row = data;

	g_free(row->name);
	g_free(row->label);
	g_free(row->source);
}

static GArray *
new_rows(void)
{
	GArray *rows = g_array_new(FALSE, TRUE, sizeof(struct row));

	g_array_set_clear_func(rows, clear_row);
	return rows;
}

EvaluationReport *
evaluation_report_new(bool json)
{
	EvaluationReport *report = g_new0(EvaluationReport, 1);

	report->json = json;
	report->captures = new_rows();
	report->groups = new_rows();
	return report;
}

void
evaluation_report_free(EvaluationReport *report)
{
	if (report == NULL)
		return;
	g_array_unref(report->captures);
	g_array_unref(report->groups);
	g_free(report);
}

static struct row *
group_of(EvaluationReport *report, const char *name)
{
	struct row fresh = { 0 };

	for (guint i = 0; i < report->groups->len; i++) {
		struct row *row = &g_array_index(report->groups, struct row, i);

		if (g_str_equal(row->name, name))
			return row;
	}
	fresh.name = g_strdup(name);
	g_array_append_val(report->groups, fresh);
	return &g_array_index(report->groups, struct row, report->groups->len - 1);
}

static void
add_to_group(EvaluationReport *report, const char *name,
             const struct capture_evaluation *evaluation)
{
	struct row *group = group_of(report, name);

	group->captures++;
	group->counts.records += evaluation->counts.records;
	group->counts.packets += evaluation->counts.packets;
	group->counts.tcp_packets += evaluation->counts.tcp_packets;
	approximation_add(&group->bins, &evaluation->bins);
	approximation_add(&group->plain, &evaluation->plain);
}

void
evaluation_report_add(EvaluationReport *report, const struct capture_task *task,
                      const struct capture_evaluation *evaluation)
{
	struct row row = { .name = g_strdup(task->name),
		           .label = g_strdup(task->label),
		           .source = g_strdup(task->source),
		           .tcp_heavy = evaluation->tcp_heavy,
		           .bins = evaluation->bins,
		           .plain = evaluation->plain,
		           .counts = evaluation->counts };
	g_autofree char *source = g_strdup_printf("source %s", task->source);

	g_array_append_val(report->captures, row);
	add_to_group(report, "all", evaluation);
	add_to_group(report, evaluation->tcp_heavy ? "TCP-heavy" : "other than TCP-heavy",
	             evaluation);
	if (task->label[0] != '\0')
		add_to_group(report, task->label, evaluation);
	if (task->source[0] != '\0')
		add_to_group(report, source, evaluation);
}

static void
add_sides(GString *json, const char *name, const struct approximation_mean means[static SIDES])
{
	static const char *const sides[SIDES] = { "out", "in", "both" };

	json_open_object(json, name);
	for (int side = 0; side < SIDES; side++)
		json_add_double(json, sides[side], approximation_mean(&means[side]));
	json_close_object(json);
}

static void
print_json(const struct row *row)
{
	g_autoptr(GString) json = g_string_new(NULL);

	json_open_object(json, NULL);
	json_add_string(json, row->captures > 0 ? "group" : "capture", row->name);
	if (row->captures > 0) {
		json_add_unsigned(json, "captures", row->captures);
	} else {
		json_add_string(json, "label", row->label);
		json_add_string(json, "source", row->source);
		json_add_boolean(json, "tcp_heavy", row->tcp_heavy);
	}
	json_add_unsigned(json, "records", row->counts.records);
	json_add_double(json, "tcp_share", capture_tcp_share(&row->counts));
	json_add_unsigned(json, "size_bins", row->bins.three[SIDE_BOTH].count);
	add_sides(json, "sizes_three", row->bins.three);
	add_sides(json, "sizes_three_mean", row->plain.three);
	add_sides(json, "sizes_eight", row->bins.eight);
	add_sides(json, "sizes_eight_mean", row->plain.eight);
	json_add_unsigned(json, "windows", row->bins.correlation[SIDE_BOTH].count);
	add_sides(json, "correlation", row->bins.correlation);
	add_sides(json, "correlation_end", row->plain.correlation);
	json_close_object(json);
	json_end_line(json);
	json_text_print(json);
}

static void
add_figure(Table *table, const struct approximation_mean *mean)
{
	if (mean->count == 0)
		table_add(table, NULL);
	else
		table_take(table, g_strdup_printf("%.3f", approximation_mean(mean)));
}

static void
add_row(Table *table, const struct row *row)
{
	table_add(table, row->name);
	table_add(table, row->label);
	table_take(table, g_strdup_printf("%.0f %%", 100 * capture_tcp_share(&row->counts)));
	table_take(table, g_strdup_printf("%zu", row->bins.three[SIDE_BOTH].count));
	add_figure(table, &row->plain.three[SIDE_BOTH]);
	for (int side = SIDES - 1; side >= 0; side--)
		add_figure(table, &row->bins.three[side]);
	add_figure(table, &row->plain.eight[SIDE_BOTH]);
	add_figure(table, &row->bins.eight[SIDE_BOTH]);
	table_take(table, g_strdup_printf("%zu", row->bins.correlation[SIDE_BOTH].count));
	add_figure(table, &row->plain.correlation[SIDE_BOTH]);
	for (int side = SIDES - 1; side >= 0; side--)
		add_figure(table, &row->bins.correlation[side]);
}

static void
print_table(const EvaluationReport *report)
{
	static const char *const titles[] = { "CAPTURE", "LABEL", ">TCP",     ">BINS",
		                              ">3 MEAN", ">3",    ">IN",      ">OUT",
		                              ">8 MEAN", ">8",    ">WINDOWS", ">R END",
		                              ">R",      ">IN",   ">OUT",     NULL };
	g_autoptr(Table) table = table_new(titles);

	for (guint i = 0; i < report->captures->len; i++)
		add_row(table, &g_array_index(report->captures, struct row, i));
	for (guint i = 0; i < report->groups->len; i++) {
		struct row *group = &g_array_index(report->groups, struct row, i);
		g_autofree char *size = g_strdup_printf("%zu captures", group->captures);
		struct row shown = *group;

		shown.label = size;
		add_row(table, &shown);
	}
	table_print(table, 0, stdout);
	printf("\n3, 8  L1 distance of the shares of packets in 3 and in 8 size classes, mean over bins\n"
	       "      of 60 s with at least %d packets; MEAN: every packet of a record has its mean size\n"
	       "R     correlation of the octets per second, mean over windows of %d s; END: all octets of\n"
	       "      a record in the second in which it ends\n"
	       "TCP-heavy: at least nine tenths of the host's packets are TCP\n",
	       APPROXIMATION_PACKETS, APPROXIMATION_WINDOW_S);
}

void
evaluation_report_print(const EvaluationReport *report)
{
	if (!report->json) {
		print_table(report);
		return;
	}
	for (guint i = 0; i < report->captures->len; i++)
		print_json(&g_array_index(report->captures, struct row, i));
	for (guint i = 0; i < report->groups->len; i++)
		print_json(&g_array_index(report->groups, struct row, i));
}
