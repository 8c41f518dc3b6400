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
	return g_test_run();
}
