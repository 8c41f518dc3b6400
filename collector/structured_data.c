#include "collector/structured_data.h"

#include "collector/observation_domain.h"
#include "collector/template_plan.h"
#include "common/wire_reader.h"

enum {
	ENTERPRISE_BIT = 0x8000,
	CESNET = 8057,
	CESNET_PACKET_LENGTHS = 1013,
	CESNET_PACKET_DIRECTIONS = 1016,
	CESNET_SIZE_HISTOGRAM = 1060,
	CESNET_REVERSE_SIZE_HISTOGRAM = 1062,
	CESNET_BINS = 8,
	VARIABLE = 65535,
};

/* One list of elements of one kind. */
struct basic_list {
	uint32_t enterprise;
	uint16_t element;
	uint16_t element_octets;
	struct wire_reader content;
};

static void
read_packet_lengths(struct basic_list *list, struct told_sizes *told)
{
	told->payloads_count = 0;
	while (wire_left(&list->content) > 0 && told->payloads_count < TOLD_PACKETS_MAX) {
		uint64_t octets = wire_read_unsigned(&list->content, list->element_octets);

		told->payloads[told->payloads_count++] =
			(uint16_t)(octets < UINT16_MAX ? octets : UINT16_MAX);
	}
}

static void
read_packet_directions(struct basic_list *list, struct told_sizes *told)
{
	told->ways_count = 0;
	while (wire_left(&list->content) > 0 && told->ways_count < TOLD_PACKETS_MAX) {
		/* A signed octet: 1 or -1. */
		uint64_t way = wire_read_unsigned(&list->content, list->element_octets);

		told->ways[told->ways_count++] = way == 1 ? 1 : -1;
	}
}

static void
read_histogram(struct basic_list *list, struct told_direction *direction)
{
	if (wire_left(&list->content) != (size_t)CESNET_BINS * list->element_octets)
		return;
	for (unsigned i = 0; i < CESNET_BINS; i++) {
		direction->numbers[TOLD_CESNET_BIN_0 + i] =
			wire_read_unsigned(&list->content, list->element_octets);
		direction->has |= 1U << (TOLD_CESNET_BIN_0 + i);
	}
}

static bool
list_header(struct wire_reader *reader, struct basic_list *list)
{
	wire_skip(reader, 1); /* semantic */
	list->element = wire_read_u16(reader);
	list->element_octets = wire_read_u16(reader);
	list->enterprise = 0;
	if ((list->element & ENTERPRISE_BIT) != 0) {
		list->element = (uint16_t)(list->element & ~ENTERPRISE_BIT);
		list->enterprise = wire_read_u32(reader);
	}
	list->content = *reader;
	return !wire_failed(reader);
}

bool
structured_data_read_basic_list(const uint8_t *octets, size_t length, struct told_sizes *told)
{
	struct wire_reader reader = wire_reader(octets, length);
	struct basic_list list;

	if (!list_header(&reader, &list))
		return false;
	if (list.enterprise != CESNET || list.element_octets == VARIABLE)
		return true;
	if (list.element_octets == 0 || list.element_octets > sizeof(uint64_t) ||
	    wire_left(&list.content) % list.element_octets != 0)
		return false;
	switch (list.element) {
	case CESNET_PACKET_LENGTHS:
		read_packet_lengths(&list, told);
		break;
	case CESNET_PACKET_DIRECTIONS:
		read_packet_directions(&list, told);
		break;
	case CESNET_SIZE_HISTOGRAM:
		read_histogram(&list, &told->forward);
		break;
	case CESNET_REVERSE_SIZE_HISTOGRAM:
		read_histogram(&list, &told->reverse);
		break;
	default:
		break;
	}
	return true;
}

static bool
read_records(const struct observation_domain *domain, uint16_t template_id,
             struct wire_reader records, struct told_sizes *told, struct flow_record *record)
{
	const TemplatePlan *plan =
		domain == NULL ? NULL : observation_domain_find_plan(domain, template_id);

	/* Without its Template the content is skipped by its length. */
	if (plan == NULL)
		return true;
	while (wire_left(&records) > 0) {
		size_t octets = template_plan_read_sub(plan, records.next, wire_left(&records),
		                                       told, record);

		if (octets == 0)
			return false;
		wire_skip(&records, octets);
	}
	return true;
}

bool
structured_data_read_sub_template_list(const struct observation_domain *domain,
                                       const uint8_t *octets, size_t length,
                                       struct told_sizes *told, struct flow_record *record)
{
	struct wire_reader reader = wire_reader(octets, length);
	uint16_t template_id;

	wire_skip(&reader, 1); /* semantic */
	template_id = wire_read_u16(&reader);
	return !wire_failed(&reader) && read_records(domain, template_id, reader, told, record);
}

bool
structured_data_read_multi_list(const struct observation_domain *domain, const uint8_t *octets,
                                size_t length, struct told_sizes *told, struct flow_record *record)
{
	struct wire_reader reader = wire_reader(octets, length);

	wire_skip(&reader, 1); /* semantic */
	while (wire_left(&reader) > 0) {
		uint16_t template_id = wire_read_u16(&reader);
		uint16_t list_octets = wire_read_u16(&reader);
		struct wire_reader records;

		if (list_octets < 4)
			return false;
		records = wire_read_nested(&reader, list_octets - 4U);
		if (wire_failed(&records) ||
		    !read_records(domain, template_id, records, told, record))
			return false;
	}
	return !wire_failed(&reader);
}
