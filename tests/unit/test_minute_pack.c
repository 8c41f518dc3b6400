#include <glib.h>
#include <string.h>

#include "detector/minute_pack.h"

enum { ROUNDS = 200 };

static const uint64_t key = 7;

static struct host_touch
random_touch(GRand *random)
{
	unsigned first = (unsigned)g_rand_int_range(random, 0, HOST_BIN_QUARTERS);

	return (struct host_touch){
		.peer = host_address_from_ipv4(g_rand_int(random)),
		.octets = g_rand_int(random) >> g_rand_int_range(random, 0, 32),
		.port = (uint16_t)g_rand_int(random),
		.kinds = (uint16_t)(TOUCH_SENT |
		                    (g_rand_int(random) & (TOUCH_BEGUN | TOUCH_HEARD | TOUCH_IN))),
		.protocol = g_rand_boolean(random) ? 6 : 17,
		.first_quarter = (uint8_t)first,
		.last_quarter = (uint8_t)g_rand_int_range(random, (gint32)first, HOST_BIN_QUARTERS),
		.packets = (uint8_t)g_rand_int(random),
	};
}

struct minute {
	struct host_bin bin;
	struct host_bin_extension extension;
};

static void
make_minute(struct minute *minute, GRand *random, int touches)
{
	struct host_address host = host_address_from_ipv4(g_rand_int(random));
	struct host_bin_extension *extension =
		touches > HOST_BIN_TOUCHES ? &minute->extension : NULL;

	host_bin_init(&minute->bin, &host, 29000000);
	host_bin_extension_init(&minute->extension);
	minute->bin.octets[0] = (uint64_t)g_rand_int(random) << g_rand_int_range(random, 0, 32);
	minute->bin.flows[1] = g_rand_int(random) & 0xff00ff;
	minute->bin.earliest_ms[0] = (uint16_t)g_rand_int_range(random, 0, HOST_BIN_MS);
	for (int i = 0; i < touches; i++) {
		struct host_touch touch = random_touch(random);

		g_assert_true(host_bin_touch(&minute->bin, extension, &touch, key));
	}
}

static void
unpacks_what_was_packed(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(1);

	for (int round = 0; round < ROUNDS; round++) {
		static struct minute made, found;
		static uint8_t packed[MINUTE_PACK_MOST];

		make_minute(&made, random, round % 40);
		g_assert_cmpuint(minute_pack(&made.bin, &made.extension, packed), <=,
		                 MINUTE_PACK_MOST);
		found.bin.host = made.bin.host;
		found.bin.minute = made.bin.minute;
		host_bin_extension_init(&found.extension);
		minute_unpack(packed, &found.bin, &found.extension, MINUTE_ALL);
		g_assert_cmpmem(&found, sizeof(found), &made, sizeof(made));
	}
}

static void
unpacks_no_more_than_is_asked_for(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(2);
	static struct minute made, found;
	static uint8_t packed[MINUTE_PACK_MOST];
	struct host_bin_extension empty;

	make_minute(&made, random, 30);
	minute_pack(&made.bin, &made.extension, packed);
	host_bin_extension_init(&empty);
	minute_unpack(packed, &found.bin, &found.extension, MINUTE_SENT);
	g_assert_cmpmem(found.extension.sent, sizeof(empty.sent), made.extension.sent,
	                sizeof(empty.sent));
	g_assert_cmpmem(found.extension.sample, sizeof(empty.sample), empty.sample,
	                sizeof(empty.sample));
	minute_unpack(packed, &found.bin, &found.extension, MINUTE_SAMPLE);
	g_assert_cmpmem(found.extension.sample, sizeof(empty.sample), made.extension.sample,
	                sizeof(empty.sample));
	g_assert_cmpmem(found.extension.heard, sizeof(empty.heard), empty.heard,
	                sizeof(empty.heard));
}

static void
keeps_a_quiet_minute_small(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(3);
	static struct minute made;
	static uint8_t packed[MINUTE_PACK_MOST];

	make_minute(&made, random, 2);
	g_assert_cmpuint(minute_pack(&made.bin, NULL, packed), <, 100);
}

/* Every octet of the longest bin that there could be. */
static void
has_room_for_a_minute_without_a_zero(void)
{
	static struct minute made;
	static uint8_t packed[MINUTE_PACK_MOST];

	memset(&made, 0x55, sizeof(made));
	made.bin.touch_count = HOST_BIN_EXTENDED;
	g_assert_cmpuint(minute_pack(&made.bin, &made.extension, packed), <=, MINUTE_PACK_MOST);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/minute_pack/unpacks_what_was_packed", unpacks_what_was_packed);
	g_test_add_func("/minute_pack/unpacks_no_more_than_is_asked_for",
	                unpacks_no_more_than_is_asked_for);
	g_test_add_func("/minute_pack/keeps_a_quiet_minute_small", keeps_a_quiet_minute_small);
	g_test_add_func("/minute_pack/has_room_for_a_minute_without_a_zero",
	                has_room_for_a_minute_without_a_zero);
	return g_test_run();
}
