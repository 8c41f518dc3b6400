#include "common/host_address.h"

#include <arpa/inet.h>

const char *
host_address_format(const struct host_address *address, char text[static HOST_ADDRESS_TEXT_SIZE])
{
	if (host_address_is_ipv4(address))
		return inet_ntop(AF_INET, address->octets + 12, text, HOST_ADDRESS_TEXT_SIZE);
	return inet_ntop(AF_INET6, address->octets, text, HOST_ADDRESS_TEXT_SIZE);
}

bool
host_address_parse(const char *text, struct host_address *address)
{
	struct in_addr ipv4;
	struct host_address ipv6;

	if (inet_pton(AF_INET, text, &ipv4) == 1) {
		*address = host_address_from_ipv4(ntohl(ipv4.s_addr));
		return true;
	}
	if (inet_pton(AF_INET6, text, ipv6.octets) != 1)
		return false;
	*address = ipv6;
	return true;
}
