/*
 * Receives datagrams of a UDP port of 127.0.0.1 and looks at none of them: the least that any
 * collector costs. receive_only PORT RECEIVE_BUFFER.  Those that the kernel put together stay so.
 * Ends at SIGTERM, and prints how many octets came.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { BATCH = 64, MESSAGE_OCTETS = 65536 };

static volatile sig_atomic_t stopped;

static void
stop(int number)
{
	(void)number;
	stopped = 1;
}

static int
open_socket(const char *port, const char *buffer)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		                       .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
		                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int octets = (int)strtol(buffer, NULL, 10);
	int on = 1;

	if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&address, sizeof(address)) != 0)
		return -1;
	(void)setsockopt(descriptor, IPPROTO_UDP, UDP_GRO, &on, sizeof(on));
	if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof(octets)) != 0)
		(void)setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &octets, sizeof(octets));
	return descriptor;
}

int
main(int argc, char **argv)
{
	static char octets[BATCH][MESSAGE_OCTETS];
	static struct mmsghdr messages[BATCH];
	static struct iovec pieces[BATCH];
	const struct sigaction action = { .sa_handler = stop };
	uint64_t sum = 0;
	int descriptor = argc == 3 ? open_socket(argv[1], argv[2]) : -1;
	int taken;

	if (descriptor < 0) {
		perror("receive_only PORT RECEIVE_BUFFER");
		return 2;
	}
	sigaction(SIGTERM, &action, NULL);
	for (size_t i = 0; i < BATCH; i++) {
		pieces[i] = (struct iovec){ octets[i], MESSAGE_OCTETS };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &pieces[i], .msg_iovlen = 1 };
	}
	while (!stopped) {
		taken = recvmmsg(descriptor, messages, BATCH, MSG_WAITFORONE, NULL);
		if (taken < 0 && errno != EINTR)
			return 1;
		for (int i = 0; i < taken; i++)
			sum += messages[i].msg_len;
	}
	printf("%" PRIu64 " octets\n", sum);
	return EXIT_SUCCESS;
}
