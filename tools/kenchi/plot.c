/*
 * kenchi plot: the figures of one host's traffic, from bins and, where they are known, from its
 * packets beside it.
 */
#include <stdio.h>
#include <string.h>

#include "common/host_address.h"
#include "tools/kenchi/bin_traffic.h"
#include "tools/kenchi/collector_run.h"
#include "tools/kenchi/figure.h"
#include "tools/kenchi/gnuplot.h"
#include "tools/kenchi/subcommand.h"
#include "tools/kenchi/truth_reader.h"

struct plot_options {
	char *bins;
	char *capture;
	char *host;
	char *truth;
	char *figure;
	char *title;
	char *output;
	struct host_address address;
	bool octets;
	bool sizes;
};

static void
clear_options(struct plot_options *options)
{
	g_free(options->bins);
	g_free(options->capture);
	g_free(options->host);
	g_free(options->truth);
	g_free(options->figure);
	g_free(options->title);
	g_free(options->output);
}

static bool
check_options(struct plot_options *options)
{
	if ((options->bins == NULL) == (options->capture == NULL)) {
		subcommand_complain("plot: give one of --bins FILE and --capture FILE");
		return false;
	}
	if (options->host == NULL && options->truth == NULL) {
		subcommand_complain("plot: --host: of which host?");
		return false;
	}
	if (options->host != NULL && !host_address_parse(options->host, &options->address)) {
		subcommand_complain("plot: --host: \"%s\" is no IPv4 or IPv6 address",
		                    options->host);
		return false;
	}
	options->octets = options->figure == NULL || strcmp(options->figure, "octets") == 0;
	options->sizes = options->figure == NULL || strcmp(options->figure, "sizes") == 0;
	if (options->octets || options->sizes)
		return true;
	subcommand_complain("plot: --figure \"%s\": it is octets or sizes", options->figure);
	return false;
}

/* The host may be left out where the truth names it, but must not be another. */
static HostTraffic *
read_truth(struct plot_options *options, GError **error)
{
	struct host_address host;
	g_autoptr(HostTraffic) truth = truth_read(options->truth, &host, error);
	char text[HOST_ADDRESS_TEXT_SIZE];

	if (truth == NULL)
		return NULL;
	if (options->host != NULL && !host_address_equal(&host, &options->address)) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s is about %s, not %s",
		            options->truth, host_address_format(&host, text), options->host);
		return NULL;
	}
	options->address = host;
	return g_steal_pointer(&truth);
}

static int
print_picture(const struct plot_options *options, const char *picture)
{
	g_autoptr(GError) error = NULL;

	if (options->output == NULL) {
		fputs(picture, stdout);
		return EXIT_CODE_OK;
	}
	if (g_file_set_contents(options->output, picture, -1, &error))
		return EXIT_CODE_OK;
	subcommand_complain("plot: --output: %s", error->message);
	return EXIT_CODE_USAGE;
}

static int
draw(const struct plot_options *options, const HostTraffic *bins, const HostTraffic *truth)
{
	const struct figure_source sources[FIGURE_SOURCES] = { { "from flow records", bins },
		                                               { "from packets", truth } };
	char host[HOST_ADDRESS_TEXT_SIZE];
	g_autofree char *title =
		g_strdup_printf("Traffic of %s", host_address_format(&options->address, host));
	const struct figure_options figure = {
		.title = options->title != NULL ? options->title : title,
		.octets = options->octets,
		.sizes = options->sizes,
	};
	g_autoptr(GError) error = NULL;
	g_autofree char *picture = NULL;
	GString *script = figure_script(&figure, sources, truth == NULL ? 1 : 2);

	if (script == NULL) {
		subcommand_complain("plot: no data: nothing is known of %s", host);
		return EXIT_CODE_NO_DATA;
	}
	picture = gnuplot_run(script->str, &error);
	g_string_free(script, TRUE);
	if (picture != NULL)
		return print_picture(options, picture);
	subcommand_complain("plot: %s", error->message);
	return EXIT_CODE_FAILED;
}

static int
plot(struct plot_options *options)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HostTraffic) truth = NULL;
	g_autoptr(HostTraffic) bins = NULL;

	if (options->truth != NULL)
		truth = read_truth(options, &error);
	if (error == NULL && options->bins != NULL)
		bins = bin_traffic_read(options->bins, &options->address, &error);
	else if (error == NULL)
		bins = collector_run_traffic(options->capture, &options->address, &error);
	if (bins != NULL)
		return draw(options, bins, truth);
	subcommand_complain("plot: %s", error->message);
	return EXIT_CODE_USAGE;
}

int
subcommand_plot(struct invocation *invocation, int argc, char **argv)
{
	struct plot_options options = { 0 };
	const GOptionEntry entries[] = {
		{ "host", 0, 0, G_OPTION_ARG_STRING, &options.host, "Whose traffic", "HOST" },
		{ "bins", 0, 0, G_OPTION_ARG_FILENAME, &options.bins, "From this bin file",
		  "FILE" },
		{ "capture", 0, 0, G_OPTION_ARG_FILENAME, &options.capture,
		  "From this capture of export datagrams", "FILE" },
		{ "truth", 0, 0, G_OPTION_ARG_FILENAME, &options.truth,
		  "Beside it the same from packets, as this folder tells them", "DIR" },
		{ "figure", 0, 0, G_OPTION_ARG_STRING, &options.figure,
		  "Only octets (per second) or sizes (of packets)", "FIGURE" },
		{ "title", 0, 0, G_OPTION_ARG_STRING, &options.title, "Above the figures", "TEXT" },
		{ "output", 0, 0, G_OPTION_ARG_FILENAME, &options.output,
		  "Write the SVG there (default: standard output)", "FILE" },
		{ NULL, 0, 0, 0, NULL, NULL, NULL },
	};
	int result = EXIT_CODE_USAGE;

	if (subcommand_parse(invocation, entries, 0, &argc, &argv) && check_options(&options))
		result = plot(&options);
	clear_options(&options);
	return result;
}
