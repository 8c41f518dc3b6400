#include "tools/kenchi/record_traffic.h"

#include "tools/kenchi/json_text.h"

enum { TCP = 6, SECOND_MS = 1000, LONGEST_MS = 86400000 };

/* One direction of a record. */
struct booking {
	enum host_direction direction;
	uint64_t octets;
	uint64_t packets;
	int64_t start_ms;
	int64_t end_ms;
};

static uint64_t
counter(JsonObject *record, const char *name)
{
	double value = json_text_number(record, name, 0);

	return value > 0 ? (uint64_t)value : 0;
}

static bool
is_end(JsonObject *record, const char *name4, const char *name6, const struct host_address *host)
{
	const char *text = json_text_string(record, name4, NULL);
	struct host_address address;

	if (text == NULL)
		text = json_text_string(record, name6, "");
	return host_address_parse(text, &address) && host_address_equal(&address, host);
}

/* Packets of a record in its minutes: those that came until the end of each, the earlier ones taken
 * off. */
static void
book_packets(HostTraffic *traffic, const struct booking *booking)
{
	const int64_t minute_ms = HOST_BIN_MS;
	unsigned class = host_traffic_size_class(booking->octets / booking->packets);
	int64_t duration_ms = booking->end_ms - booking->start_ms + 1;
	uint64_t booked = 0;

	for (int64_t minute = booking->start_ms / minute_ms; minute <= booking->end_ms / minute_ms;
	     minute++) {
		int64_t elapsed_ms = MIN((minute + 1) * minute_ms - booking->start_ms, duration_ms);
		uint64_t until = (uint64_t)((double)booking->packets * (double)elapsed_ms /
		                            (double)duration_ms);

		if (elapsed_ms == duration_ms)
			until = booking->packets;
		if (until > booked)
			host_traffic_minute(traffic, minute)->packets[booking->direction][class] +=
				until - booked;
		booked = until;
	}
}

static void
book(HostTraffic *traffic, struct record_counts *counts, const struct booking *booking, bool tcp)
{
	if (booking->packets == 0 || booking->start_ms <= 0 ||
	    booking->end_ms < booking->start_ms || booking->end_ms - booking->start_ms > LONGEST_MS)
		return;
	counts->packets += booking->packets;
	counts->tcp_packets += tcp ? booking->packets : 0;
	book_packets(traffic, booking);
	host_traffic_add_octets(traffic, booking->end_ms / SECOND_MS, booking->direction,
	                        booking->octets);
}

static void
book_ends(HostTraffic *traffic, struct record_counts *counts, const struct host_address *host,
          JsonObject *record)
{
	bool tcp = (int)json_text_number(record, "protocolIdentifier", 0) == TCP;
	bool ends[2] = {
		[HOST_OUT] = is_end(record, "sourceIPv4Address", "sourceIPv6Address", host),
		[HOST_IN] =
			is_end(record, "destinationIPv4Address", "destinationIPv6Address", host),
	};

	counts->records += ends[HOST_OUT] || ends[HOST_IN];
	for (int direction = HOST_OUT; direction <= HOST_IN; direction++) {
		struct booking booking = {
			.direction = (enum host_direction)direction,
			.octets = counter(record, "octetDeltaCount"),
			.packets = counter(record, "packetDeltaCount"),
			.start_ms = (int64_t)counter(record, "flowStartMilliseconds"),
			.end_ms = (int64_t)counter(record, "flowEndMilliseconds"),
		};

		if (!ends[direction])
			continue;
		book(traffic, counts, &booking, tcp);
		booking.direction = direction == HOST_OUT ? HOST_IN : HOST_OUT;
		booking.octets = counter(record, "reverseOctetDeltaCount");
		booking.packets = counter(record, "reversePacketDeltaCount");
		book(traffic, counts, &booking, tcp);
	}
}

bool
record_traffic_add(HostTraffic *traffic, struct record_counts *counts,
                   const struct host_address *host, const char *line)
{
	JsonNode *node = json_text_parse(line);
	bool object = node != NULL && JSON_NODE_HOLDS_OBJECT(node);

	if (object)
		book_ends(traffic, counts, host, json_node_get_object(node));
	if (node != NULL)
		json_node_unref(node);
	return object;
}
