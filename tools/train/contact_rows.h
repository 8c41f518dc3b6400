/*
 * Single contacts of labelled hosts, to train on: as many of each host and label as of its windows.
 *
 * Threads: pure functions of the window set.
 */
#ifndef TOOLS_TRAIN_CONTACT_ROWS_H
#define TOOLS_TRAIN_CONTACT_ROWS_H

#include <glib.h>

#include "tools/train/fit.h"
#include "tools/train/training_rows.h"

/*
 * struct fit_row for each minute in which a contact was active; their features are put into
 * `features`, which must outlive the rows.  NULL: contacts of one kind alone, or none.
 */
GArray *contact_rows(const WindowSet *set, const struct row_choice *choice, GPtrArray *features);

/* The features of one contact, FEATURE_COUNT of them; free with g_free(). */
float *contact_features(const struct labelled_contact *contact);

#endif
