/*
 * A minute of a host without its zeros: most of a bin is zero, and a host's past is kept for many
 * minutes.
 *
 * Word by word (of eight octets): for each eight words an octet that tells which are not zero, for
 * each of these an octet that tells which octets are not zero, then those.  Fields that start at
 * another value than zero are told as the difference. What an older minute is asked for comes
 * first, so that the rest need not be unpacked. What is packed is this process's own and is not
 * checked again.
 *
 * Threads: pure functions.
 */
#ifndef DETECTOR_MINUTE_PACK_H
#define DETECTOR_MINUTE_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "common/host_bin.h"

/* No packed minute is longer. */
enum {
	MINUTE_PACK_MOST = (sizeof(struct host_bin) + sizeof(struct host_bin_extension)) / 8 * 9 +
	                   (sizeof(struct host_bin) + sizeof(struct host_bin_extension)) / 64 + 64
};

/* Host and minute are left out.  `extension` is read when the bin is extended.  Returns the length.
 */
size_t minute_pack(const struct host_bin *bin, const struct host_bin_extension *extension,
                   uint8_t packed[static MINUTE_PACK_MOST]);

/* How much of an extension is unpacked; the rest is as in an empty one. */
enum minute_depth {
	MINUTE_SENT,   /* its field `sent` */
	MINUTE_SAMPLE, /* and its sample */
	MINUTE_ALL,
};

/* The bin but for host and minute, which stay as they are.  `extension` is written when it was
 * extended. */
void minute_unpack(const uint8_t *packed, struct host_bin *bin,
                   struct host_bin_extension *extension, enum minute_depth depth);

#endif
