#include "tools/kenchi/figure.h"

enum {
	COLUMN_WIDTH = 640, /* of the picture's units, about pixels */
	ROW_HEIGHT = 270,
	TITLE_HEIGHT = 50,
	POINTS = 1200, /* of a curve: more than can be told apart */
};

/* Seconds that are drawn, and how many of them make one point. */
struct span {
	int64_t first;
	int64_t end;
	int64_t step;
};

static const char *const received_colour = "#2166ac";
static const char *const sent_colour = "#b2182b";
static const char *const both_colour = "#969696";

/* In quotes, for gnuplot: a quote is written twice, and no character is a command. */
static void
add_text(GString *script, const char *text)
{
	g_string_append_c(script, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			g_string_append_c(script, '\'');
		g_string_append_c(script, g_ascii_iscntrl(*text) ? ' ' : *text);
	}
	g_string_append_c(script, '\'');
}

static bool
has_octets(const HostTraffic *traffic, int64_t second)
{
	return host_traffic_octets(traffic, second, HOST_OUT) +
	               host_traffic_octets(traffic, second, HOST_IN) >
	       0;
}

/* From the first to the last second in which any source has traffic. */
static struct span
span_of(const struct figure_source *sources, size_t count)
{
	struct span span = { .first = G_MAXINT64, .end = G_MININT64 };

	for (size_t i = 0; i < count; i++) {
		const HostTraffic *traffic = sources[i].traffic;

		for (size_t j = 0; j < host_traffic_count(traffic) * HOST_BIN_SECONDS; j++) {
			int64_t second = host_traffic_at(traffic, j / HOST_BIN_SECONDS)->minute *
			                         HOST_BIN_SECONDS +
			                 (int64_t)(j % HOST_BIN_SECONDS);

			if (!has_octets(traffic, second))
				continue;
			span.first = MIN(span.first, second);
			span.end = MAX(span.end, second + 1);
		}
	}
	span.step = span.end > span.first ? (span.end - span.first + POINTS - 1) / POINTS : 0;
	return span;
}

static uint64_t
greatest(const HostTraffic *traffic, int64_t first, int64_t end, enum host_direction direction)
{
	uint64_t most = 0;

	for (int64_t second = first; second < end; second++)
		most = MAX(most, host_traffic_octets(traffic, second, direction));
	return most;
}

/* A data block: second, octets received, octets sent; of several seconds the greatest. */
static void
add_series(GString *script, size_t number, const HostTraffic *traffic, const struct span *span)
{
	g_string_append_printf(script, "$series%zu << END\n", number);
	for (int64_t second = span->first; second < span->end; second += span->step) {
		int64_t end = second + span->step;

		g_string_append_printf(script,
		                       "%" G_GINT64_FORMAT " %" G_GUINT64_FORMAT
		                       " %" G_GUINT64_FORMAT "\n",
		                       second, greatest(traffic, second, end, HOST_IN),
		                       greatest(traffic, second, end, HOST_OUT));
	}
	g_string_append(script, "END\n");
}

/* A data block: size class, shares in per cent of what was received, sent, and of both. */
static void
add_shares(GString *script, size_t number, const HostTraffic *traffic)
{
	static const char *const classes[HOST_BIN_SIZE_CLASSES] = {
		"0–49", "50–99", "100–199", "200–499", "500–999", "1000–1399", "1400–1499", "≥ 1500"
	};
	double packets[HOST_BIN_SIZE_CLASSES][2] = { 0 };
	double sums[2] = { 0 };

	for (size_t i = 0; i < host_traffic_count(traffic) * HOST_BIN_SIZE_CLASSES; i++) {
		const struct host_minute *minute =
			host_traffic_at(traffic, i / HOST_BIN_SIZE_CLASSES);

		for (int direction = HOST_OUT; direction <= HOST_IN; direction++) {
			size_t class = i % HOST_BIN_SIZE_CLASSES;

			packets[class][direction] += (double)minute->packets[direction][class];
			sums[direction] += (double)minute->packets[direction][class];
		}
	}
	g_string_append_printf(script, "$shares%zu << END\n", number);
	for (size_t i = 0; i < HOST_BIN_SIZE_CLASSES; i++)
		g_string_append_printf(script, "\"%s\" %.3f %.3f %.3f\n", classes[i],
		                       100 * packets[i][HOST_IN] / MAX(sums[HOST_IN], 1),
		                       100 * packets[i][HOST_OUT] / MAX(sums[HOST_OUT], 1),
		                       100 * (packets[i][HOST_IN] + packets[i][HOST_OUT]) /
		                               MAX(sums[HOST_IN] + sums[HOST_OUT], 1));
	g_string_append(script, "END\n");
}

/* Of what the axis counts, so that its numbers are short. */
struct unit {
	const char *name;
	double octets;
};

static struct unit
unit_of(uint64_t most)
{
	static const struct unit units[] = { { "million octets", 1e6 },
		                             { "thousand octets", 1e3 } };

	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		if ((double)most >= 2 * units[i].octets)
			return units[i];
	}
	return (struct unit){ "octets", 1 };
}

