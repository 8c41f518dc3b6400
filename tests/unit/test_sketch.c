#include <glib.h>
#include <math.h>

#include "common/sketch.h"

enum { TRIALS = 60 };

static struct host_address
address(uint32_t number)
{
	return host_address_from_ipv4(0x0a000000u + number);
}

static double
distinct_of(uint32_t first, uint32_t count, uint64_t key)
{
	uint64_t sketch[SKETCH_DISTINCT_WORDS] = { 0 };

	for (uint32_t i = 0; i < count; i++) {
		struct host_address peer = address(first + i);

		sketch_distinct_add(sketch, sketch_hash_peer(&peer, key));
	}
	return sketch_distinct_estimate(sketch);
}

static void
estimates_distinct_members_from_few_to_many(void)
{
	static const struct {
		uint32_t count;
		double error;
	} cases[] = { { 1, 0.1 },     { 5, 0.1 },      { 20, 0.1 },      { 100, 0.12 },
		      { 1000, 0.12 }, { 10000, 0.12 }, { 100000, 0.12 }, { 200000, 0.13 } };

	for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
		uint32_t trials = cases[c].count > 10000 ? TRIALS / 2 : TRIALS;
		double squares = 0;
		double bias = 0;

		for (uint64_t key = 1; key <= trials; key++) {
			double wrong = distinct_of((uint32_t)key * 1000, cases[c].count, key) /
			                       cases[c].count -
			               1;

			squares += wrong * wrong;
			bias += wrong;
		}
		g_test_message("%u members: error %.3f, bias %.3f", cases[c].count,
		               sqrt(squares / trials), bias / trials);
		g_assert_cmpfloat(sqrt(squares / trials), <, cases[c].error);
	}
}

static void
estimates_nothing_of_an_empty_sketch(void)
{
	static const uint64_t empty[16];

	g_assert_cmpfloat(sketch_distinct_estimate(empty), ==, 0);
	g_assert_cmpfloat(sketch_linear_estimate(empty, 16), ==, 0);
	g_assert_cmpfloat(sketch_linear_difference(empty, empty, 16), ==, 0);
}

static void
stays_finite_when_it_is_full(void)
{
	uint64_t full[16];

	memset(full, 0xff, sizeof(full));
	g_assert_cmpfloat(fabs(sketch_linear_estimate(full, 16) - 1024 * log(1024)), <, 1e-6);
	g_assert_cmpfloat(fabs(sketch_linear_estimate(full, 1) - 64 * log(64)), <, 1e-6);
	g_assert_true(isfinite(sketch_distinct_estimate(full)));
	g_assert_cmpfloat(sketch_distinct_estimate(full), >, 200000);
}

static void
stays_finite_for_any_bits(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(1);

	for (int i = 0; i < 20000; i++) {
		uint64_t sketch[SKETCH_DISTINCT_WORDS];

		for (size_t word = 0; word < SKETCH_DISTINCT_WORDS; word++) {
			uint64_t bits = (uint64_t)g_rand_int(random) << 32 | g_rand_int(random);

			sketch[word] =
				(const uint64_t[]){ 0, UINT64_MAX, bits,
				                    bits & 1 }[g_rand_int_range(random, 0, 4)];
		}
		g_assert_true(isfinite(sketch_distinct_estimate(sketch)));
		g_assert_cmpfloat(sketch_distinct_estimate(sketch), >=, 0);
	}
}

static void
counts_members_of_one_set_that_are_not_in_another(void)
{
	uint64_t sent[16] = { 0 };
	uint64_t heard[16] = { 0 };

	for (uint32_t i = 0; i < 200; i++) {
		struct host_address peer = address(i);
		uint64_t hash = sketch_hash_service(&peer, 443, 6, 42);

		sketch_linear_add(sent, 16, hash);
		if (i % 2 == 0)
			sketch_linear_add(heard, 16, hash);
	}
	g_assert_cmpfloat(fabs(sketch_linear_estimate(sent, 16) - 200), <, 15);
	g_assert_cmpfloat(fabs(sketch_linear_difference(sent, heard, 16) - 100), <, 15);
	g_assert_cmpfloat(sketch_linear_difference(heard, sent, 16), >=, 0);
}

static void
hashes_services_by_peer_port_protocol_and_key(void)
{
	struct host_address peer = address(1);
	struct host_address other = address(2);
	uint64_t hash = sketch_hash_service(&peer, 53, 17, 7);

	g_assert_cmpuint(
		hash, ==,
		sketch_hash_service_of(sketch_hash_peer(&peer, 7), sketch_hash_port(53, 17, 7)));
	g_assert_cmpuint(hash, !=, sketch_hash_service(&other, 53, 17, 7));
	g_assert_cmpuint(hash, !=, sketch_hash_service(&peer, 54, 17, 7));
	g_assert_cmpuint(hash, !=, sketch_hash_service(&peer, 53, 6, 7));
	g_assert_cmpuint(hash, !=, sketch_hash_service(&peer, 53, 17, 8));
}

#define ADD(test) g_test_add_func("/sketch/" #test, test)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(estimates_distinct_members_from_few_to_many);
	ADD(estimates_nothing_of_an_empty_sketch);
	ADD(stays_finite_when_it_is_full);
	ADD(stays_finite_for_any_bits);
	ADD(counts_members_of_one_set_that_are_not_in_another);
	ADD(hashes_services_by_peer_port_protocol_and_key);
	return g_test_run();
}
