#include "collector/udp_listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fault.h"

enum {
	DATAGRAM_OCTETS_MOST = 65536,
	/* Datagrams do not begin at the same place of a page: they would share few lines of the
	   cache. */
	PLACE_OCTETS = DATAGRAM_OCTETS_MOST + 256,
};

union address {
	struct sockaddr any;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
};

/* Room for what the kernel tells beside a datagram: the length of those that it put together. */
union control {
	char octets[CMSG_SPACE(sizeof(int))];
	struct cmsghdr aligned;
};

struct udp_socket {
	int descriptor;
	uint32_t kernel_drops; /* as last seen; the kernel's counter has 32 bits */
	struct udp_socket_status status;
};

struct UdpListener {
	size_t count;
	struct udp_socket sockets[UDP_LISTENER_SOCKETS_MOST];
	/* One place for each message of a batch; a page that no message has reached takes no
	 * memory. */
	uint8_t *room;
	union address sources[UDP_LISTENER_BATCH];
	union control controls[UDP_LISTENER_BATCH];
	struct iovec vectors[UDP_LISTENER_BATCH];
	struct mmsghdr messages[UDP_LISTENER_BATCH];
	unsigned wanted; /* messages at a time, that a batch of datagrams may be in */
	bool has_more;
	GArray *datagrams; /* struct datagram, of the batch */
};

static bool
parse_port(const char *text, in_port_t *port)
{
	guint64 number;

	if (!g_ascii_string_to_unsigned(text, 10, 0, UINT16_MAX, &number, NULL))
		return false;
	*port = htons((uint16_t)number);
	return true;
}

/* "ADDRESS:PORT" or "[ADDRESS]:PORT" */
static bool
parse_address(const char *text, union address *address, GError **error)
{
	g_autofree char *copy = g_strdup(text);
	char *colon = strrchr(copy, ':');
	size_t length;

	*address = (union address){ 0 };
	if (colon != NULL) {
		*colon = '\0';
		length = strlen(copy);
		if (copy[0] == '[' && copy[length - 1] == ']') {
			copy[length - 1] = '\0';
			address->ipv6.sin6_family = AF_INET6;
			if (inet_pton(AF_INET6, copy + 1, &address->ipv6.sin6_addr) == 1 &&
			    parse_port(colon + 1, &address->ipv6.sin6_port))
				return true;
		}
		address->ipv4.sin_family = AF_INET;
		if (inet_pton(AF_INET, copy, &address->ipv4.sin_addr) == 1 &&
		    parse_port(colon + 1, &address->ipv4.sin_port))
			return true;
	}
	return fault_input(error,
	                   "\"%s\" is no address to listen on (such as 0.0.0.0:2055 or [::]:2055)",
	                   text);
}

static socklen_t
address_length(const union address *address)
{
	return address->any.sa_family == AF_INET ? sizeof(address->ipv4) : sizeof(address->ipv6);
}

static void
format_address(const union address *address, char *text, size_t size)
{
	char host[INET6_ADDRSTRLEN] = "";

	if (address->any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &address->ipv4.sin_addr, host, sizeof(host));
		g_snprintf(text, (gulong)size, "%s:%u", host, ntohs(address->ipv4.sin_port));
	} else {
		inet_ntop(AF_INET6, &address->ipv6.sin6_addr, host, sizeof(host));
		g_snprintf(text, (gulong)size, "[%s]:%u", host, ntohs(address->ipv6.sin6_port));
	}
}

/* Beyond the system's limit when the process may, else as near as the kernel lets. */
static void
ask_for_buffer(int descriptor, int64_t octets)
{
	int wanted = (int)MIN(octets, INT32_MAX / 2);

	if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof(wanted)) != 0)
		(void)setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof(wanted));
}

