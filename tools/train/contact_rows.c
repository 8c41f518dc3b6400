#include "tools/train/contact_rows.h"

#include <math.h>
#include <string.h>

enum { EARLY_MS = 1000, LATE_MS = 30000 }; /* a contact may lie so far outside of what laid it in */

float *
contact_features(const struct labelled_contact *contact)
{
	double shape[CONTACT_FEATURES], values[FEATURE_COUNT] = { 0 };
	float *features = g_new(float, FEATURE_COUNT);

	for (int i = 0; i < CONTACT_FEATURES; i++)
		shape[i] = (double)contact->values[i];
	feature_vector_place_contact(shape, values);
	for (int i = 0; i < FEATURE_COUNT; i++)
		features[i] = (float)values[i];
	return features;
}

static enum window_label
label_of(const struct labelled_host *host, int64_t begun_ms)
{
	bool began = begun_ms >= host->start_ms - EARLY_MS;
	bool ended = host->active_to_ms > 0 && begun_ms > host->active_to_ms + LATE_MS;

	if (host->role == ROLE_UNVERIFIED)
		return WINDOW_UNVERIFIED;
	if (host->role == ROLE_CLEAN || !began)
		return WINDOW_NORMAL;
	if (host->role == ROLE_MALWARE)
		return ended ? WINDOW_AFTER : WINDOW_INFECTED;
	return ended ? WINDOW_NORMAL : WINDOW_BENIGN_IMPLANT;
}

/* Contacts of one label, in the order of time: struct labelled_contact *. */
static GPtrArray *
contacts_of(const WindowSet *set, const struct host_windows *host, enum window_label label)
{
	GPtrArray *contacts = g_ptr_array_new();

	for (size_t i = host->first; i < host->first + host->count; i++) {
		const struct labelled_window *window = window_set_get(set, i);

		for (unsigned j = 0; j < window->contact_count; j++) {
			struct labelled_contact *contact = &window->contacts[j];

			if (contact->is_active && label_of(host->host, contact->begun_ms) == label)
				g_ptr_array_add(contacts, contact);
		}
	}
	return contacts;
}

static void
add_contacts(GArray *rows, const GPtrArray *contacts, const struct row_choice *choice,
             bool infected, GPtrArray *features)
{
	guint most = MIN(choice->windows_per_host, contacts->len);
	double place = training_place(choice);

	for (guint i = 0; i < most; i++) {
		guint at = most == contacts->len ? i : (guint)((i + place) * contacts->len / most);
		struct fit_row row = { contact_features(g_ptr_array_index(contacts, at)), infected,
			               1 };

		g_ptr_array_add(features, (gpointer)(uintptr_t)row.features);
		g_array_append_val(rows, row);
	}
}

GArray *
contact_rows(const WindowSet *set, const struct row_choice *choice, GPtrArray *features)
{
	static const enum window_label labels[] = { WINDOW_INFECTED, WINDOW_BENIGN_IMPLANT,
		                                    WINDOW_NORMAL };
	GArray *rows = g_array_new(FALSE, FALSE, sizeof(struct fit_row));
	guint infected = 0;

	for (size_t i = 0; i < window_set_host_count(set); i++) {
		const struct host_windows *host = window_set_host(set, i);

		if (!training_allows_windows(set, host, choice))
			continue;
		for (size_t j = 0; j < G_N_ELEMENTS(labels); j++) {
			g_autoptr(GPtrArray) contacts = contacts_of(set, host, labels[j]);

			add_contacts(rows, contacts, choice, labels[j] == WINDOW_INFECTED,
			             features);
			infected += labels[j] == WINDOW_INFECTED
			                    ? MIN(contacts->len, choice->windows_per_host)
			                    : 0;
		}
	}
	if (infected > 0 && infected < rows->len)
		return rows;
	g_array_unref(rows);
	return NULL;
}
