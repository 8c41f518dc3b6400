#include <glib.h>

#include "common/host_bin.h"
#include "common/sketch.h"

enum { KEY = 4711, MINUTE = 29000000 };

/* A bin with room for an extension beside it. */
struct whole {
	struct host_bin bin;
	struct host_bin_extension extension;
};

static const struct host_address host = { .octets = { [10] = 0xff, [11] = 0xff, 10, 0, 0, 1 } };

static void
start(struct whole *whole)
{
	host_bin_init(&whole->bin, &host, MINUTE);
	host_bin_extension_init(&whole->extension);
}

static const struct host_bin_extension *
extension_of(const struct whole *whole)
{
	return whole->bin.touch_count == HOST_BIN_EXTENDED ? &whole->extension : NULL;
}

static void
add(struct whole *whole, const struct host_touch *touch)
{
	if (whole->bin.touch_count != HOST_BIN_EXTENDED &&
	    host_bin_touch(&whole->bin, NULL, touch, KEY))
		return;
	g_assert_true(host_bin_touch(&whole->bin, &whole->extension, touch, KEY));
}

static void
merge(struct whole *into, const struct whole *other)
{
	host_bin_merge(&into->bin, &into->extension, &other->bin, extension_of(other), KEY);
}

static void
assert_same(const struct whole *a, const struct whole *b)
{
	g_assert_cmpmem(&a->bin, sizeof(a->bin), &b->bin, sizeof(b->bin));
	if (extension_of(a) != NULL)
		g_assert_cmpmem(&a->extension, sizeof(a->extension), &b->extension,
		                sizeof(b->extension));
}

static struct host_touch
random_touch(GRand *random)
{
	static const uint32_t octets[] = { 0, 1, 40, 40, 1500, 77777, UINT32_MAX - 5, UINT32_MAX };
	struct host_touch touch = {
		.peer = host_address_from_ipv4(0xc0a80000u +
		                               (uint32_t)g_rand_int_range(random, 0, 40)),
		.octets = octets[g_rand_int_range(random, 0, G_N_ELEMENTS(octets))],
		.port = (uint16_t)g_rand_int_range(random, 0, 5),
		.kinds = (uint16_t)g_rand_int_range(random, 0,
		                                    TOUCH_SHAPE_NUMBERS << TOUCH_SHAPE_SHIFT),
		.packets = (uint8_t)g_rand_int_range(random, 0, 5),
		.protocol = g_rand_boolean(random) ? 6 : 17,
		.first_quarter = (uint8_t)g_rand_int_range(random, 0, HOST_BIN_QUARTERS),
	};

	touch.last_quarter =
		(uint8_t)g_rand_int_range(random, touch.first_quarter, HOST_BIN_QUARTERS);
	return touch;
}

/* A bin of one touch whose base fields hold small numbers, or such as saturate. */
static void
make_random(struct whole *whole, GRand *random)
{
	struct host_touch touch = random_touch(random);

	start(whole);
#define BASE(type, name, count, unit, merge, meaning)                                              \
	for (size_t i = 0; i < count; i++)                                                         \
		whole->bin.name[i] = g_rand_int_range(random, 0, 8) == 0                           \
		                             ? (type)-1                                            \
		                             : (type)g_rand_int_range(random, 0, 200);
#define EXTENSION(type, name, count, unit, merge, meaning)
#include "schemas/host_bin.def"
#undef BASE
#undef EXTENSION
	whole->bin.latest_ms[0] = (uint16_t)g_rand_int_range(random, 0, HOST_BIN_MS);
	whole->bin.directions[0] &= 3;
	if (g_rand_int_range(random, 0, 8) != 0)
		add(whole, &touch);
}

/* Merges the bins in a random order along a random tree. */
static void
merge_randomly(struct whole *bins, size_t count, GRand *random)
{
	while (count > 1) {
		size_t into = (size_t)g_rand_int_range(random, 0, (gint32)count);
		size_t other = (size_t)g_rand_int_range(random, 0, (gint32)count);

		if (into == other)
			continue;
		merge(&bins[into], &bins[other]);
		bins[other] = bins[--count];
	}
}

