#include <glib.h>

#include "collector/packet_sizes.h"
#include "collector/record_sizes.h"
#include "tests/support/flow_records.h"

static const struct flow_values download = { 0xc0000201,      0x0a000001, 443,    50000, 6,
	                                     SYN | ACK | PSH, 100,        147000, 0,     900 };

static uint64_t
sum(const uint32_t classes[static PACKET_SIZE_CLASSES])
{
	uint64_t packets = 0;

	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++)
		packets += classes[i];
	return packets;
}

/* Also tells whether the octets are the classes, and whether many records are split alike. */
static enum packet_size_knowledge
split(const struct flow_record *record, uint32_t classes[static PACKET_SIZE_CLASSES])
{
	struct packet_sizes sizes, again;
	struct packet_sizes *pointer = &again;
	bool fit = true;

	packet_sizes_split(record, &sizes);
	record_sizes_of(&record, 1, &pointer);
	g_assert_cmpint(again.knowledge, ==, sizes.knowledge);
	g_assert_cmpint(again.fit_octets, ==, sizes.fit_octets);
	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++) {
		classes[i] = sizes.classes[i];
		g_assert_cmpuint(again.classes[i], ==, classes[i]);
		fit &= classes[i] <= UINT8_MAX;
	}
	g_assert_cmpint(sizes.fit_octets, ==, fit);
	for (size_t i = 0; fit && i < PACKET_SIZE_CLASSES; i++) {
		g_assert_cmpuint(sizes.octets[i], ==, classes[i]);
		g_assert_cmpuint(again.octets[i], ==, classes[i]);
	}
	return (enum packet_size_knowledge)sizes.knowledge;
}

static void
knows_the_size_of_a_single_packet(void)
{
	static const struct {
		uint64_t octets;
		size_t class;
	} cases[] = { { 40, 0 },  { 49, 0 },   { 50, 1 },   { 100, 2 },  { 499, 3 },
		      { 999, 4 }, { 1000, 5 }, { 1499, 6 }, { 1500, 7 }, { 9000, 7 } };

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct flow_values values = download;
		struct flow_record record;
		uint32_t classes[PACKET_SIZE_CLASSES];

		values.packets = 1;
		values.octets = cases[i].octets;
		record = flow_record_from(&values);
		g_assert_cmpint(split(&record, classes), ==, SIZES_EXACT);
		g_assert_cmpuint(classes[cases[i].class], ==, 1);
		g_assert_cmpuint(sum(classes), ==, 1);
	}
}

static void
sums_to_the_records_packets_whatever_is_known(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(30);

	for (int i = 0; i < 20000; i++) {
		struct flow_values values = download;
		struct flow_record record;
		uint32_t classes[PACKET_SIZE_CLASSES];

		values.protocol = g_rand_boolean(random) ? 6 : 17;
		values.flags = (uint16_t)g_rand_int_range(random, 0, 32);
		values.packets = (uint64_t)g_rand_int_range(random, 1, i % 2 ? 8 : 1000000);
		values.octets = values.packets * (uint64_t)g_rand_int_range(random, 0, 1600);
		record = flow_record_from(&values);
		record.other_packets = (uint32_t)g_rand_int_range(random, 0, 100);
		record.other_octets = (uint32_t)g_rand_int_range(random, 0, 100000);
		record.marks |= (uint32_t)g_rand_int(random) &
		                (FLOW_HAS_SIZES | FLOW_HAS_SIZE_RANGE | FLOW_KNOWN_REVERSE);
		record.packet_octets_least = (uint16_t)g_rand_int_range(random, 0, 100);
		record.packet_octets_greatest = (uint16_t)g_rand_int_range(random, 0, 1600);
		for (size_t k = 0; k < 8; k++)
			record.sizes[k] = (uint32_t)g_rand_int_range(random, 0, 3);
		split(&record, classes);
		g_assert_cmpuint(sum(classes), ==, values.packets);
	}
}

