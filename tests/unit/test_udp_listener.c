#include <arpa/inet.h>
#include <glib.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/udp_listener.h"

static const struct wall_time noon = { 1700000000000 };

static UdpListener *
open_at(const char *address, int64_t buffer)
{
	const char *const addresses[] = { address, NULL };
	g_autoptr(GError) error = NULL;
	UdpListener *listener = udp_listener_open(addresses, buffer, &error);

	g_assert_no_error(error);
	return listener;
}

static in_port_t
port_of(UdpListener *listener, size_t index)
{
	struct udp_socket_status status = udp_listener_status(listener, index);
	guint64 port;

	g_assert_true(g_ascii_string_to_unsigned(strrchr(status.address, ':') + 1, 10, 1, 65535,
	                                         &port, NULL));
	return (in_port_t)port;
}

/* From 127.0.0.1 or ::1. */
static void
send_to(int family, in_port_t port, const void *octets, size_t length)
{
	struct sockaddr_in four = { .sin_family = AF_INET,
		                    .sin_port = htons(port),
		                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
		                    .sin6_port = htons(port),
		                    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int sender = socket(family, SOCK_DGRAM, 0);
	ssize_t sent =
		family == AF_INET
			? sendto(sender, octets, length, 0, (struct sockaddr *)&four, sizeof(four))
			: sendto(sender, octets, length, 0, (struct sockaddr *)&six, sizeof(six));

	g_assert_cmpint(sent, ==, length);
	close(sender);
}

static bool
has_ipv6(void)
{
	int descriptor = socket(AF_INET6, SOCK_DGRAM, 0);
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	bool has = descriptor >= 0 && bind(descriptor, (struct sockaddr *)&six, sizeof(six)) == 0;

	if (descriptor >= 0)
		close(descriptor);
	return has;
}

static size_t
receive(UdpListener *listener, const struct datagram **datagrams)
{
	struct pollfd fds[UDP_LISTENER_SOCKETS_MOST];

	udp_listener_poll_fds(listener, fds);
	poll(fds, udp_listener_count(listener), 2000);
	return udp_listener_receive(listener, 0, noon, datagrams);
}

static void
gives_what_was_sent_with_its_sender_and_time(void)
{
	g_autoptr(UdpListener) listener = open_at("127.0.0.1:0", 1 << 20);
	const struct datagram *datagrams;
	char text[HOST_ADDRESS_TEXT_SIZE];

	send_to(AF_INET, port_of(listener, 0), "hello", 5);
	g_assert_cmpuint(receive(listener, &datagrams), ==, 1);
	g_assert_cmpmem(datagrams[0].octets, (int)datagrams[0].length, "hello", 5);
	g_assert_cmpstr(host_address_format(&datagrams[0].exporter, text), ==, "127.0.0.1");
	g_assert_cmpuint(datagrams[0].exporter_port, !=, 0);
	g_assert_cmpint(datagrams[0].arrival.ms, ==, noon.ms);
	g_assert_cmpuint(udp_listener_receive(listener, 0, noon, &datagrams), ==, 0);
}

static void
an_ipv4_sender_has_the_same_address_at_a_dual_stack_socket(void)
{
	g_autoptr(UdpListener) listener = open_at("[::]:0", 1 << 20);
	const struct datagram *datagrams;
	char text[HOST_ADDRESS_TEXT_SIZE];

	send_to(AF_INET, port_of(listener, 0), "four", 4);
	g_assert_cmpuint(receive(listener, &datagrams), ==, 1);
	g_assert_cmpstr(host_address_format(&datagrams[0].exporter, text), ==, "127.0.0.1");
}

static void
takes_ipv6_senders(void)
{
	const struct datagram *datagrams;
	char text[HOST_ADDRESS_TEXT_SIZE];

	if (!has_ipv6()) {
		g_test_skip("no IPv6 here");
		return;
	}
	g_autoptr(UdpListener) listener = open_at("[::1]:0", 1 << 20);
	send_to(AF_INET6, port_of(listener, 0), "six", 3);
	g_assert_cmpuint(receive(listener, &datagrams), ==, 1);
	g_assert_cmpstr(host_address_format(&datagrams[0].exporter, text), ==, "::1");
}

static void
the_largest_datagram_comes_whole(void)
{
	g_autoptr(UdpListener) listener = open_at("127.0.0.1:0", 1 << 20);
	g_autofree char *octets = g_strnfill(65507, 'x');
	const struct datagram *datagrams;

	send_to(AF_INET, port_of(listener, 0), octets, 65507);
	g_assert_cmpuint(receive(listener, &datagrams), ==, 1);
	g_assert_cmpuint(datagrams[0].length, ==, 65507);
}

static void
batches_have_a_bound_and_lose_nothing(void)
{
	g_autoptr(UdpListener) listener = open_at("127.0.0.1:0", 1 << 20);
	in_port_t port = port_of(listener, 0);
	const struct datagram *datagrams;
	size_t count;
	guint next = 0;

	for (guint i = 0; i < 150; i++)
		send_to(AF_INET, port, &i, sizeof(i));
	while ((count = udp_listener_receive(listener, 0, noon, &datagrams)) > 0) {
		g_assert_cmpuint(count, <=, UDP_LISTENER_BATCH);
		for (size_t i = 0; i < count; i++, next++)
			g_assert_cmpmem(datagrams[i].octets, (int)datagrams[i].length, &next,
			                sizeof(next));
	}
	g_assert_cmpuint(next, ==, 150);
	g_assert_cmpuint(udp_listener_status(listener, 0).datagrams, ==, 150);
	g_assert_cmpuint(udp_listener_status(listener, 0).octets, ==, 150 * sizeof(next));
}

/* Datagrams of `length` octets, the last one perhaps of less, in one message.  False: the kernel
 * cannot. */
static bool
send_together(in_port_t port, const uint8_t *octets, size_t count, int length)
{
	struct sockaddr_in target = { .sin_family = AF_INET,
		                      .sin_port = htons(port),
		                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int sender = socket(AF_INET, SOCK_DGRAM, 0);
	bool sent = setsockopt(sender, SOL_UDP, UDP_SEGMENT, &length, sizeof(length)) == 0 &&
	            sendto(sender, octets, count, 0, (struct sockaddr *)&target, sizeof(target)) ==
	                    (ssize_t)count;

	close(sender);
	return sent;
}

static void
datagrams_sent_together_come_apart(void)
{
	enum { LENGTH = 90, TOGETHER = 40, MESSAGES = 30, SHORT = 17 };
	g_autoptr(UdpListener) listener = open_at("127.0.0.1:0", 1 << 22);
	in_port_t port = port_of(listener, 0);
	const struct datagram *datagrams;
	uint8_t octets[TOGETHER * LENGTH + SHORT];
	size_t next = 0;
	size_t count;

	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i / LENGTH);
	for (int i = 0; i < MESSAGES; i++) {
		send_to(AF_INET, port, "", 0);
		if (!send_together(port, octets, sizeof(octets), LENGTH)) {
			g_test_skip("no UDP_SEGMENT here");
			return;
		}
	}
	while ((count = udp_listener_receive(listener, 0, noon, &datagrams)) > 0) {
		for (size_t i = 0; i < count; i++, next++) {
			size_t number = next % (TOGETHER + 2); /* 0: the empty one */
			size_t length = number == 0 ? 0 : number == TOGETHER + 1 ? SHORT : LENGTH;
			g_assert_cmpuint(datagrams[i].length, ==, length);
			g_assert_cmpint(datagrams[i].arrival.ms, ==, noon.ms);
			g_assert_cmpuint(datagrams[i].exporter_port, !=, 0);
			if (length > 0)
				g_assert_cmpmem(datagrams[i].octets, (int)length,
				                octets + (number - 1) * LENGTH, (int)length);
		}
	}
	g_assert_cmpuint(next, ==, MESSAGES * (TOGETHER + 2));
	g_assert_cmpuint(udp_listener_status(listener, 0).datagrams, ==, next);
	g_assert_cmpuint(udp_listener_status(listener, 0).octets, ==, MESSAGES * sizeof(octets));
	g_assert_false(udp_listener_may_have_more(listener));
}

static void
received_and_dropped_are_what_was_sent(void)
{
	enum { SENT = 400 };
	g_autoptr(UdpListener) listener = open_at("127.0.0.1:0", 4096);
	g_autofree char *octets = g_strnfill(1400, 'x');
	in_port_t port = port_of(listener, 0);
	const struct datagram *datagrams;
	struct udp_socket_status status;

	for (int i = 0; i < SENT; i++)
		send_to(AF_INET, port, octets, 1400);
	while (udp_listener_receive(listener, 0, noon, &datagrams) > 0)
		;
	status = udp_listener_status(listener, 0);
	g_assert_cmpuint(status.dropped, >, 0);
	g_assert_cmpuint(status.datagrams + status.dropped, ==, SENT);
}

static void
binds_every_address_or_none(void)
{
	g_autoptr(UdpListener) first = open_at("127.0.0.1:0", 4096);
	struct udp_socket_status taken = udp_listener_status(first, 0);
	const char *const addresses[] = { "127.0.0.1:0", taken.address, NULL };
	g_autoptr(GError) error = NULL;

	g_assert_null(udp_listener_open(addresses, 4096, &error));
	g_assert_nonnull(strstr(error->message, taken.address));
}

/* One datagram from 127.0.0.`last`, from a port of its own. */
static void
send_from(uint8_t last, in_port_t port)
{
	struct sockaddr_in source = { .sin_family = AF_INET,
		                      .sin_addr.s_addr = htonl((INADDR_LOOPBACK & ~0xffU) | last) };
	struct sockaddr_in target = { .sin_family = AF_INET,
		                      .sin_port = htons(port),
		                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int sender = socket(AF_INET, SOCK_DGRAM, 0);

	g_assert_cmpint(bind(sender, (struct sockaddr *)&source, sizeof(source)), ==, 0);
	g_assert_cmpint(sendto(sender, "x", 1, 0, (struct sockaddr *)&target, sizeof(target)), ==,
	                1);
	close(sender);
}

static void
a_group_splits_exporters_and_never_one_exporter(void)
{
	enum { LISTENERS = 4, EXPORTERS = 100, PORTS = 5 };
	static const char *const texts[] = { "127.0.0.1:0", "[::]:0" };

	for (size_t t = 0; t < G_N_ELEMENTS(texts); t++) {
		const char *const addresses[] = { texts[t], NULL };
		UdpListener *listeners[LISTENERS];
		int owner[256] = { 0 };

		g_assert_true(
			udp_listener_open_group(addresses, 1 << 20, listeners, LISTENERS, NULL));
		for (int i = 0; i < EXPORTERS * PORTS; i++)
			send_from((uint8_t)(1 + i % EXPORTERS), port_of(listeners[0], 0));
		for (int i = 0; i < LISTENERS; i++) {
			const struct datagram *datagrams;
			size_t count;
			size_t sum = 0;
			while ((count = udp_listener_receive(listeners[i], 0, noon, &datagrams)) >
			       0) {
				for (size_t j = 0; j < count; j++) {
					int *of_exporter = &owner[datagrams[j].exporter.octets[15]];
					g_assert_true(*of_exporter == 0 || *of_exporter == i + 1);
					*of_exporter = i + 1;
				}
				sum += count;
			}
			g_assert_cmpuint(sum, >, EXPORTERS * PORTS / LISTENERS / 3);
			udp_listener_close(listeners[i]);
		}
		for (int i = 1; i <= EXPORTERS; i++)
			g_assert_cmpint(owner[i], !=, 0);
	}
}

static void
a_group_keeps_an_exporter_of_ipv6_together(void)
{
	enum { LISTENERS = 4, PORTS = 40 };
	const char *const addresses[] = { "[::1]:0", NULL };
	UdpListener *listeners[LISTENERS];
	size_t owners = 0;

	if (!has_ipv6()) {
		g_test_skip("no IPv6 here");
		return;
	}
	g_assert_true(udp_listener_open_group(addresses, 1 << 20, listeners, LISTENERS, NULL));
	for (int i = 0; i < PORTS; i++)
		send_to(AF_INET6, port_of(listeners[0], 0), "x", 1);
	for (int i = 0; i < LISTENERS; i++) {
		const struct datagram *datagrams;
		size_t count = udp_listener_receive(listeners[i], 0, noon, &datagrams);
		g_assert_true(count == 0 || count == PORTS);
		owners += count > 0;
		udp_listener_close(listeners[i]);
	}
	g_assert_cmpuint(owners, ==, 1);
}

static void
refuses_what_is_no_address_and_names_it(void)
{
	static const char *const texts[] = {
		"",          "127.0.0.1",   "127.0.0.1:",  "127.0.0.1:65536", "[::1]", "::1:2055",
		"[::1:2055", "router:2055", "127.0.0.1:x", ":2055",           "[]:1",  "[:1"
	};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		const char *const addresses[] = { texts[i], NULL };
		g_autoptr(GError) error = NULL;
		g_autofree char *quoted = g_strdup_printf("\"%s\"", texts[i]);

		g_assert_null(udp_listener_open(addresses, 4096, &error));
		g_assert_nonnull(strstr(error->message, quoted));
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/udp_listener/gives_what_was_sent_with_its_sender_and_time",
	                gives_what_was_sent_with_its_sender_and_time);
	g_test_add_func("/udp_listener/an_ipv4_sender_has_the_same_address_at_a_dual_stack_socket",
	                an_ipv4_sender_has_the_same_address_at_a_dual_stack_socket);
	g_test_add_func("/udp_listener/takes_ipv6_senders", takes_ipv6_senders);
	g_test_add_func("/udp_listener/the_largest_datagram_comes_whole",
	                the_largest_datagram_comes_whole);
	g_test_add_func("/udp_listener/batches_have_a_bound_and_lose_nothing",
	                batches_have_a_bound_and_lose_nothing);
	g_test_add_func("/udp_listener/datagrams_sent_together_come_apart",
	                datagrams_sent_together_come_apart);
	g_test_add_func("/udp_listener/received_and_dropped_are_what_was_sent",
	                received_and_dropped_are_what_was_sent);
	g_test_add_func("/udp_listener/binds_every_address_or_none", binds_every_address_or_none);
	g_test_add_func("/udp_listener/a_group_splits_exporters_and_never_one_exporter",
	                a_group_splits_exporters_and_never_one_exporter);
	g_test_add_func("/udp_listener/a_group_keeps_an_exporter_of_ipv6_together",
	                a_group_keeps_an_exporter_of_ipv6_together);
	g_test_add_func("/udp_listener/refuses_what_is_no_address_and_names_it",
	                refuses_what_is_no_address_and_names_it);
	return g_test_run();
}
