#include <glib.h>

#include "collector/flow_role.h"
#include "collector/flow_roles.h"
#include "tests/support/flow_records.h"

enum { HOST = 0x0a000001, PEER = 0xc0000201 };

static const struct flow_values to_web = { HOST, PEER, 50000, 443, 6, SYN | ACK | PSH | FIN,
	                                   10,   2000, 0,     900 };

static struct flow_role
role_of(const struct flow_values *values)
{
	struct flow_record record = flow_record_from(values);

	return flow_role_of(&record);
}

static void
takes_the_sender_of_a_syn_for_the_client_whatever_the_ports(void)
{
	struct flow_values values = to_web;

	values.source_port = 20;
	values.destination_port = 60000;
	values.flags = SYN;
	g_assert_true(role_of(&values).marks & ROLE_SOURCE_IS_CLIENT);
	g_assert_true(role_of(&values).marks & ROLE_SYN_ONLY);
	g_assert_cmpuint(role_of(&values).port, ==, 60000);
	values.flags = SYN | ACK;
	values.packets = 1;
	g_assert_false(role_of(&values).marks & ROLE_SOURCE_IS_CLIENT);
	g_assert_cmpuint(role_of(&values).port, ==, 20);
}

static void
takes_the_end_with_the_better_known_port_for_the_server(void)
{
	static const struct {
		uint16_t source;
		uint16_t destination;
		bool source_is_client;
	} cases[] = {
		{ 50000, 443, true },  { 443, 50000, false }, { 50000, 40000, true },
		{ 3306, 2000, false }, { 2000, 3306, true },  { 22, 80, false },
		{ 123, 123, true },    { 51413, 6881, true },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct flow_values values = to_web;

		values.source_port = cases[i].source;
		values.destination_port = cases[i].destination;
		values.flags = 0;
		g_assert_cmpint((role_of(&values).marks & ROLE_SOURCE_IS_CLIENT) != 0, ==,
		                cases[i].source_is_client);
	}
}

static void
believes_the_conversation_table_before_the_ports(void)
{
	struct flow_record record = flow_record_from(&to_web);

	record.marks |= FLOW_SOURCE_ANSWERS;
	g_assert_false(flow_role_of(&record).marks & ROLE_SOURCE_IS_CLIENT);
	record.marks ^= FLOW_SOURCE_ANSWERS | FLOW_SOURCE_BEGAN;
	record.source_port = 80;
	record.destination_port = 50000;
	g_assert_true(flow_role_of(&record).marks & ROLE_SOURCE_IS_CLIENT);
}

static void
begins_no_flow_with_a_continuation(void)
{
	struct flow_record record = flow_record_from(&to_web);

	g_assert_true(flow_role_of(&record).marks & ROLE_BEGINS);
	record.marks |= FLOW_CONTINUES;
	g_assert_false(flow_role_of(&record).marks & ROLE_BEGINS);
}

static void
tells_positive_answers_from_refusals(void)
{
	static const struct {
		uint8_t protocol;
		uint16_t flags;
		uint64_t packets;
		uint64_t octets;
		bool positive;
		bool refusal;
	} cases[] = {
		{ 6, SYN | ACK, 1, 44, true, false },
		{ 6, SYN | ACK | RST, 2, 84, true, false },
		{ 6, ACK | PSH | FIN, 5, 3000, true, false },
		{ 6, RST | ACK, 1, 40, false, true },
		{ 6, RST, 3, 120, false, true },
		{ 6, RST | ACK | PSH, 4, 900, true, false },
		{ 6, 0, 3, 120, false, false }, /* no flags: RSTs have no options */
		{ 6, 0, 1, 44, true, false },
		{ 17, 0, 1, 60, true, false },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct flow_values request = to_web;
		struct flow_values values = flow_values_back(&request, cases[i].flags,
		                                             cases[i].packets, cases[i].octets);
		uint32_t marks;

		values.protocol = cases[i].protocol;
		marks = role_of(&values).marks;
		g_assert_false(marks & ROLE_SOURCE_IS_CLIENT);
		g_assert_cmpint((marks & ROLE_POSITIVE) != 0, ==, cases[i].positive);
		g_assert_cmpint((marks & ROLE_REFUSAL) != 0, ==, cases[i].refusal);
	}
}

static void
sees_in_a_clients_own_record_whether_it_was_answered(void)
{
	static const struct {
		uint16_t flags;
		uint64_t packets;
		uint64_t octets;
		bool answered;
	} cases[] = {
		{ SYN, 3, 180, false },
		{ SYN | RST, 2, 100, false },
		{ RST | ACK, 1, 40, false },
		{ SYN | ACK, 3, 164, true },
		{ SYN | ACK | FIN, 5, 400, true },
		{ ACK, 1, 40, false },
		{ ACK | PSH, 9, 4000, true },
		{ 0, 3, 180, false },
		{ 0, 6, 2000, true },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct flow_values values = to_web;

		values.flags = cases[i].flags;
		values.packets = cases[i].packets;
		values.octets = cases[i].octets;
		g_assert_cmpint((role_of(&values).marks & ROLE_ANSWERED) != 0, ==,
		                cases[i].answered);
	}
}