static void
merges_alike_in_any_order_and_grouping(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(20);

	for (int trial = 0; trial < 400; trial++) {
		size_t count = (size_t)g_rand_int_range(random, 1, trial % 4 == 0 ? 120 : 8);
		g_autofree struct whole *bins = g_new(struct whole, count);
		struct whole expected;

		start(&expected);
		for (size_t i = 0; i < count; i++) {
			make_random(&bins[i], random);
			g_assert_true(host_bin_valid(&bins[i].bin, extension_of(&bins[i])));
			merge(&expected, &bins[i]);
		}
		g_assert_true(host_bin_valid(&expected.bin, extension_of(&expected)));
		merge_randomly(bins, count, random);
		assert_same(&bins[0], &expected);
	}
}

static void
gives_the_same_bin_for_any_split_of_its_touches(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(21);

	for (int trial = 0; trial < 400; trial++) {
		size_t count = (size_t)g_rand_int_range(random, 1, 5);
		g_autofree struct whole *bins = g_new(struct whole, count);
		struct whole expected;
		int touches = g_rand_int_range(random, 0, trial % 4 == 0 ? 300 : 9);

		start(&expected);
		for (size_t i = 0; i < count; i++)
			start(&bins[i]);
		for (int i = 0; i < touches; i++) {
			struct host_touch touch = random_touch(random);

			add(&expected, &touch);
			add(&bins[g_rand_int_range(random, 0, (gint32)count)], &touch);
		}
		merge_randomly(bins, count, random);
		assert_same(&bins[0], &expected);
		g_assert_true((touches > HOST_BIN_TOUCHES) ==
		              (expected.bin.touch_count == HOST_BIN_EXTENDED));
	}
}

static void
says_when_a_merge_needs_an_extension(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(22);
	struct host_touch touch = random_touch(random);
	struct whole two;
	struct whole one;

	start(&two);
	start(&one);
	add(&two, &touch);
	add(&two, &touch);
	add(&one, &touch);
	g_assert_false(host_bin_merge_extends(&two.bin, &one.bin));
	g_assert_true(host_bin_merge_extends(&two.bin, &two.bin));
	g_assert_true(host_bin_touch(&two.bin, NULL, &touch, KEY));
	g_assert_false(host_bin_touch(&two.bin, NULL, &touch, KEY));
	host_bin_extend(&two.bin, &two.extension, KEY);
	g_assert_false(host_bin_merge_extends(&two.bin, &one.bin));
	g_assert_true(host_bin_merge_extends(&one.bin, &two.bin));
}

static struct host_touch
begun_to(uint32_t peer, uint16_t port, uint8_t protocol)
{
	return (struct host_touch){
		.peer = host_address_from_ipv4(peer),
		.octets = 60,
		.port = port,
		.kinds = TOUCH_SENT | TOUCH_BEGUN | TOUCH_SMALL,
		.protocol = protocol,
		.first_quarter = 4 * 7 + 1,
		.last_quarter = 4 * 7 + 1,
	};
}

static void
tells_failing_peers_of_a_port_after_merging(void)
{
	unsigned bucket = host_bin_port_bucket(445, 6, KEY);
	struct whole sent;
	struct whole heard;

	start(&sent);
	start(&heard);
	for (uint32_t i = 0; i < 60; i++) {
		struct host_touch touch = begun_to(0x0a010000 + i, 445, 6);

		add(&sent, &touch);
		touch.kinds = TOUCH_IN | TOUCH_HEARD;
		if (i % 3 == 0)
			add(&heard, &touch);
	}
	merge(&heard, &sent);
	g_assert_cmpuint(bucket, ==, PORT_BUCKET_SMB);
	g_assert_cmpfloat(sketch_linear_difference(
				  heard.extension.port_sent + bucket * HOST_BIN_BUCKET_WORDS,
				  heard.extension.port_heard + bucket * HOST_BIN_BUCKET_WORDS,
				  HOST_BIN_BUCKET_WORDS),
	                  >, 30);
	g_assert_cmpfloat(sketch_linear_difference(heard.extension.sent, heard.extension.heard, 16),
	                  >, 35);
	g_assert_cmpuint(heard.extension.port_bucket_flows[bucket], ==, 60);
	g_assert_cmpuint(heard.extension.port_least[bucket], ==, 445);
	g_assert_cmpuint(heard.extension.port_greatest[bucket], ==, 445);
	g_assert_cmpuint((guint)__builtin_popcount(heard.extension.port_mask[bucket]), ==, 1);
	g_assert_cmpuint(heard.extension.second_small_flows[7], ==, 60);
	g_assert_cmpuint(heard.extension.flow_seconds[HOST_OUT], ==, UINT64_C(1) << 7);
}

