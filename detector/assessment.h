/*
 * What the detector thinks of one host at one moment: the value that goes from the judging parts
 * (features, experts, classifier, evidence) to the keeping parts (verdict table, store, alerts).
 *
 * Threads: values.
 */
#ifndef DETECTOR_ASSESSMENT_H
#define DETECTOR_ASSESSMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/host_address.h"

enum behaviour {
#define BEHAVIOUR(name, title, unit, severity, meaning) BEHAVIOUR_##name,
#include "schemas/behaviours.def"
#undef BEHAVIOUR
	BEHAVIOUR_COUNT
};

/* The row of a behaviour. */
const char *behaviour_name(enum behaviour behaviour);
const char *behaviour_title(enum behaviour behaviour);
const char *behaviour_unit(enum behaviour behaviour);
int behaviour_severity(enum behaviour behaviour);

/* False: there is no behaviour of that name. */
bool behaviour_find(const char *name, enum behaviour *behaviour);

enum { EVIDENCE_PEERS = 5, ASSESSMENT_PEERS = 12 };

struct evidence_peer {
	struct host_address peer;
	uint64_t octets[2]; /* enum host_direction */
	int64_t begun_ms;   /* when its first flow began, to the second; 0: not told */
	double every_s;     /* flows begin so far apart; 0: not told */
	uint32_t flows;
	uint16_t port;
	uint8_t protocol;
	bool answered;
};

/* One behaviour, seen in one window. */
struct evidence {
	enum behaviour behaviour;
	double measured;  /* in behaviour_unit() */
	double threshold; /* above it, it is evidence */
	double usual;     /* 95 % quantile of it on this network, or of the shipped calibration */
	double strength;  /* 0 to 1; 0.5 and above is enough for the verdict infected */
	size_t peer_count;
	struct evidence_peer peers[EVIDENCE_PEERS];
};

/* What could not be seen; flags of assessment.cannot_tell. */
enum cannot_tell {
	CANNOT_TELL_SAMPLED = 1 << 0,   /* packets were sampled */
	CANNOT_TELL_FLAGS = 1 << 1,     /* no TCP flags */
	CANNOT_TELL_DIRECTION = 1 << 2, /* one direction only */
	CANNOT_TELL_SIZES = 1 << 3,     /* packet sizes only as means */
	CANNOT_TELL_DETAIL =
		1 << 4, /* detail was lost: the collector's pools or the ring were full */
};

struct assessment {
	struct host_address host;
	int64_t time_ms;    /* newest export time dealt with when it was made */
	int64_t bin_end_ms; /* end of the newest minute in the window */
	bool early;   /* made from parts, before the minute's end: experts only, the classifier has
	                 not run */
	bool enough;  /* enough traffic to judge in this window */
	double score; /* 0 to 1: greatest strength of the evidence; 0.5 is the verdict's threshold
	               */
	uint32_t sampling_interval;
	unsigned cannot_tell;  /* enum cannot_tell */
	size_t evidence_count; /* of them, strongest first */
	struct evidence evidence[BEHAVIOUR_COUNT];
	size_t feature_count;   /* 0 when the classifier has not run */
	const double *features; /* named by feature_name(), NaN where not looked at; borrowed until
	                           the next call */
	size_t contact_count;   /* 0 when the classifier does not look at single contacts */
	const struct contact_shape
		*contacts; /* detector/contacts.h; borrowed as the features are */
	size_t peer_count;
	struct evidence_peer peers[ASSESSMENT_PEERS]; /* top peers of the window */
};

/* A behaviour was seen that an analyst will want to read of, even where it is not enough for a
 * verdict. */
bool assessment_shows_behaviour(const struct assessment *assessment);

#endif
