/*
 * The services that a host began flows to within a window, as far as the bins' samples name them:
 * what each exchange looked like, whether it is new for the host, and whether other hosts of the
 * site know the peer.
 *
 * Threads: values.
 */
#ifndef DETECTOR_CONTACTS_H
#define DETECTOR_CONTACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detector/host_window.h"

enum { CONTACTS_MAX = SERVICE_ROWS, CONTACT_FETCH_OCTETS = 30000, CONTACT_RARE_OTHERS = 1 };

struct contact {
	struct host_peer service; /* octets, flows, kinds summed over the window's minutes; seconds
	                             of the first */
	uint32_t first_minute;    /* in the window */
	uint32_t last_minute;
	uint32_t fetch_minute; /* the last in which CONTACT_FETCH_OCTETS came by flows begun in it;
	                          0: none */
	unsigned fetches;      /* such minutes, but for those that follow at once on another */
	unsigned minutes;      /* in which a flow began */
	unsigned others;       /* hosts of the site that know the peer, this one not counted */
	bool is_new; /* before the window the host had neither begun a flow to it nor had to do with
	                its peer */
	bool is_rare; /* at most one other host of the site knows the peer */
};

/* Writes the at most CONTACTS_MAX contacts of a window that ends at the view's minute; returns how
 * many. */
size_t contacts_collect(const struct host_view *view, enum host_window_length window,
                        struct contact *contacts);

/* Which contacts a shape is taken of. */
enum contact_choice { CONTACTS_ALL, CONTACTS_NEW_AND_RARE, CONTACT_CHOICES };

/* The values of schemas/features.def's CONTACT_FEATURES, in their order. */
enum contact_feature {
	CONTACT_COUNT,
	CONTACT_FLOWS,
	CONTACT_SILENT,
	CONTACT_TCP_SILENT,
	CONTACT_REFUSED,
	CONTACT_RETRIED,
	CONTACT_RETRIES_MOST,
	CONTACT_HTTP,
	CONTACT_HTTPS,
	CONTACT_UDP,
	CONTACT_ODD_PORT,
	CONTACT_HIGH_PORT,
	CONTACT_TINY,
	CONTACT_UPLOAD,
	CONTACT_PUSH,
	CONTACT_LARGE,
	CONTACT_REPEATED,
	CONTACT_OCTETS_OUT,
	CONTACT_OCTETS_IN,
	CONTACT_OCTETS_OUT_MOST,
	CONTACT_OCTETS_IN_MOST,
	CONTACT_RATIO,
	CONTACT_RATIO_MOST,
	CONTACT_FLOW_OCTETS_OUT,
	CONTACT_FLOW_OCTETS_IN,
	CONTACT_SILENT_SHARE,
	CONTACT_HTTP_SHARE,
	CONTACT_HTTPS_SHARE,
	CONTACT_ODD_SHARE,
	CONTACT_TINY_SHARE,
	CONTACT_FEATURES
};

void contacts_shape(const struct contact *contacts, size_t count, enum contact_choice choice,
                    double *values);

/* A contact by itself. */
struct contact_shape {
	int64_t begun_ms; /* when its first flow began, to the second */
	bool is_active;   /* in the newest minute */
	double values[CONTACT_FEATURES];
};

enum { CONTACT_SHAPES_MAX = 16 };

/*
 * Those of the last five minutes that are new and rare and began in them, DNS left out; of more
 * than CONTACT_SHAPES_MAX the newest.
 */
size_t contacts_shapes(const struct host_view *view,
                       struct contact_shape shapes[static CONTACT_SHAPES_MAX]);

#endif