static void
counts_failing_ports_of_a_peer_for_tcp_and_low_udp_alone(void)
{
	unsigned bucket;
	struct whole whole;
	struct host_touch touch = begun_to(0x0a010000, 0, 17);

	start(&whole);
	bucket = host_bin_peer_bucket(&touch.peer, KEY);
	for (uint16_t port = 2000; port < 2050; port++) {
		touch.port = port;
		add(&whole, &touch);
	}
	g_assert_cmpfloat(sketch_linear_estimate(
				  whole.extension.peer_sent + bucket * HOST_BIN_BUCKET_WORDS, 2),
	                  ==, 0);
	touch.protocol = 6;
	for (uint16_t port = 2000; port < 2050; port++) {
		touch.port = port;
		add(&whole, &touch);
	}
	g_assert_cmpfloat(sketch_linear_estimate(
				  whole.extension.peer_sent + bucket * HOST_BIN_BUCKET_WORDS, 2),
	                  >, 30);
	g_assert_cmpfloat(sketch_distinct_estimate(whole.extension.peers), <, 1.5);
	g_assert_cmpfloat(sketch_distinct_estimate(whole.extension.ports), >, 70);
}

static void
spreads_octets_over_the_seconds_without_losing_any(void)
{
	struct host_touch touch = begun_to(0x0a010000, 80, 6);
	struct whole whole;
	uint64_t sum = 0;

	start(&whole);
	touch.octets = 1003;
	touch.first_quarter = 4 * 10;
	touch.last_quarter = 4 * 16 + 3;
	host_bin_extend(&whole.bin, &whole.extension, KEY);
	add(&whole, &touch);
	for (size_t i = 0; i < 120; i++) {
		uint32_t octets = whole.extension.second_octets[i];

		sum += octets;
		g_assert_true(i >= 10 && i <= 16 ? octets == 143 || octets == 144 : octets == 0);
	}
	g_assert_cmpuint(sum, ==, 1003);
}

/* Octets of a touch from second 10 to 19, whose first and last packet have 100 each, by second. */
static const uint32_t *
shaped_octets(struct host_bin_extension *extension, struct touch_shape shape)
{
	struct host_touch touch = {
		.octets = 2200,
		.kinds = (uint16_t)(TOUCH_STARTS | TOUCH_ENDS |
		                    touch_shape_number(shape) << TOUCH_SHAPE_SHIFT),
		.protocol = 6,
		.first_quarter = 4 * 10,
		.last_quarter = 4 * 19 + 3,
		.packets = 22,
	};
	struct host_bin bin;

	host_bin_init(&bin, &host, 1);
	host_bin_extension_init(extension);
	g_assert_true(host_bin_touch(&bin, extension, &touch, 1));
	g_assert_true(host_bin_valid(&bin, extension));
	return extension->second_octets;
}

static void
puts_octets_where_the_shape_tells(void)
{
	/* A quarter is 500; evenly it gives 50 to each second. */
	static const struct {
		struct touch_shape shape;
		uint32_t first, second, middle, last_but_one, last;
	} cases[] = {
		{ { { 0, 0, 0, 0 } }, 100 + 200, 200, 200, 200, 100 + 200 },
		{ { { 4, 0, 0, 0 } }, 100 + 2000, 0, 0, 0, 100 },
		{ { { 1, 0, 0, 0 } }, 100 + 150 + 500, 150, 150, 150, 100 + 150 },
		{ { { 0, 2, 0, 0 } }, 100 + 100 + 500, 100 + 500, 100, 100, 100 + 100 },
		{ { { 0, 0, 3, 0 } }, 100 + 50, 50, 50, 50, 100 + 50 + 1500 },
		{ { { 0, 0, 0, 2 } }, 100 + 100, 100, 100, 100 + 500, 100 + 100 + 500 },
		{ { { 2, 0, 2, 0 } }, 100 + 1000, 0, 0, 0, 100 + 1000 },
		{ { { 0, 1, 1, 1 } }, 350 + 50, 50 + 250, 50, 50 + 250, 100 + 50 + 250 + 500 },
	};
	struct host_bin_extension extension;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const uint32_t *octets = shaped_octets(&extension, cases[i].shape);

		g_assert_cmpuint(octets[10], ==, cases[i].first);
		g_assert_cmpuint(octets[11], ==, cases[i].second);
		g_assert_cmpuint(octets[15], ==, cases[i].middle);
		g_assert_cmpuint(octets[18], ==, cases[i].last_but_one);
		g_assert_cmpuint(octets[19], ==, cases[i].last);
	}
}

