/*
 * Records with structured data (RFC 6313), made flow records.
 *
 * A record that names both ends of its flow is one flow record; its lists tell of its TCP flags and
 * packet sizes (basicLists of packets, records of sub-Templates), and addresses in them are of
 * something else.
 *
 * A record that does not is what the flows in its lists have in common: every record of a
 * sub-Template that names what is missing (alone, or with the records around it) is a flow record,
 * and inherits all that it does not say itself.  Octets and packets that only the record around it
 * tells are of all its flows together: they are shared out evenly.
 *
 * Threads: one, that of the decoder.
 */
#ifndef COLLECTOR_RECORD_LISTS_H
#define COLLECTOR_RECORD_LISTS_H

#include <stddef.h>
#include <stdint.h>

#include "collector/structured_data.h"

enum lists_outcome {
	LISTS_MADE,            /* flow records were written */
	LISTS_NO_ROOM,         /* nothing was: come again with all the room there can be */
	LISTS_CUT,             /* the record goes past its Set */
	LISTS_WITHOUT_ADDRESS, /* neither it nor its lists name an address */
	LISTS_REFUSED,         /* its lists, which alone could name one, could not be read */
};

struct lists_source {
	const TemplatePlan *plan; /* has lists */
	const struct plan_context *context;
	const struct observation_domain *domain;
	const uint8_t *octets;
	size_t left;
};

struct lists_made {
	size_t length;  /* of the record */
	size_t count;   /* flow records, at most FLOW_BATCH_RECORDS */
	size_t subs;    /* of them, those made of records of sub-Templates */
	size_t missing; /* runs of records whose sub-Template is not known */
};

enum lists_outcome record_lists_make(StructuredData *data, const struct lists_source *source,
                                     struct flow_record *records, size_t room,
                                     struct lists_made *made);

#endif