static int
new_socket(sa_family_t family)
{
	return socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* An IPv6 socket takes IPv4 too; where there is no IPv6, "any address" becomes that of IPv4. */
static int
open_socket(union address *address)
{
	int off = 0;
	int descriptor = new_socket(address->any.sa_family);
	bool any = address->any.sa_family == AF_INET6 &&
	           IN6_IS_ADDR_UNSPECIFIED(&address->ipv6.sin6_addr);

	if (descriptor < 0 && errno == EAFNOSUPPORT && any) {
		in_port_t port = address->ipv6.sin6_port;
		*address = (union address){ .ipv4 = { .sin_family = AF_INET, .sin_port = port } };
		return new_socket(AF_INET);
	}
	if (descriptor >= 0 && address->any.sa_family == AF_INET6)
		(void)setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	return descriptor;
}

/* Could the address be bound alone?  With SO_REUSEPORT another program of the same user would be
 * joined unseen. */
static bool
is_free(const union address *address)
{
	int off = 0;
	int descriptor = socket(address->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool is_bound;
	int number;

	if (descriptor < 0)
		return false;
	if (address->any.sa_family == AF_INET6)
		(void)setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	is_bound = bind(descriptor, &address->any, address_length(address)) == 0;
	number = errno;
	close(descriptor);
	errno = number;
	return is_bound;
}

/* Sockets of a group share addresses: `share` is whether this is one, `first` whether it is the
 * group's first. */
struct binding {
	int64_t buffer_octets;
	bool share;
	bool first;
};

static bool
bind_socket(UdpListener *listener, const char *text, const struct binding *binding, GError **error)
{
	struct udp_socket *udp = &listener->sockets[listener->count];
	int on = 1;
	union address address;
	socklen_t length = sizeof(address);
	socklen_t size = sizeof(udp->status.buffer_octets);

	if (!parse_address(text, &address, error))
		return false;
	udp->descriptor = open_socket(&address);
	if (udp->descriptor < 0)
		return fault_system(error, "cannot listen on %s", text);
	++listener->count; /* from now on it is closed with the listener */
	ask_for_buffer(udp->descriptor, binding->buffer_octets);
	/* Kernels before 5.0 put nothing together. */
	(void)setsockopt(udp->descriptor, IPPROTO_UDP, UDP_GRO, &on, sizeof(on));
	if (binding->share &&
	    ((binding->first && !is_free(&address)) ||
	     setsockopt(udp->descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0))
		return fault_system(error, "cannot listen on %s", text);
	if (bind(udp->descriptor, &address.any, address_length(&address)) != 0 ||
	    getsockname(udp->descriptor, &address.any, &length) != 0)
		return fault_system(error, "cannot listen on %s", text);
	format_address(&address, udp->status.address, sizeof(udp->status.address));
	(void)getsockopt(udp->descriptor, SOL_SOCKET, SO_RCVBUF, &udp->status.buffer_octets, &size);
	return true;
}

static bool
prepare_batch(UdpListener *listener, GError **error)
{
	size_t size = (size_t)UDP_LISTENER_BATCH * PLACE_OCTETS;
	void *room = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED)
		return fault_system(error, "cannot get memory for datagrams");
	listener->room = room;
	listener->wanted = UDP_LISTENER_BATCH;
	listener->datagrams = g_array_new(false, false, sizeof(struct datagram));
	for (size_t i = 0; i < UDP_LISTENER_BATCH; i++) {
		listener->vectors[i].iov_base = listener->room + i * PLACE_OCTETS;
		listener->vectors[i].iov_len = DATAGRAM_OCTETS_MOST;
		listener->messages[i].msg_hdr = (struct msghdr){ .msg_name = &listener->sources[i],
			                                         .msg_iov = &listener->vectors[i],
			                                         .msg_iovlen = 1 };
	}
	return true;
}

bool
udp_listener_check(const char *const *addresses, GError **error)
{
	union address address;

	for (size_t i = 0; addresses[i] != NULL; i++) {
		if (!parse_address(addresses[i], &address, error))
			return false;
		if (i == UDP_LISTENER_SOCKETS_MOST)
			return fault_input(error, "cannot listen on %s: at most %d addresses",
			                   addresses[i], UDP_LISTENER_SOCKETS_MOST);
	}
	return true;
}

static UdpListener *
open_listener(const char *const *addresses, const struct binding *binding, GError **error)
{
	g_autoptr(UdpListener) listener = g_new0(UdpListener, 1);

	if (!udp_listener_check(addresses, error) || !prepare_batch(listener, error))
		return NULL;
	for (size_t i = 0; addresses[i] != NULL; i++) {
		if (!bind_socket(listener, addresses[i], binding, error))
			return NULL;
	}
	return g_steal_pointer(&listener);
}

UdpListener *
udp_listener_open(const char *const *addresses, int64_t buffer_octets, GError **error)
{
	struct binding binding = { .buffer_octets = buffer_octets };

	return open_listener(addresses, &binding, error);
}

/*
 * The kernel's choice among `count` sockets of a group, in the order of their binding, from the
 * source address alone: the words of the address folded, mixed by a multiplication (Fibonacci
 * hashing) and taken modulo `count`.
 */
static bool
steer_by_source(int descriptor, uint32_t count)
{
	enum { IPV4_SOURCE = 12, IPV6_SOURCE = 8 };
	const uint32_t net = (uint32_t)SKF_NET_OFF;
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, net),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 6, 2, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, net + IPV4_SOURCE),
		BPF_JUMP(BPF_JMP | BPF_JA, 10, 0, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, net + IPV6_SOURCE),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, net + IPV6_SOURCE + 4),
		BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, net + IPV6_SOURCE + 8),
		BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, net + IPV6_SOURCE + 12),
		BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
		BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 0x9e3779b1),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 12),
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, count),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	struct sock_fprog filter = { G_N_ELEMENTS(program), program };

	return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter,
	                  sizeof(filter)) == 0;
}