static void
loses_no_octet_to_a_shape(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(7);

	for (int i = 0; i < 5000; i++) {
		struct host_touch touch = random_touch(random);
		struct host_bin_extension extension;
		struct host_bin bin;
		uint64_t sum = 0;

		touch.octets %= 100000000;
		host_bin_init(&bin, &host, 1);
		host_bin_extension_init(&extension);
		g_assert_true(host_bin_touch(&bin, &extension, &touch, 1));
		for (size_t second = 0; second < G_N_ELEMENTS(extension.second_octets); second++)
			sum += extension.second_octets[second];
		g_assert_cmpuint(sum, ==, touch.octets);
	}
}

static void
puts_the_first_and_the_last_packet_where_they_were(void)
{
	struct host_touch touch = begun_to(0x0a010000, 80, 6);
	struct whole whole;

	start(&whole);
	touch.octets = 1000;
	touch.packets = 4;
	touch.kinds |= TOUCH_STARTS | TOUCH_ENDS;
	touch.first_quarter = 4 * 10 + 3; /* the second 10 has one quarter of nine */
	touch.last_quarter = 4 * 12 + 3;
	host_bin_extend(&whole.bin, &whole.extension, KEY);
	add(&whole, &touch);
	g_assert_cmpuint(whole.extension.second_octets[10], ==, 250 + 55);
	g_assert_cmpuint(whole.extension.second_octets[11], ==, 222);
	g_assert_cmpuint(whole.extension.second_octets[12], ==, 250 + 223);
}

static void
keeps_the_largest_records_of_different_services(void)
{
	struct whole whole;

	start(&whole);
	for (uint32_t i = 0; i < 40; i++) {
		struct host_touch touch = begun_to(0x0a010000 + i % 5, 80, 6);

		touch.octets = 1000 + i;
		add(&whole, &touch);
	}
	for (size_t i = 0; i < HOST_BIN_LARGEST_RECORDS; i++)
		g_assert_cmpuint(whole.extension.largest[i].octets, ==, 1039 - i);
	g_assert_true(host_bin_valid(&whole.bin, &whole.extension));
}

static void
sorts_ports_into_buckets_by_class(void)
{
	static const struct {
		uint16_t port;
		uint8_t protocol;
		unsigned least;
		unsigned greatest;
	} cases[] = {
		{ 80, 6, PORT_BUCKET_WEB, PORT_BUCKET_SMTP - 1 },
		{ 587, 6, PORT_BUCKET_SMTP, PORT_BUCKET_SMTP },
		{ 445, 6, PORT_BUCKET_SMB, PORT_BUCKET_SMB },
		{ 2323, 6, PORT_BUCKET_SHELL, PORT_BUCKET_SHELL },
		{ 4444, 6, PORT_BUCKET_TCP, PORT_BUCKET_UDP_LOW - 1 },
		{ 53, 17, PORT_BUCKET_UDP_LOW, PORT_BUCKET_UDP_LOW },
		{ 6892, 17, PORT_BUCKET_UDP_HIGH, PORT_BUCKET_ICMP - 1 },
		{ 0, 1, PORT_BUCKET_ICMP, PORT_BUCKET_ICMP },
		{ 0, 47, PORT_BUCKET_ICMP, PORT_BUCKET_ICMP },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		for (uint64_t key = 0; key < 50; key++) {
			unsigned bucket =
				host_bin_port_bucket(cases[i].port, cases[i].protocol, key);

			g_assert_cmpuint(bucket, >=, cases[i].least);
			g_assert_cmpuint(bucket, <=, cases[i].greatest);
		}
	}
}

static void
fill(struct whole *whole, int touches)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(23);

	start(whole);
	for (int i = 0; i < touches; i++) {
		struct host_touch touch = random_touch(random);

		add(whole, &touch);
	}
}

#define REFUSES(statement)                                                                         \
	do {                                                                                       \
		struct whole damaged = good;                                                       \
		statement;                                                                         \
		g_assert_false(host_bin_valid(&damaged.bin, &damaged.extension));                  \
	} while (0)

