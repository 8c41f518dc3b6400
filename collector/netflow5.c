#include "collector/netflow5.h"

#include <glib.h>

enum {
	SAMPLING_INTERVAL_MASK = 0x3fff, /* the top two bits are the mode */
	UNREAD = 0,                      /* no Information Element has id 0 */
};

bool
netflow5_read_header(struct wire_reader *reader, struct netflow5_header *header)
{
	uint32_t export_s, export_ns;

	wire_skip(reader, 2); /* version */
	header->record_count = wire_read_u16(reader);
	header->uptime_ms = wire_read_u32(reader);
	export_s = wire_read_u32(reader);
	export_ns = wire_read_u32(reader);
	header->export_time.ms = (int64_t)export_s * 1000 + export_ns / 1000000;
	header->sequence = wire_read_u32(reader);
	header->engine = wire_read_u16(reader);
	header->sampling_interval = wire_read_u16(reader) & SAMPLING_INTERVAL_MASK;
	return !wire_failed(reader);
}

TemplatePlan *
netflow5_plan(void)
{
	/* A record in the words of a Template: element and length. */
	static const struct template_field fields[] = {
		{ 0, 8, 4 },      /* sourceIPv4Address */
		{ 0, 12, 4 },     /* destinationIPv4Address */
		{ 0, UNREAD, 4 }, /* next hop */
		{ 0, 10, 2 },     /* ingressInterface */
		{ 0, 14, 2 },     /* egressInterface */
		{ 0, 2, 4 },      /* packetDeltaCount */
		{ 0, 1, 4 },      /* octetDeltaCount */
		{ 0, 22, 4 },     /* flowStartSysUpTime */
		{ 0, 21, 4 },     /* flowEndSysUpTime */
		{ 0, 7, 2 },      /* sourceTransportPort */
		{ 0, 11, 2 },     /* destinationTransportPort */
		{ 0, UNREAD, 1 }, /* padding */
		{ 0, 6, 1 },      /* tcpControlBits */
		{ 0, 4, 1 },      /* protocolIdentifier */
		{ 0, UNREAD, 9 }, /* ToS, AS numbers, masks, padding */
	};

	return template_plan_new(fields, G_N_ELEMENTS(fields));
}
