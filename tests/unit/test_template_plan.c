#include <fixbuf/public.h>
#include <glib.h>
#include <string.h>

#include "collector/template_plan.h"

struct row {
	uint32_t enterprise;
	uint16_t id;
	const char *name;
};

static const struct row rows[] = {
#define ELEMENT(enterprise, id, name, load, field, rank, mark) { enterprise, id, #name },
#include "schemas/information_elements.def"
#undef ELEMENT
};

static void
finds_the_elements_sorted(void)
{
	for (size_t i = 1; i < G_N_ELEMENTS(rows); i++) {
		g_assert_cmpuint(rows[i - 1].enterprise, <=, rows[i].enterprise);
		if (rows[i - 1].enterprise == rows[i].enterprise)
			g_assert_cmpuint(rows[i - 1].id, <, rows[i].id);
	}
}

static void
calls_the_elements_as_iana_does(void)
{
	fbInfoModel_t *model = fbInfoModelAlloc();

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const fbInfoElement_t *element =
			fbInfoModelGetElementByID(model, rows[i].id, rows[i].enterprise);

		/* Cisco's own numbers of NetFlow v9 are nobody's in IPFIX. */
		if (rows[i].enterprise != 0 || rows[i].id >= 32768)
			continue;
		g_assert_nonnull(element);
		g_assert_cmpstr(element->ref.name, ==, rows[i].name);
	}
	fbInfoModelFree(model);
}

static void
measures_records(void)
{
	static const struct template_field fixed[] = { { 0, 8, 4 }, { 0, 12, 4 }, { 9, 9, 65000 } };
	static const struct template_field variable[] = { { 0, 8, 4 }, { 0, 82, FIELD_VARIABLE } };
	g_autoptr(TemplatePlan) plan = template_plan_new(fixed, 3);
	g_autoptr(TemplatePlan) other = template_plan_new(variable, 2);

	g_assert_cmpuint(template_plan_record_octets(plan), ==, 65008);
	g_assert_false(template_plan_is_variable(plan));
	g_assert_cmpuint(template_plan_record_octets(other), ==, 5);
	g_assert_true(template_plan_is_variable(other));
}

static void
tells_what_a_template_lacks(void)
{
	static const struct template_field fields[] = { { 0, 8, 4 }, { 0, 1, 4 }, { 0, 11, 2 } };
	g_autoptr(TemplatePlan) plan = template_plan_new(fields, 3);

	g_assert_cmpuint(template_plan_lacks(plan), ==,
	                 PLAN_LACKS_FLAGS | PLAN_LACKS_TIMES | PLAN_LACKS_PACKETS |
	                         PLAN_LACKS_DIRECTION | PLAN_LACKS_SIZES);
	g_assert_true(template_plan_has_address(plan));
}

static void
takes_a_section_for_an_address_when_there_is_no_other(void)
{
	static const struct template_field alone[] = { { 0, 315, FIELD_VARIABLE } };
	static const struct template_field none[] = { { 0, 1, 4 } };
	g_autoptr(TemplatePlan) plan = template_plan_new(alone, 1);
	g_autoptr(TemplatePlan) other = template_plan_new(none, 1);

	g_assert_true(template_plan_has_address(plan));
	g_assert_false(template_plan_has_address(other));
}

static void
reads_the_same_from_many_records_as_from_one(void)
{
	static const struct template_field fields[] = {
		{ 0, 8, 4 }, { 0, 7, 2 }, { 0, 1, 5 }, { 0, 2, 3 }, { 0, 152, 8 }, { 0, 153, 8 },
	};
	enum { RECORDS = 50, OCTETS = 30 };
	const struct plan_context context = { .export_time = { 1700000000000 } };
	g_autoptr(TemplatePlan) plan = template_plan_new(fields, G_N_ELEMENTS(fields));
	g_autofree struct flow_record *many = g_new0(struct flow_record, RECORDS);
	uint8_t octets[RECORDS * OCTETS];

	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i * 37);
	template_plan_read(plan, &context, octets, RECORDS, many);
	for (size_t i = 0; i < RECORDS; i++) {
		struct flow_record one;

		g_assert_cmpuint(template_plan_read_variable(plan, &context, octets + i * OCTETS,
		                                             OCTETS, &one),
		                 ==, OCTETS);
		g_assert_cmpint(memcmp(&one, &many[i], sizeof(one)), ==, 0);
	}
}