static void
refuses_a_damaged_extension(void)
{
	struct whole good;

	fill(&good, 60);
	g_assert_true(host_bin_valid(&good.bin, &good.extension));
	g_assert_false(host_bin_valid(&good.bin, NULL));
	REFUSES(damaged.extension.sample[3].hash = damaged.extension.sample[2].hash - 1);
	REFUSES(damaged.extension.sample[3] = damaged.extension.sample[2]);
	REFUSES(damaged.extension.sample[3].hash = 0);
	REFUSES(damaged.extension.sample[0].kinds = 0x8000);
	REFUSES(damaged.extension.sample[0].seconds = UINT64_C(1) << 60);
	REFUSES(damaged.extension.largest[0].octets = 0);
	REFUSES(damaged.extension.largest[1] = damaged.extension.largest[0]);
	REFUSES(damaged.extension.largest[0].direction = 2);
	REFUSES(damaged.extension.flow_seconds[1] |= UINT64_C(1) << 63);
	REFUSES(damaged.bin.touch_count = 4);
	REFUSES(damaged.bin.touch_count = 2);
	REFUSES(damaged.bin.touches[0].port = 1);
	REFUSES(damaged.bin.latest_ms[0] = HOST_BIN_MS);
}

#undef REFUSES
#define REFUSES(statement)                                                                         \
	do {                                                                                       \
		struct whole damaged = good;                                                       \
		statement;                                                                         \
		g_assert_false(host_bin_valid(&damaged.bin, NULL));                                \
	} while (0)

static void
refuses_damaged_touches(void)
{
	struct whole good;

	fill(&good, 2);
	g_assert_true(host_bin_valid(&good.bin, NULL));
	g_assert_false(host_bin_valid(&good.bin, &good.extension));
	REFUSES(damaged.bin.touch_count = HOST_BIN_TOUCHES + 1);
	REFUSES(damaged.bin.touch_count = 1);
	REFUSES(damaged.bin.touch_count = HOST_BIN_EXTENDED);
	REFUSES(damaged.bin.touches[0].last_quarter = HOST_BIN_QUARTERS);
	REFUSES(damaged.bin.touches[0].first_quarter = damaged.bin.touches[0].last_quarter + 1);
	REFUSES(damaged.bin.touches[0].kinds |= TOUCH_SHAPES);
	REFUSES(damaged.bin.touches[0] = good.bin.touches[1];
	        damaged.bin.touches[1] = good.bin.touches[0]);
	REFUSES(damaged.bin.unused = 1);
	REFUSES(damaged.bin.padding[1] = 1);
	REFUSES(damaged.bin.directions[0] = 4);
}

static void
survives_any_octets(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(24);
	struct whole good;
	unsigned accepted = 0;

	fill(&good, 60);
	for (int trial = 0; trial < 20000; trial++) {
		struct whole damaged = good;
		uint8_t *octets = (uint8_t *)&damaged;

		for (int i = 0; i < 1 + trial % 4; i++)
			octets[g_rand_int_range(random, 0, sizeof(damaged))] =
				(uint8_t)g_rand_int(random);
		if (!host_bin_valid(&damaged.bin, &damaged.extension))
			continue;
		accepted++;
		merge(&damaged, &good);
		g_assert_true(host_bin_valid(&damaged.bin, &damaged.extension));
	}
	g_assert_cmpuint(accepted, >, 0);
}

#define ADD(test) g_test_add_func("/host_bin/" #test, test)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(merges_alike_in_any_order_and_grouping);
	ADD(gives_the_same_bin_for_any_split_of_its_touches);
	ADD(says_when_a_merge_needs_an_extension);
	ADD(tells_failing_peers_of_a_port_after_merging);
	ADD(counts_failing_ports_of_a_peer_for_tcp_and_low_udp_alone);
	ADD(spreads_octets_over_the_seconds_without_losing_any);
	ADD(puts_octets_where_the_shape_tells);
	ADD(loses_no_octet_to_a_shape);
	ADD(puts_the_first_and_the_last_packet_where_they_were);
	ADD(keeps_the_largest_records_of_different_services);
	ADD(sorts_ports_into_buckets_by_class);
	ADD(refuses_a_damaged_extension);
	ADD(refuses_damaged_touches);
	ADD(survives_any_octets);
	return g_test_run();
}
