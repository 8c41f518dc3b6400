#include <glib.h>
#include <stdbool.h>
#include <string.h>

#include "collector/size_bins.h"

/* The bins that nProbe tells, as far as these tests need them. */
enum { BINS = 6, PACKETS_MAX = 60 };

static const uint16_t edges[BINS] = { 28, 128, 256, 512, 1024, 1514 };

struct sample {
	struct size_bin bins[BINS];
	uint32_t truth[SIZE_CLASSES];
	uint64_t packets, octets;
};

static void
add_packet(struct sample *sample, uint32_t octets)
{
	size_t i = 0;

	while (i + 1 < BINS && octets > edges[i + 1])
		i++;
	sample->bins[i].packets++;
	sample->truth[size_class_of(octets)]++;
	sample->packets++;
	sample->octets += octets;
}

static struct sample
start(void)
{
	struct sample sample = { .packets = 0 };

	for (size_t i = 0; i < BINS; i++) {
		sample.bins[i].least = edges[i] + (i > 0);
		sample.bins[i].most = i + 1 < BINS ? edges[i + 1] : SIZE_BIN_OCTETS_MAX;
		sample.bins[i].usual = (sample.bins[i].least + sample.bins[i].most) / 2;
	}
	return sample;
}

static enum size_knowledge
place(const struct sample *sample, uint32_t classes[static SIZE_CLASSES])
{
	return size_bins_place(sample->bins, BINS, sample->packets, sample->octets, classes);
}

static uint64_t
sum(const uint32_t classes[static SIZE_CLASSES])
{
	uint64_t packets = 0;

	for (size_t i = 0; i < SIZE_CLASSES; i++)
		packets += classes[i];
	return packets;
}

/* Can packets of these classes have so many octets? */
static bool
can_have(const uint32_t classes[static SIZE_CLASSES], uint64_t octets)
{
	static const uint16_t least[SIZE_CLASSES] = { 28, 50, 100, 200, 500, 1000, 1400, 1500 };
	uint64_t from = 0, to = 0;

	for (size_t i = 0; i < SIZE_CLASSES; i++) {
		from += (uint64_t)classes[i] * least[i];
		to += classes[i] *
		      (uint64_t)(i + 1 < SIZE_CLASSES ? least[i + 1] - 1 : SIZE_BIN_OCTETS_MAX);
	}
	return octets >= from && octets <= to;
}

static void
keeps_packets_and_octets_of_any_sample(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(7);

	for (int round = 0; round < 20000; round++) {
		struct sample sample = start();
		uint32_t classes[SIZE_CLASSES];
		enum size_knowledge knowledge;

		for (int i = g_rand_int_range(random, 1, PACKETS_MAX); i > 0; i--)
			add_packet(&sample, (uint32_t)g_rand_int_range(random, 28, 1515));
		knowledge = place(&sample, classes);
		g_assert_cmpint(knowledge, !=, SIZE_BINS_REFUSED);
		g_assert_cmpuint(sum(classes), ==, sample.packets);
		g_assert_true(can_have(classes, sample.octets));
		if (knowledge == SIZE_BINS_EXACT)
			g_assert_cmpmem(classes, sizeof(classes), sample.truth,
			                sizeof(sample.truth));
	}
}

static void
is_exact_about_few_packets_more_often_than_about_many(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(7);
	unsigned exact[2] = { 0, 0 };

	for (int round = 0; round < 2000; round++) {
		struct sample one = start(), many = start();
		uint32_t classes[SIZE_CLASSES];

		add_packet(&one, (uint32_t)g_rand_int_range(random, 28, 1515));
		for (int i = 0; i < 20; i++)
			add_packet(&many, (uint32_t)g_rand_int_range(random, 28, 1515));
		exact[0] += place(&one, classes) == SIZE_BINS_EXACT;
		exact[1] += place(&many, classes) == SIZE_BINS_EXACT;
	}
	g_assert_cmpuint(exact[0], ==, 2000);
	g_assert_cmpuint(exact[1], <, 100);
}

static void
refuses_bins_that_do_not_add_up(void)
{
	struct sample sample = start();
	uint32_t classes[SIZE_CLASSES] = { 77 };

	add_packet(&sample, 100);
	sample.packets = 2;
	g_assert_cmpint(place(&sample, classes), ==, SIZE_BINS_REFUSED);
	sample.packets = 0;
	g_assert_cmpint(place(&sample, classes), ==, SIZE_BINS_REFUSED);
	sample.packets = UINT64_MAX;
	sample.bins[0].packets = UINT64_MAX - 1;
	g_assert_cmpint(place(&sample, classes), ==, SIZE_BINS_REFUSED);
	g_assert_cmpuint(classes[0], ==, 77);
}

static void
does_not_believe_octets_that_the_bins_cannot_have(void)
{
	static const uint64_t wrong[] = { 0, 1, 1000000, UINT64_MAX };

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		struct sample sample = start();
		uint32_t classes[SIZE_CLASSES];

		add_packet(&sample, 60);
		add_packet(&sample, 1300);
		sample.octets = wrong[i];
		g_assert_cmpint(place(&sample, classes), ==, SIZE_BINS_PLACED);
		g_assert_cmpuint(sum(classes), ==, 2);
		g_assert_cmpuint(classes[0] + classes[1] + classes[2], ==, 1);
	}
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/size_bins/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(keeps_packets_and_octets_of_any_sample);
	TEST(is_exact_about_few_packets_more_often_than_about_many);
	TEST(refuses_bins_that_do_not_add_up);
	TEST(does_not_believe_octets_that_the_bins_cannot_have);
	return g_test_run();
}