static void
counts_a_known_other_direction_as_an_answer_unless_it_refuses(void)
{
	struct flow_values values = to_web;
	struct flow_record record;

	values.flags = SYN;
	record = flow_record_from(&values);
	record.marks |= FLOW_KNOWN_REVERSE;
	record.other_packets = 1;
	record.other_octets = 40;
	record.other_tcp_flags = RST | ACK;
	g_assert_false(flow_role_of(&record).marks & ROLE_ANSWERED);
	record.other_tcp_flags = SYN | ACK;
	g_assert_true(flow_role_of(&record).marks & ROLE_ANSWERED);
}

static void
takes_icmp_errors_for_no_flow(void)
{
	struct flow_values values = { HOST, PEER, 0, 0, 1, 0, 1, 84, 0, 0 };
	struct flow_record record = flow_record_from(&values);

	record.icmp_type_code = 8 << 8;
	g_assert_cmpuint(flow_role_of(&record).marks & (ROLE_BEGINS | ROLE_SOURCE_IS_CLIENT), ==,
	                 ROLE_BEGINS | ROLE_SOURCE_IS_CLIENT);
	record.icmp_type_code = 3 << 8 | 1;
	g_assert_cmpuint(flow_role_of(&record).marks, ==, ROLE_ICMP_ERROR);
	record.icmp_type_code = 0;
	g_assert_cmpuint(flow_role_of(&record).marks, ==, ROLE_POSITIVE);
}

static void
takes_multicast_and_broadcast_for_no_contact(void)
{
	static const struct {
		uint32_t destination;
		bool contact;
	} cases[] = {
		{ 0xe0000001, false }, { 0xefffffff, false }, { 0xffffffff, false },
		{ 0x0a0000ff, false }, { PEER, true },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct flow_values values = to_web;

		values.destination = cases[i].destination;
		g_assert_cmpint((role_of(&values).marks & ROLE_NO_CONTACT) == 0, ==,
		                cases[i].contact);
	}
}

static void
takes_the_probes_of_traceroute_for_no_contact(void)
{
	struct flow_values values = { HOST, PEER, 40000, 33434, 17, 0, 1, 60, 0, 0 };

	g_assert_true(role_of(&values).marks & ROLE_NO_CONTACT);
	values.destination_port = 33533;
	g_assert_true(role_of(&values).marks & ROLE_NO_CONTACT);
	values.destination_port = 33534;
	g_assert_false(role_of(&values).marks & ROLE_NO_CONTACT);
}

static void
takes_equal_ports_in_a_sample_for_no_contact(void)
{
	static const struct flow_values values = { HOST, PEER, 123, 123, 17, 0, 1, 76, 0, 0 };
	struct flow_record record = flow_record_from(&values);

	g_assert_false(flow_role_of(&record).marks & ROLE_NO_CONTACT);
	record.sampling_interval = 100;
	g_assert_true(flow_role_of(&record).marks & ROLE_NO_CONTACT);
	record.marks |= FLOW_KNOWN_REVERSE;
	g_assert_false(flow_role_of(&record).marks & ROLE_NO_CONTACT);
}

static void
makes_of_a_biflow_two_directions(void)
{
	struct flow_record biflow = flow_record_from(&to_web);
	struct flow_record reverse;

	biflow.marks |= FLOW_HAS_REVERSE;
	biflow.reverse_octets = 9000;
	biflow.reverse_packets = 8;
	biflow.reverse_tcp_flags = SYN | ACK | PSH;
	flow_role_reverse(&biflow, &reverse);
	g_assert_true(flow_role_of(&biflow).marks & ROLE_ANSWERED);
	g_assert_true(host_address_equal(&reverse.source, &biflow.destination));
	g_assert_cmpuint(reverse.octets, ==, 9000);
	g_assert_cmpuint(reverse.other_octets, ==, 2000);
	g_assert_cmpuint(flow_role_of(&reverse).marks, ==, ROLE_POSITIVE);
	g_assert_cmpuint(flow_role_of(&reverse).port, ==, 443);
}

static void
recognises_backscatter(void)
{
	struct flow_values values = { PEER, HOST, 443, 50000, 6, SYN | ACK, 1, 44, 0, 0 };
	struct flow_record record = flow_record_from(&values);

	g_assert_true(flow_role_of(&record).marks & ROLE_UNSOLICITED);
	record.marks |= FLOW_KNOWN_REVERSE;
	g_assert_false(flow_role_of(&record).marks & ROLE_UNSOLICITED);
}

/* One of a few, or any. */
static uint32_t
pick(GRand *random, const uint32_t *usual, size_t count, uint32_t most)
{
	return g_rand_int_range(random, 0, 4) != 0
	               ? usual[g_rand_int_range(random, 0, (gint32)count)]
	               : (uint32_t)(g_rand_int(random) % ((uint64_t)most + 1));
}

