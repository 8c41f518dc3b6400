#include <glib.h>
#include <string.h>

#include "collector/plan_row.h"

enum { RECORDS = 5, ROUNDS = 4000 };

/* A field that plans of rows take, in one of its lengths. */
struct field {
	uint16_t target;
	uint16_t width;
	uint8_t load;
	uint16_t lengths[2];
};

#define FIELD(name, load, ...)                                                                     \
	{                                                                                          \
		offsetof(struct flow_record, name), sizeof(((struct flow_record *)0)->name),       \
			LOAD_##load,                                                               \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

/* Addresses and times, which every row has, by family and by kind of time. */
static const struct field ends[2][2] = {
	{ FIELD(source, IPV4, 4, 4), FIELD(destination, IPV4, 4, 4) },
	{ FIELD(source, IPV6, 16, 16), FIELD(destination, IPV6, 16, 16) },
};

static const struct field times[2][2] = {
	{ FIELD(start, UPTIME, 4, 4), FIELD(end, UPTIME, 4, 4) },
	{ FIELD(start, UNSIGNED, 8, 8), FIELD(end, UNSIGNED, 8, 8) },
};

static const struct field others[] = {
	FIELD(octets, UNSIGNED, 4, 8),
	FIELD(packets, UNSIGNED, 8, 4),
	FIELD(ingress_interface, UNSIGNED, 4, 2),
	FIELD(egress_interface, UNSIGNED, 2, 4),
	FIELD(source_port, UNSIGNED, 2, 2),
	FIELD(destination_port, UNSIGNED, 2, 2),
	FIELD(icmp_type_code, OR, 2, 2),
	FIELD(tcp_flags, OR, 1, 2),
	FIELD(protocol, UNSIGNED, 1, 1),
	FIELD(flow_direction, UNSIGNED, 1, 1),
	FIELD(flow_end_reason, UNSIGNED, 1, 1),
	FIELD(sampling_interval, SAMPLER, 1, 4),
};

struct layout {
	struct plan_step steps[4 + G_N_ELEMENTS(others)];
	size_t count;
	size_t octets; /* of a record */
};

static void
add(struct layout *layout, const struct field *field, GRand *random)
{
	struct plan_step *step = &layout->steps[layout->count++];

	step->load = field->load;
	step->target = field->target;
	step->target_width = (uint8_t)field->width;
	step->length = field->lengths[g_rand_int_range(random, 0, 2)];
	step->run = plan_step_choose(field->load, step->length, field->width);
}

/* Some of the fields, in any order, with octets between them that nobody reads. */
static struct layout
make_layout(GRand *random)
{
	struct layout layout = { .count = 0 };
	int family = g_rand_int_range(random, 0, 2);
	int kind = g_rand_int_range(random, 0, 2);

	for (size_t i = 0; i < 2; i++) {
		add(&layout, &ends[family][i], random);
		add(&layout, &times[kind][i], random);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		if (g_rand_int_range(random, 0, 4) != 0)
			add(&layout, &others[i], random);
	for (size_t i = layout.count; i-- > 1;) {
		size_t other = (size_t)g_rand_int_range(random, 0, (gint32)i + 1);
		struct plan_step step = layout.steps[i];

		layout.steps[i] = layout.steps[other];
		layout.steps[other] = step;
	}
	for (size_t i = 0; i < layout.count; i++) {
		layout.octets +=
			g_rand_boolean(random) ? (size_t)g_rand_int_range(random, 0, 9) : 0;
		layout.steps[i].source = (uint32_t)layout.octets;
		layout.octets += layout.steps[i].length;
	}
	return layout;
}

static void
read_rows(const struct plan_row *row, const uint8_t *octets, size_t stride,
          struct flow_record *records)
{
	const struct plan_context context = { .template_id = 300,
		                              .export_time = { 1700000000000 },
		                              .uptime_known = true,
		                              .uptime_ms = 1u << 31,
		                              .uptime_at = { 1700000000000 } };
	const struct plan_rows rows = { &context, octets, stride, RECORDS, records };

	memset(records, 0, RECORDS * sizeof(*records));
	plan_row_read(row, &rows, FLOW_HAS_OCTETS | FLOW_HAS_TIMES);
}

/* The processor that the test runs on may know no shuffles: then both are the same way. */
static void
reads_by_shuffles_what_it_reads_field_by_field(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(5);

	for (int round = 0; round < ROUNDS; round++) {
		struct layout layout = make_layout(random);
		g_autofree uint8_t *octets = g_malloc(RECORDS * layout.octets);
		struct flow_record by_shuffles[RECORDS], by_fields[RECORDS];
		int most = round % 3 == 0 ? 2 : 256;
		struct plan_row row;

		for (size_t i = 0; i < RECORDS * layout.octets; i++)
			octets[i] = (uint8_t)g_rand_int_range(random, 0, most);
		g_assert_true(plan_row_make(layout.steps, layout.count, layout.octets, &row));
		read_rows(&row, octets, layout.octets, by_shuffles);
		row.is_shuffled = false;
		read_rows(&row, octets, layout.octets, by_fields);
		g_assert_cmpmem(by_shuffles, sizeof(by_shuffles), by_fields, sizeof(by_fields));
	}
}

static void
refuses_plans_without_both_times(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(6);
	struct layout layout = { .count = 0 };
	struct plan_row row;

	add(&layout, &ends[0][0], random);
	add(&layout, &ends[0][1], random);
	add(&layout, &times[0][0], random);
	g_assert_false(plan_row_make(layout.steps, layout.count, 12, &row));
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/plan_row/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(reads_by_shuffles_what_it_reads_field_by_field);
	TEST(refuses_plans_without_both_times);
	return g_test_run();
}