/* One record by the way of records of fixed length, which for these Templates reads them whole, and
 * by that of records of variable length, which goes step by step. */
static void
assert_same_record(const TemplatePlan *plan, const struct plan_context *context,
                   const uint8_t *octets)
{
	struct flow_record whole, stepwise;

	memset(&whole, 0, sizeof(whole));
	memset(&stepwise, 0, sizeof(stepwise));
	template_plan_read(plan, context, octets, 1, &whole);
	g_assert_cmpuint(template_plan_read_variable(plan, context, octets,
	                                             template_plan_record_octets(plan), &stepwise),
	                 ==, template_plan_record_octets(plan));
#define SAME(field)                                                                                \
	g_assert_cmpmem(&whole.field, sizeof(whole.field), &stepwise.field, sizeof(whole.field))
	SAME(source);
	SAME(destination);
	SAME(start);
	SAME(end);
	SAME(octets);
	SAME(packets);
	SAME(sampling_interval);
	SAME(ingress_interface);
	SAME(egress_interface);
	SAME(marks);
	SAME(source_port);
	SAME(destination_port);
	SAME(icmp_type_code);
	SAME(tcp_flags);
	SAME(template_id);
	SAME(protocol);
	SAME(flow_direction);
	SAME(flow_end_reason);
	SAME(firewall_event);
	SAME(nat_event);
#undef SAME
}

static void
reads_usual_records_whole_as_step_by_step(void)
{
	static const struct template_field usual[][14] = {
		{ { 0, 8, 4 },
		  { 0, 12, 4 },
		  { 0, 10, 4 },
		  { 0, 14, 2 },
		  { 0, 2, 4 },
		  { 0, 1, 8 },
		  { 0, 22, 4 },
		  { 0, 21, 4 },
		  { 0, 7, 2 },
		  { 0, 11, 2 },
		  { 0, 6, 1 },
		  { 0, 4, 1 },
		  { 0, 61, 1 },
		  { 0, 136, 1 } },
		{ { 0, 27, 16 },
		  { 0, 28, 16 },
		  { 0, 10, 2 },
		  { 0, 14, 4 },
		  { 0, 2, 8 },
		  { 0, 1, 4 },
		  { 0, 152, 8 },
		  { 0, 153, 8 },
		  { 0, 7, 2 },
		  { 0, 11, 2 },
		  { 0, 6, 2 },
		  { 0, 4, 1 },
		  { 0, 32, 2 },
		  { 0, 48, 1 } },
	};
	const struct plan_context context = { .template_id = 256,
		                              .export_time = { 1700000000000 },
		                              .uptime_known = true,
		                              .uptime_ms = 1u << 31,
		                              .uptime_at = { 1700000000000 } };
	g_autoptr(GRand) random = g_rand_new_with_seed(11);

	for (size_t i = 0; i < G_N_ELEMENTS(usual); i++) {
		g_autoptr(TemplatePlan) plan = template_plan_new(usual[i], G_N_ELEMENTS(usual[i]));
		size_t length = template_plan_record_octets(plan);
		g_autofree uint8_t *octets = g_malloc(length);

		for (int round = 0; round < 5000; round++) {
			/* Zeros, small numbers and any: times are near, far and not told. */
			int most = round % 3 == 0 ? 1 : round % 3 == 1 ? 64 : 256;

			for (size_t at = 0; at < length; at++)
				octets[at] = (uint8_t)g_rand_int_range(random, 0, most);
			assert_same_record(plan, &context, octets);
		}
	}
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/template_plan/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(finds_the_elements_sorted);
	TEST(calls_the_elements_as_iana_does);
	TEST(measures_records);
	TEST(tells_what_a_template_lacks);
	TEST(takes_a_section_for_an_address_when_there_is_no_other);
	TEST(reads_the_same_from_many_records_as_from_one);
	TEST(reads_usual_records_whole_as_step_by_step);
	return g_test_run();
}