static void
takes_exported_sizes_as_they_are(void)
{
	struct flow_record record = flow_record_from(&download);
	uint32_t classes[PACKET_SIZE_CLASSES];

	record.marks |= FLOW_HAS_SIZES;
	record.sizes[1] = 20;
	record.sizes[3] = 30;
	record.sizes[7] = 50;
	g_assert_cmpint(split(&record, classes), ==, SIZES_EXACT);
	g_assert_cmpmem(classes, sizeof(classes), record.sizes, sizeof(record.sizes));
}

static void
tells_a_histogram_from_exact_sizes(void)
{
	struct flow_record record = flow_record_from(&download);
	uint32_t classes[PACKET_SIZE_CLASSES];

	record.marks |= FLOW_HAS_SIZES | FLOW_SIZES_PLACED;
	record.sizes[1] = 40;
	record.sizes[7] = 60;
	g_assert_cmpint(split(&record, classes), ==, SIZES_HISTOGRAM);
	g_assert_cmpmem(classes, sizeof(classes), record.sizes, sizeof(record.sizes));
}

static void
is_exact_where_the_range_leaves_no_choice(void)
{
	struct flow_values values = download;
	struct flow_record record;
	uint32_t classes[PACKET_SIZE_CLASSES];

	values.packets = 2;
	values.octets = 1560;
	record = flow_record_from(&values);
	record.marks |= FLOW_HAS_SIZE_RANGE;
	record.packet_octets_least = 60;
	record.packet_octets_greatest = 1500;
	g_assert_cmpint(split(&record, classes), ==, SIZES_EXACT);
	g_assert_cmpuint(classes[1], ==, 1);
	g_assert_cmpuint(classes[7], ==, 1);
	record.packets = 3;
	record.octets = 60 + 1500 + 600;
	g_assert_cmpint(split(&record, classes), ==, SIZES_EXACT);
	g_assert_cmpuint(classes[1], ==, 1);
	g_assert_cmpuint(classes[4], ==, 1);
	g_assert_cmpuint(classes[7], ==, 1);
}

static void
believes_no_range_that_the_octets_of_three_packets_exclude(void)
{
	struct flow_values values = download;
	struct flow_record record;
	uint32_t classes[PACKET_SIZE_CLASSES];

	values.packets = 3;
	values.octets = 60 + 1500 + 59;
	record = flow_record_from(&values);
	record.marks |= FLOW_HAS_SIZE_RANGE;
	record.packet_octets_least = 60;
	record.packet_octets_greatest = 1500;
	g_assert_cmpint(split(&record, classes), ==, SIZES_RULE);
	g_assert_cmpuint(sum(classes), ==, 3);
	record.octets = 60 + 1500 + 1501;
	g_assert_cmpint(split(&record, classes), ==, SIZES_RULE);
	g_assert_cmpuint(sum(classes), ==, 3);
}

static void
finds_acknowledgements_and_full_segments_of_a_download(void)
{
	struct flow_values back = flow_values_back(&download, SYN | ACK, 52, 2704);
	struct flow_record up = flow_record_from(&back);
	struct flow_record down = flow_record_from(&download);
	uint32_t classes[PACKET_SIZE_CLASSES];

	up.marks |= FLOW_KNOWN_REVERSE;
	up.other_packets = 100;
	up.other_octets = 147000;
	split(&up, classes);
	g_assert_cmpuint(classes[0] + classes[1], >=, 48);
	split(&down, classes);
	g_assert_cmpuint(classes[5] + classes[6] + classes[7], >=, 95);
}

/* Packets below 100 octets of a TCP record, by its flags and what came from the other end. */
static uint32_t
count_small(uint16_t flags, uint32_t other_packets, uint32_t other_octets)
{
	struct flow_values values = download;
	struct flow_record record;
	uint32_t classes[PACKET_SIZE_CLASSES];

	values.flags = flags;
	values.packets = 20;
	values.octets = 10000;
	record = flow_record_from(&values);
	record.marks |= FLOW_KNOWN_REVERSE;
	record.other_packets = other_packets;
	record.other_octets = other_octets;
	split(&record, classes);
	g_assert_cmpuint(sum(classes), ==, 20);
	return classes[0] + classes[1];
}

