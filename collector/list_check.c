#include "collector/list_check.h"

#include "common/wire_reader.h"

enum {
	ENTERPRISE_BIT = 0x8000,
	ELEMENT_SUB_TEMPLATE_LIST = 292,
	ELEMENT_SUB_TEMPLATE_MULTI_LIST = 293,
	SUB_LIST_HEAD_OCTETS = 4,
	LENGTH_LONG = 255,
};

struct walk {
	const struct observation_domain *domain;
	const uint8_t *begin;
	struct list_check *check;
};

/* The lists of one depth are walked before those within them: what waits is noted here. */
struct nested {
	struct wire_reader content;
	bool multi;
	unsigned depth;
};

struct agenda {
	size_t count;
	struct nested lists[LIST_PARTS_MAX];
};

static size_t
read_length(struct wire_reader *reader)
{
	size_t length = wire_read_u8(reader);

	return length == LENGTH_LONG ? wire_read_u16(reader) : length;
}

static bool
add_nested(struct agenda *agenda, const struct template_field *field, struct wire_reader content,
           unsigned depth)
{
	if (field->enterprise != 0 || (field->element != ELEMENT_SUB_TEMPLATE_LIST &&
	                               field->element != ELEMENT_SUB_TEMPLATE_MULTI_LIST))
		return true;
	if (depth >= LIST_DEPTH_MAX || agenda->count == LIST_PARTS_MAX)
		return false;
	agenda->lists[agenda->count++] =
		(struct nested){ content, field->element == ELEMENT_SUB_TEMPLATE_MULTI_LIST,
		                 depth + 1 };
	return true;
}

static bool
walk_record(const struct export_template *known, struct wire_reader *records, unsigned depth,
            struct agenda *agenda)
{
	for (size_t i = 0; i < known->field_count; i++) {
		const struct template_field *field = &known->fields[i];
		struct wire_reader content;

		if (field->length != FIELD_VARIABLE) {
			wire_skip(records, field->length);
			continue;
		}
		content = wire_read_nested(records, read_length(records));
		if (wire_failed(records) || !add_nested(agenda, field, content, depth))
			return false;
	}
	return !wire_failed(records);
}

static bool
walk_part(struct walk *walk, const uint8_t *id_at, struct wire_reader records, unsigned depth,
          struct agenda *agenda)
{
	struct wire_reader id = wire_reader(id_at, 2);
	struct list_check *check = walk->check;
	const struct export_template *known =
		observation_domain_find(walk->domain, wire_read_u16(&id));
	struct list_part *part;

	if (check->part_count == LIST_PARTS_MAX)
		return false;
	part = &check->parts[check->part_count++];
	*part = (struct list_part){ .id_offset = (size_t)(id_at - walk->begin) };
	if (known == NULL || known->is_options) {
		check->missing++;
		return true;
	}
	if (known->record_octets == 0)
		return false;
	part->known = known;
	for (; wire_left(&records) > 0; part->records++)
		if (++check->records > LIST_RECORDS_MAX ||
		    !walk_record(known, &records, depth, agenda))
			return false;
	return true;
}

static bool
walk_list(struct walk *walk, const struct nested *list, struct agenda *agenda)
{
	struct wire_reader reader = list->content;
	const uint8_t *id_at;

	wire_skip(&reader, 1); /* semantic */
	if (!list->multi) {
		id_at = wire_take(&reader, 2);
		return id_at != NULL && walk_part(walk, id_at, reader, list->depth, agenda);
	}
	while (wire_left(&reader) > 0) {
		struct wire_reader records;
		uint16_t length;

		id_at = wire_take(&reader, 2);
		length = wire_read_u16(&reader);
		if (length < SUB_LIST_HEAD_OCTETS)
			return false;
		records = wire_read_nested(&reader, (size_t)length - SUB_LIST_HEAD_OCTETS);
		if (wire_failed(&reader) || !walk_part(walk, id_at, records, list->depth, agenda))
			return false;
	}
	return !wire_failed(&reader);
}

bool
list_check(const struct observation_domain *domain, bool multi, const uint8_t *octets,
           size_t length, struct list_check *check)
{
	struct walk walk = { domain, octets, check };
	struct agenda agenda; /* large: only what is counted is set */

	agenda.count = 1;
	check->records = check->missing = check->part_count = 0;
	if (length > LIST_OCTETS_MAX)
		return false;
	agenda.lists[0] = (struct nested){ wire_reader(octets, length), multi, 1 };
	for (size_t i = 0; i < agenda.count; i++)
		if (!walk_list(&walk, &agenda.lists[i], &agenda))
			return false;
	return true;
}

static bool
elements_fill(struct wire_reader content, uint16_t element_octets)
{
	if (element_octets != FIELD_VARIABLE)
		return element_octets > 0 && wire_left(&content) % element_octets == 0;
	while (wire_left(&content) > 0 && !wire_failed(&content))
		wire_skip(&content, read_length(&content));
	return !wire_failed(&content);
}

bool
list_check_basic(const uint8_t *octets, size_t length, struct basic_list_head *head)
{
	struct wire_reader reader = wire_reader(octets, length);

	wire_skip(&reader, 1); /* semantic */
	head->element = wire_read_u16(&reader);
	head->element_octets = wire_read_u16(&reader);
	head->enterprise = 0;
	if ((head->element & ENTERPRISE_BIT) != 0) {
		head->element = (uint16_t)(head->element & ~ENTERPRISE_BIT);
		head->enterprise = wire_read_u32(&reader);
	}
	head->head_octets = length - wire_left(&reader);
	return !wire_failed(&reader) && length <= LIST_OCTETS_MAX &&
	       elements_fill(reader, head->element_octets);
}
