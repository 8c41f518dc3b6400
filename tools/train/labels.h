/*
 * What is known of the hosts of one labelled capture: labels.csv, and beside it, where they exist,
 * sources.csv (which laid-in capture was active when), folds.csv (a fold for each host) and
 * other_half.txt (hosts to leave out).
 *
 * Rows whose host carries a prefix length are left out.
 *
 * Errors:  a GError that names the file and line.
 * Threads: values.
 */
#ifndef TOOLS_TRAIN_LABELS_H
#define TOOLS_TRAIN_LABELS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/host_address.h"

enum host_role {
	ROLE_CLEAN,
	ROLE_BENIGN_IMPLANT,
	ROLE_MALWARE,
	ROLE_UNVERIFIED, /* presumed normal: neither trained on nor counted, but a part of the site
	                  */
};

enum { FOLDS = 5, FOLD_NONE = -1 };

struct labelled_host {
	struct host_address host;
	enum host_role role;
	bool scans;             /* malware of the behaviour "scan" */
	bool unverified;        /* in part: malware alone may be so before its start */
	int fold;               /* of folds.csv, or FOLD_NONE */
	int64_t start_ms;       /* of the malware or benign implant; else 0 */
	int64_t active_from_ms; /* when the laid-in capture was active; 0, 0: not told */
	int64_t active_to_ms;
	int64_t clean_ms; /* labelled normal for so long, benign implants not counted */
	int64_t benign_ms;
	char *family;        /* malware: its family, else empty */
	char *implant;       /* the capture that makes it malware or a benign implant, else empty */
	char *source_set;    /* where that capture comes from, as sources.csv tells; else empty */
	GPtrArray *captures; /* char *: the captures laid on it */
};

/* Is what was laid on one of them, be it malware or benign, a part of the other's traffic too? */
bool labels_share_capture(const struct labelled_host *a, const struct labelled_host *b);

/* host_address → labelled_host; free with g_hash_table_unref(). */
GHashTable *labels_read(const char *path, GError **error);

/* Takes the folds of another file than the one beside the labels. */
bool labels_read_folds(GHashTable *hosts, const char *path, GError **error);

#endif