static bool
steer_group(const UdpListener *first, size_t count, GError **error)
{
	for (size_t i = 0; i < first->count; i++) {
		if (!steer_by_source(first->sockets[i].descriptor, (uint32_t)count))
			return fault_system(error, "cannot share %s among workers",
			                    first->sockets[i].status.address);
	}
	return true;
}

bool
udp_listener_open_group(const char *const *addresses, int64_t buffer_octets,
                        UdpListener **listeners, size_t count, GError **error)
{
	const char *bound[UDP_LISTENER_SOCKETS_MOST + 1] = { NULL };
	struct binding binding = { .buffer_octets = buffer_octets,
		                   .share = count > 1,
		                   .first = true };
	size_t opened = 0;

	for (; opened < count; opened++) {
		listeners[opened] = open_listener(opened == 0 ? addresses : bound, &binding, error);
		if (listeners[opened] == NULL)
			break;
		/* Those that follow bind what the first one got: ports that were 0, too. */
		for (size_t i = 0; i < listeners[0]->count; i++)
			bound[i] = listeners[0]->sockets[i].status.address;
		binding.first = false;
	}
	if (opened == count && (count == 1 || steer_group(listeners[0], count, error)))
		return true;
	while (opened > 0)
		g_clear_pointer(&listeners[--opened], udp_listener_close);
	return false;
}

void
udp_listener_close(UdpListener *listener)
{
	if (listener == NULL)
		return;
	for (size_t i = 0; i < listener->count; i++)
		close(listener->sockets[i].descriptor);
	if (listener->room != NULL)
		munmap(listener->room, (size_t)UDP_LISTENER_BATCH * PLACE_OCTETS);
	if (listener->datagrams != NULL)
		g_array_unref(listener->datagrams);
	g_free(listener);
}

size_t
udp_listener_count(const UdpListener *listener)
{
	return listener->count;
}