#define PICK(random, most, ...)                                                                    \
	pick(random, (const uint32_t[]){ __VA_ARGS__ },                                            \
	     sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t), most)

static struct host_address
random_address(GRand *random)
{
	struct host_address address = host_address_from_ipv4(
		PICK(random, UINT32_MAX, HOST, PEER, 0xe0000001, 0x0a0000ff));

	if (g_rand_int_range(random, 0, 3) == 0)
		address.octets[0] = (uint8_t)PICK(random, 255, 0x20, 0xff, 0x3f);
	return address;
}

static uint64_t
random_octets(GRand *random, uint64_t packets)
{
	uint64_t octets = packets * PICK(random, 1600, 40, 44, 60, 64, 65, 84, 85, 1500);

	octets += PICK(random, 100, 0, 0, 1);
	return g_rand_int_range(random, 0, 50) == 0 ? octets << 30 : octets;
}

/* Hardly ever more than any exporter has in a record. */
static uint64_t
random_packets(GRand *random)
{
	uint64_t packets = PICK(random, 70000, 1, 1, 2, 3, 4, 10, 0);

	return g_rand_int_range(random, 0, 50) == 0 ? g_rand_int(random) : packets;
}

static struct flow_record
random_record(GRand *random)
{
	uint64_t packets = random_packets(random);
	uint64_t other_packets = random_packets(random);
	uint16_t port = (uint16_t)PICK(random, UINT16_MAX, 80, 8080, 50000, 33440, 5000, 0);
	struct flow_record record = {
		.source = random_address(random),
		.destination = random_address(random),
		.octets = random_octets(random, packets),
		.packets = packets,
		.reverse_packets = packets,
		.sampling_interval = PICK(random, 100, 0, 1, 1, 10),
		.marks = g_rand_int(random),
		.source_port = port,
		.destination_port =
			(uint16_t)PICK(random, UINT16_MAX, 80, 8080, 50000, 33440, 5000, port),
		.icmp_type_code = (uint16_t)PICK(random, UINT16_MAX, 0x0800, 0x0300, 0),
		.tcp_flags = (uint16_t)PICK(random, UINT16_MAX, SYN, SYN | ACK, RST, RST | ACK,
		                            FIN | ACK, SYN | ACK | PSH | FIN, ACK, 0),
		.protocol = (uint8_t)PICK(random, 255, 6, 6, 6, 17, 17, 1, 58),
		.other_packets = (uint32_t)other_packets,
		.other_octets = (uint32_t)random_octets(random, other_packets),
		.other_tcp_flags = (uint16_t)PICK(random, UINT16_MAX, SYN | ACK, RST | ACK, ACK, 0),
	};

	if (g_rand_int_range(random, 0, 8) != 0)
		record.marks = (record.marks & ~(uint32_t)FLOW_HAS_REVERSE) | FLOW_HAS_FLAGS;
	return record;
}

static void
tells_of_many_records_what_it_tells_of_each(void)
{
	enum { MOST = 9 };
	g_autoptr(GRand) random = g_rand_new_with_seed(41);

	for (int round = 0; round < 100000; round++) {
		size_t count = (size_t)g_rand_int_range(random, 0, MOST + 1);
		struct flow_record records[MOST];
		const struct flow_record *pointers[MOST];
		struct flow_role roles[MOST];

		for (size_t i = 0; i < count; i++) {
			records[i] = random_record(random);
			pointers[i] = &records[i];
		}
		flow_roles_of(pointers, count, roles);
		for (size_t i = 0; i < count; i++) {
			struct flow_role role = flow_role_of(&records[i]);

			g_assert_cmphex(roles[i].marks, ==, role.marks);
			g_assert_cmpuint(roles[i].port, ==, role.port);
			g_assert_cmpint((int)roles[i].protocol, ==, (int)role.protocol);
		}
	}
}

#define ADD(test) g_test_add_func("/flow_role/" #test, test)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(takes_the_sender_of_a_syn_for_the_client_whatever_the_ports);
	ADD(takes_the_end_with_the_better_known_port_for_the_server);
	ADD(believes_the_conversation_table_before_the_ports);
	ADD(begins_no_flow_with_a_continuation);
	ADD(tells_positive_answers_from_refusals);
	ADD(sees_in_a_clients_own_record_whether_it_was_answered);
	ADD(counts_a_known_other_direction_as_an_answer_unless_it_refuses);
	ADD(takes_icmp_errors_for_no_flow);
	ADD(takes_multicast_and_broadcast_for_no_contact);
	ADD(takes_the_probes_of_traceroute_for_no_contact);
	ADD(takes_equal_ports_in_a_sample_for_no_contact);
	ADD(makes_of_a_biflow_two_directions);
	ADD(recognises_backscatter);
	ADD(tells_of_many_records_what_it_tells_of_each);
	return g_test_run();
}