/* Seconds between two marks of the time axis: few enough that they do not touch. */
static int64_t
mark_interval(int64_t duration)
{
	static const int64_t intervals[] = { 1,   2,   5,    10,   15,   30,    60,   120,
		                             300, 600, 1200, 1800, 3600, 10800, 21600 };
	enum { MARKS = 6 };

	for (size_t i = 0; i < G_N_ELEMENTS(intervals); i++) {
		if (intervals[i] * MARKS >= duration)
			return intervals[i];
	}
	return (duration / MARKS / 86400 + 1) * 86400;
}

static void
add_axes(GString *script, const struct span *span, const struct unit *unit, double most)
{
	g_autoptr(GDateTime) begin = g_date_time_new_from_unix_utc(span->first);
	g_autofree char *day = g_date_time_format(begin, "%Y-%m-%d");
	int64_t interval = mark_interval(span->end - span->first);

	g_string_append_printf(script,
	                       "set xdata time; set timefmt '%%s'; set format x '%s'\n"
	                       "set xtics %" G_GINT64_FORMAT "; unset mxtics\n"
	                       "set ylabel '%s per second'\nset xlabel 'time of day (UTC), %s",
	                       interval >= 60 ? "%H:%M" : "%H:%M:%S", interval, unit->name, day);
	/* Beside the axis it would run into the numbers. */
	if (span->step > 1)
		g_string_append_printf(script, "; the greatest of %d s each", (int)span->step);
	g_string_append(script, "'\n");
	g_string_append_printf(script,
	                       "set format y '%%g'\nset xrange ['%" G_GINT64_FORMAT
	                       "':'%" G_GINT64_FORMAT
	                       "']\nset yrange [0:%.3f]\nset key top right\n",
	                       span->first, span->end, most * 1.22 / unit->octets);
}

/* One row of pictures: octets of one direction, all sources with the same scale. */
static void
add_octets_row(GString *script, const struct figure_source *sources, size_t count,
               const struct span *span, enum host_direction direction)
{
	const char *verb = direction == HOST_IN ? "received" : "sent";
	const char *colour = direction == HOST_IN ? received_colour : sent_colour;
	int column = direction == HOST_IN ? 2 : 3;
	struct unit unit;
	uint64_t most = 1;

	for (size_t i = 0; i < count; i++)
		most = MAX(most, greatest(sources[i].traffic, span->first, span->end, direction));
	unit = unit_of(most);
	add_axes(script, span, &unit, (double)most);
	for (size_t i = 0; i < count; i++) {
		g_string_append(script, "set title ");
		add_text(script, sources[i].name);
		g_string_append_printf(
			script,
			" noenhanced\nplot $series%zu using 1:($%d/%.0f) with fillsteps "
			"lc rgb '%s' fs solid 0.25 noborder notitle, "
			"$series%zu using 1:($%d/%.0f) with steps lc rgb '%s' lw 1.4 title '%s'\n",
			i, column, unit.octets, colour, i, column, unit.octets, colour, verb);
	}
}

static void
add_sizes_row(GString *script, const struct figure_source *sources, size_t count)
{
	g_string_append(script,
	                "set xdata; set format x; set xtics autofreq; set xrange [-0.6:7.6]\n"
	                "set yrange [0:125]; set format y '%g'; set ytics 0,20,100\n"
	                "set xtics font ',9.5' scale 0\n"
	                "set xlabel 'IP length of the packets (octets)'\n"
	                "set ylabel 'share of packets (%)'\n"
	                "set style data histograms; set style histogram clustered gap 1\n"
	                "set style fill solid 0.85 noborder; set boxwidth 0.95 relative\n"
	                "set key top center horizontal\n");
	for (size_t i = 0; i < count; i++) {
		g_string_append(script, "set title ");
		add_text(script, sources[i].name);
		g_string_append_printf(
			script,
			" noenhanced\nplot $shares%zu using 2:xtic(1) lc rgb '%s' "
			"title 'received', $shares%zu using 3 lc rgb '%s' title 'sent', "
			"$shares%zu using 4 lc rgb '%s' title 'both'\n",
			i, received_colour, i, sent_colour, i, both_colour);
	}
}

static void
add_page(GString *script, const struct figure_options *options, size_t columns)
{
	int rows = 2 * options->octets + options->sizes;

	g_string_append_printf(
		script,
		"set terminal svg size %d,%d font 'DejaVu Sans,Arial,sans-serif,13' background '#ffffff'\n"
		"set encoding utf8\nset grid y lc rgb '#dddddd' lt 1\nset border 3\n"
		"set tics nomirror out\nset lmargin 13; set rmargin 3\nset ytics autofreq\nset multiplot layout %d,%d title ",
		(int)columns * COLUMN_WIDTH, rows * ROW_HEIGHT + TITLE_HEIGHT, rows, (int)columns);
	add_text(script, options->title);
	g_string_append(script, " noenhanced font ',16'\n");
}

GString *
figure_script(const struct figure_options *options, const struct figure_source *sources,
              size_t count)
{
	struct span span = span_of(sources, count);
	GString *script;

	if (span.step == 0)
		return NULL;
	script = g_string_new(NULL);
	for (size_t i = 0; i < count; i++) {
		add_series(script, i, sources[i].traffic, &span);
		add_shares(script, i, sources[i].traffic);
	}
	add_page(script, options, count);
	if (options->octets) {
		add_octets_row(script, sources, count, &span, HOST_IN);
		add_octets_row(script, sources, count, &span, HOST_OUT);
	}
	if (options->sizes)
		add_sizes_row(script, sources, count);
	g_string_append(script, "unset multiplot\n");
	return script;
}
