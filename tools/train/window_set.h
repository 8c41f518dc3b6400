/*
 * Windows of labelled hosts, made by the detector's own assessor from bin files: what is trained on
 * and measured.
 *
 * Errors:  a GError that names the file.
 * Threads: one.
 */
#ifndef TOOLS_TRAIN_WINDOW_SET_H
#define TOOLS_TRAIN_WINDOW_SET_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "detector/assessment.h"
#include "detector/feature_vector.h"
#include "tools/train/baselines.h"
#include "tools/train/labels.h"

/* A capture: its bins and its labels. */
struct scenario {
	const char *name;  /* the bin file's */
	GHashTable *hosts; /* of labels_read() */
	int index;
};

enum window_label {
	WINDOW_NORMAL,
	WINDOW_BENIGN_IMPLANT, /* normal, while the benign capture is active */
	WINDOW_INFECTED,       /* while the malware is active */
	WINDOW_AFTER, /* of an infected host, its malware silent: neither trained on nor normal */
	WINDOW_UNVERIFIED, /* of an unverified host */
};

/* struct contact_shape, as it is kept. */
struct labelled_contact {
	int64_t begun_ms;
	bool is_active;
	float values[CONTACT_FEATURES];
};

struct labelled_window {
	const struct labelled_host *host;
	const struct scenario *scenario;
	int64_t end_ms;
	int64_t time_ms; /* when it was judged, on the exporter's clock */
	enum window_label label;
	float expert_score;  /* greatest strength of the experts */
	unsigned behaviours; /* bits (1 << enum behaviour): measured at or above their threshold */
	float baselines[BASELINES];
	float features[FEATURE_COUNT];
	unsigned contact_count;
	struct labelled_contact *contacts;
};

typedef struct WindowSet WindowSet;

WindowSet *window_set_new(void);
void window_set_free(WindowSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WindowSet, window_set_free)

/* Reads a bin file with its labels; `folds_path` (NULL: none) instead of the folds beside the
 * labels. */
bool window_set_add(WindowSet *set, const char *bin_path, const char *labels_path, GError **error);
bool window_set_add_folds(WindowSet *set, const char *bin_path, const char *labels_path,
                          const char *folds_path, GError **error);

/* Of the windows: one packet in so many was seen, at the least; 0 or 1: all. */
uint32_t window_set_sampling(const WindowSet *set);

size_t window_set_count(const WindowSet *set);
const struct labelled_window *window_set_get(const WindowSet *set,
                                             size_t index); /* by scenario, host, time */

/* The last of its minutes. */
uint32_t window_set_minute(const struct labelled_window *window);

/* What the experts found before a minute's end. */
struct early_finding {
	const struct labelled_host *host;
	int64_t end_ms; /* of the minute */
	int64_t time_ms;
	double score;
};
size_t window_set_early_count(const WindowSet *set);
const struct early_finding *window_set_early(const WindowSet *set, size_t index);

/* Hosts in the order of their windows; a labelled host without windows is among them too. */
size_t window_set_host_count(const WindowSet *set);

struct host_windows {
	const struct labelled_host *host;
	const struct scenario *scenario;
	size_t first; /* window */
	size_t count;
};
const struct host_windows *window_set_host(const WindowSet *set, size_t index);

/* One line for each window: host, time, label, family, fold, experts' score, features. */
bool window_set_dump(const WindowSet *set, const char *path, GError **error);

#endif
