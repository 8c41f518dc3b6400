/*
 * The features of schemas/features.def, computed from the merged bins of one host.
 *
 * Training and the running detector both come through here, so the two cannot drift apart.  Every
 * value is finite and not above its row's cap; rows that nobody asks for are left out.
 *
 * Threads: pure functions.
 */
#ifndef DETECTOR_FEATURE_VECTOR_H
#define DETECTOR_FEATURE_VECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detector/contacts.h"
#include "detector/host_history.h"
#include "detector/host_window.h"

/* What a feature needs of the exporter; flags. */
enum feature_needs {
	NEEDS_NOTHING = 0,
	NEEDS_FLAGS = 1 << 0,
	NEEDS_BOTH_WAYS = 1 << 1,
	NEEDS_UNSAMPLED = 1 << 2,
	NEEDS_SIZES = 1 << 3,
};

enum window_feature {
#define WINDOW_FEATURE(name, unit, cap, needs, formula) WINDOW_FEATURE_##name,
#define HOST_FEATURE(name, unit, cap, needs, formula)
#include "schemas/features.def"
#undef WINDOW_FEATURE
#undef HOST_FEATURE
	WINDOW_FEATURE_COUNT
};

enum host_feature {
#define WINDOW_FEATURE(name, unit, cap, needs, formula)
#define HOST_FEATURE(name, unit, cap, needs, formula) HOST_FEATURE_##name,
#include "schemas/features.def"
#undef WINDOW_FEATURE
#undef HOST_FEATURE
	HOST_FEATURE_COUNT
};

enum { FEATURE_COUNT = HOST_WINDOWS * WINDOW_FEATURE_COUNT + HOST_FEATURE_COUNT };

/* Of the value at `index` of a vector. */
const char *feature_name(size_t index); /* "w5.flows_out", "beacon_most" */
unsigned feature_needs(size_t index);   /* enum feature_needs */

/* The index of a name, or FEATURE_COUNT. */
size_t feature_find(const char *name);

/* Groups of features that are computed together: the rows of a window but for its contacts, and so
 * on. */
struct feature_choice {
	bool window[HOST_WINDOWS];
	bool contacts[HOST_WINDOWS];
	bool beacon;
	bool change;    /* against the host's own past */
	bool rhythm;    /* of the one-second series */
	bool waves;     /* when it rises; and what speaks against an infection */
	bool exchanges; /* one with another: intervals, order, resolvers */
};

extern const struct feature_choice feature_choice_all;

/* The groups that have one of the named rows. */
struct feature_choice feature_choice_of(const size_t *indices, size_t count);

/*
 * The rows of the chosen groups; others are NaN.  The view's windows of chosen groups must be
 * merged, and the window of five minutes always.
 */
void feature_vector_compute(const struct host_view *view, const struct feature_choice *choice,
                            double values[static FEATURE_COUNT]);

/* The shape of one contact as if it were all that is new and rare in five minutes: at the place of
 * the rows w5.new_*. */
void feature_vector_place_contact(const double shape[static CONTACT_FEATURES],
                                  double values[static FEATURE_COUNT]);

#endif
