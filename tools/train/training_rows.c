#include "tools/train/training_rows.h"

#include <math.h>
#include <string.h>

static const double golden = 0.6180339887498949; /* its multiples spread evenly over 0 to 1 */

static bool
fold_allows(const WindowSet *set, const struct labelled_host *host, int without_fold)
{
	if (without_fold < 0)
		return true;
	if (host->fold == without_fold)
		return false;
	for (size_t i = 0; i < window_set_host_count(set); i++) {
		const struct labelled_host *other = window_set_host(set, i)->host;

		if (other->fold != without_fold)
			continue;
		if (labels_share_capture(host, other) ||
		    (*host->family != '\0' && strcmp(host->family, other->family) == 0))
			return false;
	}
	return true;
}

/* Of another site, and without a capture that makes a host of either what it is. */
static bool
is_elsewhere(const WindowSet *set, const struct host_windows *host, const struct row_choice *choice)
{
	if (choice->sites == NULL)
		return true;
	if (choice->sites[host->scenario->index] == choice->without_site)
		return false;
	for (size_t i = 0; i < window_set_host_count(set); i++) {
		const struct host_windows *other = window_set_host(set, i);

		if (choice->sites[other->scenario->index] == choice->without_site &&
		    labels_share_capture(host->host, other->host))
			return false;
	}
	return true;
}

static unsigned
family_hosts(const WindowSet *set, const char *family)
{
	unsigned count = 0;

	for (size_t i = 0; i < window_set_host_count(set); i++)
		count += strcmp(window_set_host(set, i)->host->family, family) == 0;
	return count;
}

bool
training_allows_windows(const WindowSet *set, const struct host_windows *host,
                        const struct row_choice *choice)
{
	return is_elsewhere(set, host, choice) &&
	       fold_allows(set, host->host, choice->without_fold) &&
	       fold_allows(set, host->host, choice->held_fold);
}

double
training_place(const struct row_choice *choice)
{
	return fmod((choice->phase + 0.5) / choice->phases + choice->seed * golden, 1);
}

/* How many windows of one label a host gives. */
static unsigned
windows_most(const WindowSet *set, const struct host_windows *host, enum window_label label,
             const struct row_choice *choice)
{
	unsigned hosts;

	if (label != WINDOW_INFECTED || host->host->role != ROLE_MALWARE)
		return choice->windows_per_host;
	hosts = family_hosts(set, host->host->family);
	return CLAMP(choice->windows_per_family / MAX(hosts, 1), 1, choice->windows_per_host);
}

/* A benign capture of a source of which malware may be trained on too. */
static bool
is_of_malware_source(const WindowSet *set, const struct host_windows *host,
                     const struct row_choice *choice)
{
	const char *source = host->host->source_set;

	if (*source == '\0')
		return false;
	for (size_t i = 0; i < window_set_host_count(set); i++) {
		const struct host_windows *other = window_set_host(set, i);

		if (other->host->role == ROLE_MALWARE &&
		    strcmp(other->host->source_set, source) == 0 &&
		    training_allows_windows(set, other, choice))
			return true;
	}
	return false;
}

/* Adds windows of one label, spread evenly over those that the host has. */
static void
add_windows(GArray *rows, const WindowSet *set, const struct host_windows *host,
            enum window_label label, const struct row_choice *choice)
{
	unsigned most = windows_most(set, host, label, choice);
	double place = training_place(choice), weight = 1;
	size_t count = 0, seen = 0, taken = 0;

	if (label == WINDOW_BENIGN_IMPLANT && is_of_malware_source(set, host, choice))
		weight = TRAINING_OWN_SOURCE_WEIGHT;
	for (size_t i = 0; i < host->count; i++)
		count += window_set_get(set, host->first + i)->label == label;
	for (size_t i = 0; i < host->count && taken < most; i++) {
		const struct labelled_window *window = window_set_get(set, host->first + i);
		struct fit_row row = { window->features, label == WINDOW_INFECTED, weight };
		size_t due;

		if (window->label != label)
			continue;
		/* The n-th of `most` is taken at (n + place) * count / most. */
		due = (size_t)(((double)taken + place) * (double)count / most);
		if (seen++ < due && count > most)
			continue;
		g_array_append_val(rows, row);
		taken++;
	}
}

GArray *
training_rows(const WindowSet *set, const struct row_choice *choice)
{
	GArray *rows = g_array_new(FALSE, FALSE, sizeof(struct fit_row));

	for (size_t i = 0; i < window_set_host_count(set); i++) {
		const struct host_windows *host = window_set_host(set, i);

		if (!training_allows_windows(set, host, choice))
			continue;
		add_windows(rows, set, host, WINDOW_INFECTED, choice);
		add_windows(rows, set, host, WINDOW_BENIGN_IMPLANT, choice);
		add_windows(rows, set, host, WINDOW_NORMAL, choice);
	}
	return rows;
}

bool
training_has_rows(const WindowSet *set, const struct row_choice *choice, GError **error)
{
	g_autoptr(GArray) rows = training_rows(set, choice);

	if (rows->len > 0)
		return true;
	g_set_error(
		error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
		"nothing to learn from: no labelled host begins flows in a window that may be trained on");
	return false;
}
