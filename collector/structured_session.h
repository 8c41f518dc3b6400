/*
 * What libfixbuf is told of: an information model, and the Templates by which it reads lists
 * (RFC 6313); and how the records that it makes of them lie in memory.
 *
 * It knows sub-Templates by their content, whosever they are, under ids given here, and at most
 * STRUCTURED_LAYOUTS_MAX of them: with one more all is thrown away and begun anew.  The model, and
 * the session with it, is made when the first list comes.
 *
 * Errors of libfixbuf about Templates are our bugs, since all that it is given is made here; about
 * lists, structured_session_decode() is false: then forget what it knows, once what it has made is
 * freed.
 *
 * Ownership: layouts are the session's, valid until the next structured_session_prepare() or
 *            structured_session_forget().
 * Threads:   one object each.
 */
#ifndef COLLECTOR_STRUCTURED_SESSION_H
#define COLLECTOR_STRUCTURED_SESSION_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/list_check.h"
#include "collector/observation_domain.h"
#include "collector/template_plan.h"

enum {
	STRUCTURED_FIELDS_MAX = 64, /* of a sub-Template, runs of what is skipped among them */
	STRUCTURED_LAYOUTS_MAX = 256,
	LAYOUT_LISTS_MAX = 4, /* of a sub-Template; what is more is skipped */
	NUMBER_OCTETS = 8,    /* as libfixbuf leaves a number, in the host's order */
};

/* Templates that every session has: Messages of one record, whose only field is a list. */
enum structured_template {
	STRUCTURED_BASIC_LIST = 256,
	STRUCTURED_SUB_TEMPLATE_LIST,
	STRUCTURED_SUB_TEMPLATE_MULTI_LIST,
	STRUCTURED_SKIPPED, /* stands in for sub-Templates that are not known, or not wanted */
};

/* A field as libfixbuf leaves it, and where the plan reads it. */
struct layout_field {
	uint16_t element; /* ours */
	uint16_t from, to;
	uint16_t octets; /* on the wire, and for the plan */
	bool is_number;
	struct template_field wire;
};

struct layout_list {
	uint16_t from;
	bool multi;
};

/* Fields of a Template: their content is what counts. */
struct layout_key {
	uint32_t hash;
	size_t count;
	const struct template_field *fields;
};

/* A sub-Template in libfixbuf's session. */
struct layout {
	struct layout_key key; /* owns its fields */
	uint16_t id;           /* in Messages */
	bool is_wanted;        /* it has fields or lists to read */
	size_t octets;         /* of a record as libfixbuf leaves it */
	size_t plan_octets;
	size_t field_count;
	size_t list_count;
	struct layout_field fields[STRUCTURED_FIELDS_MAX];
	struct layout_list lists[LAYOUT_LISTS_MAX];
	TemplatePlan *plan;
};

typedef struct StructuredSession StructuredSession;

StructuredSession *structured_session_new(void);
void structured_session_free(StructuredSession *session); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StructuredSession, structured_session_free)

/*
 * Tells of the Templates of all parts of a list; `layouts` has one for each, NULL where nothing is
 * wanted of it.  False: there is one that libfixbuf cannot take.
 */
bool structured_session_prepare(StructuredSession *session, const struct list_check *check,
                                const struct layout *layouts[static LIST_PARTS_MAX]);

/* Is this the head of a basicList whose values are wanted? */
bool structured_session_wants(const struct basic_list_head *head);

/*
 * Decodes a Message of one record of `template` into `record`: a fbBasicList_t,
 * fbSubTemplateList_t or fbSubTemplateMultiList_t, zeroed, that the caller clears even when this is
 * false.
 */
bool structured_session_decode(StructuredSession *session, enum structured_template template,
                               uint8_t *message, size_t length, void *record);

/* The layout of records that libfixbuf made under the id; NULL: they were skipped. */
const struct layout *structured_session_layout(const StructuredSession *session, uint16_t made_id);

/* Forgets all Templates. */
void structured_session_forget(StructuredSession *session);

size_t structured_session_count(const StructuredSession *session); /* of layouts */

#endif
