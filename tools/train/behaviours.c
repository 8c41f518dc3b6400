#include "tools/train/behaviours.h"

#include "tools/train/window_set.h"

/* The groups that a window counts for, as bits. */
static unsigned
groups_of(const struct labelled_window *window)
{
	switch (window->label) {
	case WINDOW_NORMAL:
		return window->host->role == ROLE_CLEAN ? 1u << GROUP_CLEAN : 0;
	case WINDOW_BENIGN_IMPLANT:
		return 1u << GROUP_BENIGN;
	case WINDOW_INFECTED:
		return 1u << GROUP_MALWARE | (window->host->scans ? 0 : 1u << GROUP_QUIET_MALWARE);
	case WINDOW_AFTER:
	case WINDOW_UNVERIFIED:
		break;
	}
	return 0;
}

/* What one host showed while it was in a group. */
struct seen {
	size_t windows;
	size_t shown[BEHAVIOUR_COUNT];
};

static void
add_host(struct behaviour_rates *rates, const struct seen *seen, int group)
{
	if (seen->windows == 0)
		return;
	rates->all[group].hosts++;
	rates->all[group].windows += seen->windows;
	for (int i = 0; i < BEHAVIOUR_COUNT; i++) {
		rates->shown[i][group].hosts += seen->shown[i] > 0;
		rates->shown[i][group].windows += seen->shown[i];
	}
}

static void
count_host(struct behaviour_rates *rates, const WindowSet *set, const struct host_windows *host)
{
	struct seen seen[BEHAVIOUR_GROUPS] = { { 0 } };

	for (size_t i = host->first; i < host->first + host->count; i++) {
		const struct labelled_window *window = window_set_get(set, i);
		unsigned groups = groups_of(window);

		for (int group = 0; group < BEHAVIOUR_GROUPS; group++) {
			if (!(groups >> group & 1))
				continue;
			seen[group].windows++;
			for (int behaviour = 0; behaviour < BEHAVIOUR_COUNT; behaviour++)
				seen[group].shown[behaviour] += window->behaviours >> behaviour & 1;
		}
	}
	for (int group = 0; group < BEHAVIOUR_GROUPS; group++)
		add_host(rates, &seen[group], group);
}

bool
behaviours_measure(const struct train_input *inputs, size_t count, struct behaviour_rates *rates,
                   GError **error)
{
	g_autoptr(WindowSet) set = window_set_new();

	for (size_t i = 0; i < count; i++) {
		if (!window_set_add(set, inputs[i].bins, inputs[i].labels, error))
			return false;
	}
	*rates = (struct behaviour_rates){ 0 };
	for (size_t i = 0; i < window_set_host_count(set); i++)
		count_host(rates, set, window_set_host(set, i));
	return true;
}