static void
finds_more_acknowledgements_where_more_is_to_be_acknowledged(void)
{
	uint32_t of_nothing = count_small(ACK | PSH, 10, 440);

	g_assert_cmpuint(count_small(ACK | PSH, 20, 20 * 1424), >=, of_nothing + 2);
	g_assert_cmpuint(count_small(SYN | ACK | PSH, 10, 440), >, of_nothing);
}

static void
makes_packets_of_octets_without_packets(void)
{
	struct flow_values values = download;
	struct flow_record record;
	uint32_t classes[PACKET_SIZE_CLASSES];

	values.packets = 0;
	values.octets = 3100;
	record = flow_record_from(&values);
	g_assert_cmpint(split(&record, classes), ==, SIZES_MEAN);
	g_assert_cmpuint(sum(classes), ==, 3);
}

/* Records as they come: few packets, of sizes that are common, with and without what the other
 * direction was. */
static struct flow_record
random_record(GRand *random)
{
	struct flow_values values = download;
	struct flow_record record;

	values.protocol = (uint8_t[]){ 6, 6, 6, 17, 17, 1, 50 }[g_rand_int_range(random, 0, 7)];
	values.flags = (uint16_t)g_rand_int_range(random, 0, 32);
	values.packets = (uint64_t)g_rand_int_range(random, 0, g_rand_boolean(random) ? 40 : 300);
	values.octets = values.packets * (uint64_t)g_rand_int_range(random, 20, 1520) +
	                (uint64_t)g_rand_int_range(random, 0, 60);
	record = flow_record_from(&values);
	record.other_packets = (uint32_t)g_rand_int_range(random, 0, 40);
	record.other_octets = record.other_packets * (uint32_t)g_rand_int_range(random, 20, 1520);
	record.marks |= (uint32_t)g_rand_boolean(random) * FLOW_KNOWN_REVERSE;
	return record;
}

static void
splits_many_records_as_it_splits_each(void)
{
	enum { MOST = 9 };
	g_autoptr(GRand) random = g_rand_new_with_seed(31);

	for (int round = 0; round < 200000; round++) {
		size_t count = (size_t)g_rand_int_range(random, 0, MOST + 1);
		struct flow_record records[MOST];
		const struct flow_record *pointers[MOST];
		struct packet_sizes sizes[MOST];
		struct packet_sizes *results[MOST];

		for (size_t i = 0; i < count; i++) {
			records[i] = random_record(random);
			pointers[i] = &records[i];
			results[i] = &sizes[i];
		}
		record_sizes_of(pointers, count, results);
		for (size_t i = 0; i < count; i++) {
			struct packet_sizes each;

			packet_sizes_split(&records[i], &each);
			g_assert_cmpint(sizes[i].knowledge, ==, each.knowledge);
			g_assert_cmpmem(sizes[i].classes, sizeof(each.classes), each.classes,
			                sizeof(each.classes));
			g_assert_cmpmem(sizes[i].octets, sizeof(each.octets), each.octets,
			                sizeof(each.octets));
		}
	}
}

#define ADD(test) g_test_add_func("/packet_sizes/" #test, test)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(knows_the_size_of_a_single_packet);
	ADD(sums_to_the_records_packets_whatever_is_known);
	ADD(takes_exported_sizes_as_they_are);
	ADD(tells_a_histogram_from_exact_sizes);
	ADD(is_exact_where_the_range_leaves_no_choice);
	ADD(believes_no_range_that_the_octets_of_three_packets_exclude);
	ADD(finds_acknowledgements_and_full_segments_of_a_download);
	ADD(finds_more_acknowledgements_where_more_is_to_be_acknowledged);
	ADD(makes_packets_of_octets_without_packets);
	ADD(splits_many_records_as_it_splits_each);
	return g_test_run();
}
