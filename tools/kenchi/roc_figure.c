#include "tools/kenchi/roc_figure.h"

#include <stdlib.h>

static const char *const colours[DETECTION_METHODS] = { "#b2182b", "#ef8a62", "#f4a6c8", "#2166ac",
	                                                "#67a9cf", "#4d9221", "#7f7f7f" };

static gint
compare_falling(gconstpointer a, gconstpointer b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x < y) - (x > y);
}

/* Steps from (0, 0) to (1, 1): at each score, the shares of negatives and malware that reach it. */
static void
add_curve(GString *script, const struct detection_figures *figures, enum detection_kind kind,
          int number)
{
	g_autoptr(GArray) malware = g_array_copy(figures->scores[kind]);
	g_autoptr(GArray) negatives = g_array_copy(figures->negatives);
	guint m = 0, n = 0;

	g_array_sort(malware, compare_falling);
	g_array_sort(negatives, compare_falling);
	g_string_append_printf(script, "$curve%d << END\n0 0\n", number);
	while (m < malware->len || n < negatives->len) {
		double next =
			n < negatives->len ? g_array_index(negatives, double, n) : -G_MAXDOUBLE;

		if (m < malware->len && g_array_index(malware, double, m) > next)
			next = g_array_index(malware, double, m);
		while (m < malware->len && g_array_index(malware, double, m) >= next)
			m++;
		while (n < negatives->len && g_array_index(negatives, double, n) >= next)
			n++;
		g_string_append_printf(script, "%.5f %.5f\n", (double)n / MAX(negatives->len, 1),
		                       (double)m / MAX(malware->len, 1));
	}
	g_string_append(script, "END\n");
}

GString *
roc_figure_script(const Detection *detection, enum detection_kind kind)
{
	static const char *const whose[KINDS] = { "all malware", "malware that scans",
		                                  "malware that does not scan" };
	const struct detection_figures *first = detection_figures(detection, DETECTION_ALL);
	GString *script = g_string_new(NULL);

	for (int method = 0; method < DETECTION_METHODS; method++)
		add_curve(script, detection_figures(detection, (enum detection_method)method), kind,
		          method);
	g_string_append_printf(
		script,
		"set terminal svg size 760,640 font 'DejaVu Sans,Arial,sans-serif,13' background '#ffffff'\n"
		"set encoding utf8\nset grid lc rgb '#dddddd' lt 1\nset border 3\nset tics nomirror out\n"
		"set size ratio 0.8\nset xrange [0:1]; set yrange [0:1]\nset key bottom right\n"
		"set title 'Hosts found: %s (%u of them, %u others)' noenhanced\n"
		"set xlabel 'share of clean and benign hosts flagged'\nset ylabel 'share of infected hosts found'\nplot ",
		whose[kind], first->scores[kind]->len, first->negatives->len);
	for (int method = 0; method < DETECTION_METHODS; method++) {
		const char *name =
			detection_figures(detection, (enum detection_method)method)->name;

		while (*name == ' ')
			name++;
		g_string_append_printf(
			script,
			"$curve%d using 1:2 with lines lc rgb '%s' lw %s title '%s' noenhanced, ",
			method, colours[method], method == DETECTION_ALL ? "2.6" : "1.5", name);
	}
	g_string_append(script, "x with lines lc rgb '#bbbbbb' dt 2 notitle\n");
	return script;
}