void
udp_listener_poll_fds(const UdpListener *listener, struct pollfd *fds)
{
	for (size_t i = 0; i < listener->count; i++)
		fds[i] = (struct pollfd){ .fd = listener->sockets[i].descriptor, .events = POLLIN };
}

static void
set_source(struct datagram *datagram, const union address *source)
{
	if (source->any.sa_family == AF_INET) {
		datagram->exporter = host_address_from_ipv4(ntohl(source->ipv4.sin_addr.s_addr));
		datagram->exporter_port = ntohs(source->ipv4.sin_port);
	} else {
		memcpy(datagram->exporter.octets, &source->ipv6.sin6_addr,
		       sizeof(datagram->exporter.octets));
		datagram->exporter_port = ntohs(source->ipv6.sin6_port);
	}
}

/* How long each datagram of a message is but the last, which may be shorter. */
static size_t
datagram_length(struct mmsghdr *message)
{
	struct cmsghdr *told = CMSG_FIRSTHDR(&message->msg_hdr);
	int length = 0;

	if (told != NULL && told->cmsg_level == SOL_UDP && told->cmsg_type == UDP_GRO)
		memcpy(&length, CMSG_DATA(told), sizeof(length));
	return length > 0 ? (size_t)length : message->msg_len;
}

static void
split_message(UdpListener *listener, size_t index, struct wall_time arrival)
{
	struct mmsghdr *message = &listener->messages[index];
	size_t length = datagram_length(message);
	size_t at = 0;
	struct datagram datagram = { .arrival = arrival };

	set_source(&datagram, &listener->sources[index]);
	do {
		datagram.octets = (const uint8_t *)listener->vectors[index].iov_base + at;
		datagram.length = MIN(length, message->msg_len - at);
		g_array_append_val(listener->datagrams, datagram);
		at += length;
	} while (at < message->msg_len);
}

/* Messages into which the kernel put many datagrams would leave the caches before they are read. */
static void
choose_wanted(UdpListener *listener, size_t messages)
{
	listener->wanted =
		(unsigned)MAX(1, UDP_LISTENER_BATCH * messages / listener->datagrams->len);
}

size_t
udp_listener_receive(UdpListener *listener, size_t index, struct wall_time arrival,
                     const struct datagram **datagrams)
{
	struct udp_socket *udp = &listener->sockets[index];
	unsigned wanted = listener->wanted;
	int count;

	for (size_t i = 0; i < wanted; i++) {
		struct msghdr *head = &listener->messages[i].msg_hdr;

		head->msg_namelen = sizeof(listener->sources[i]);
		head->msg_control = &listener->controls[i];
		head->msg_controllen = sizeof(listener->controls[i]);
	}
	g_array_set_size(listener->datagrams, 0);
	count = recvmmsg(udp->descriptor, listener->messages, wanted, MSG_DONTWAIT, NULL);
	listener->has_more = count == (int)wanted;
	if (count <= 0)
		return 0;
	for (size_t i = 0; i < (size_t)count; i++) {
		split_message(listener, i, arrival);
		udp->status.octets += listener->messages[i].msg_len;
	}
	choose_wanted(listener, (size_t)count);
	udp->status.datagrams += listener->datagrams->len;
	*datagrams = (const struct datagram *)(void *)listener->datagrams->data;
	return listener->datagrams->len;
}

bool
udp_listener_may_have_more(const UdpListener *listener)
{
	return listener->has_more;
}

struct udp_socket_status
udp_listener_status(UdpListener *listener, size_t index)
{
	struct udp_socket *udp = &listener->sockets[index];
	uint32_t memory[SK_MEMINFO_VARS] = { 0 };
	socklen_t size = sizeof(memory);

	if (getsockopt(udp->descriptor, SOL_SOCKET, SO_MEMINFO, memory, &size) == 0) {
		udp->status.dropped += memory[SK_MEMINFO_DROPS] - udp->kernel_drops;
		udp->kernel_drops = memory[SK_MEMINFO_DROPS];
	}
	return udp->status;
}
