#include "common/host_bin.h"

#include <stddef.h>
#include <string.h>

#include "common/keyed_hash.h"
#include "common/merge_row.h"

/* Octets of the fields of each struct: what is undefined must not travel through shared memory. */
enum {
	BASE_OCTETS = 0
#define BASE(type, name, count, unit, merge, meaning) +sizeof(type) * (count)
#define EXTENSION(type, name, count, unit, merge, meaning)
#include "schemas/host_bin.def"
#undef BASE
#undef EXTENSION
	,
	EXTENSION_OCTETS = 0
#define BASE(type, name, count, unit, merge, meaning)
#define EXTENSION(type, name, count, unit, merge, meaning) +sizeof(type) * (count)
#include "schemas/host_bin.def"
#undef BASE
#undef EXTENSION
};

_Static_assert(sizeof(struct host_bin) == 384, "six cache lines: what a quiet host costs");
_Static_assert(offsetof(struct host_bin, padding) == 24 + BASE_OCTETS,
               "no padding between the fields");
_Static_assert(offsetof(struct host_bin, touches) + HOST_BIN_TOUCHES * sizeof(struct host_touch) ==
                       sizeof(struct host_bin),
               "no padding at the end");
_Static_assert(sizeof(struct host_bin_extension) ==
                       EXTENSION_OCTETS + HOST_BIN_SAMPLED_PEERS * sizeof(struct host_peer) +
                               HOST_BIN_LARGEST_RECORDS * sizeof(struct host_record),
               "no padding in shared memory");

void
host_bin_init(struct host_bin *into, const struct host_address *host, uint32_t minute)
{
	memset(into, 0, sizeof(*into));
	into->host = *host;
	into->minute = minute;
#define BASE(type, name, count, unit, merge, meaning) START_ROW(type, name, count, merge)
#define EXTENSION(type, name, count, unit, merge, meaning)
#include "schemas/host_bin.def"
#undef BASE
#undef EXTENSION
}

void
host_bin_merge_base(struct host_bin *into, const struct host_bin *other)
{
#define BASE(type, name, count, unit, merge, meaning) MERGE_ROW(type, name, count, merge)
#define EXTENSION(type, name, count, unit, merge, meaning)
#include "schemas/host_bin.def"
#undef BASE
#undef EXTENSION
}

/* True: the touch has been put in its place among the kept ones. */
static bool
keep_touch(struct host_bin *bin, const struct host_touch *touch)
{
	size_t at = bin->touch_count;

	if (at >= HOST_BIN_TOUCHES)
		return false;
	for (; at > 0 && memcmp(touch, &bin->touches[at - 1], sizeof(*touch)) < 0; at--)
		bin->touches[at] = bin->touches[at - 1];
	bin->touches[at] = *touch;
	bin->touch_count++;
	return true;
}

void
host_bin_extend(struct host_bin *bin, struct host_bin_extension *extension, uint64_t key)
{
	if (bin->touch_count == HOST_BIN_EXTENDED)
		return;
	for (size_t i = 0; i < bin->touch_count; i++)
		host_detail_fold(extension, &bin->touches[i], key);
	memset(bin->touches, 0, sizeof(bin->touches));
	bin->touch_count = HOST_BIN_EXTENDED;
}

bool
host_bin_touch(struct host_bin *bin, struct host_bin_extension *extension,
               const struct host_touch *touch, uint64_t key)
{
	if (extension == NULL)
		return keep_touch(bin, touch);
	host_bin_extend(bin, extension, key);
	host_detail_fold(extension, touch, key);
	return true;
}

bool
host_bin_merge_extends(const struct host_bin *into, const struct host_bin *other)
{
	if (into->touch_count == HOST_BIN_EXTENDED)
		return false;
	return other->touch_count == HOST_BIN_EXTENDED ||
	       into->touch_count + other->touch_count > HOST_BIN_TOUCHES;
}

void
host_bin_merge(struct host_bin *into, struct host_bin_extension *extension,
               const struct host_bin *other, const struct host_bin_extension *other_extension,
               uint64_t key)
{
	if (host_bin_merge_extends(into, other))
		host_bin_extend(into, extension, key);
	host_bin_merge_base(into, other);
	if (other->touch_count == HOST_BIN_EXTENDED) {
		host_detail_merge(extension, other_extension);
		return;
	}
	for (size_t i = 0; i < other->touch_count; i++) {
		if (into->touch_count == HOST_BIN_EXTENDED)
			host_detail_fold(extension, &other->touches[i], key);
		else
			keep_touch(into, &other->touches[i]);
	}
}

#define STRING(value) #value
#define ROW(part, type, name, count, merge)                                                        \
	part " " #type " " #name " " STRING(count) " " #merge "\n"

uint64_t
host_bin_layout(void)
{
	static const char rows[] =
#define BASE(type, name, count, unit, merge, meaning) ROW("base", type, name, count, merge)
#define EXTENSION(type, name, count, unit, merge, meaning)                                         \
	ROW("extension", type, name, count, merge)
#include "schemas/host_bin.def"
#undef BASE
#undef EXTENSION
#define SHAPE(...) "shape " #__VA_ARGS__ "\n"
#include "schemas/touch_shapes.def"
#undef SHAPE
		;
	static const uint32_t shape[] = {
		HOST_BIN_VERSION,
		HOST_BIN_MS,
		HOST_BIN_TOUCHES,
		HOST_BIN_SAMPLED_PEERS,
		HOST_BIN_LARGEST_RECORDS,
		sizeof(struct host_bin),
		sizeof(struct host_bin_extension),
		sizeof(struct host_touch),
		sizeof(struct host_peer),
		sizeof(struct host_record),
		1, /* in host byte order: another order gives another number */
	};

	return keyed_hash_octets(rows, sizeof(rows), keyed_hash_octets(shape, sizeof(shape), 0));
}

static bool
touch_valid(const struct host_touch *touch)
{
	return touch->first_quarter <= touch->last_quarter &&
	       touch->last_quarter < HOST_BIN_QUARTERS &&
	       (touch->kinds & ~(TOUCH_ALL_KINDS | TOUCH_SHAPES)) == 0 &&
	       host_touch_shape(touch->kinds) < TOUCH_SHAPE_NUMBERS;
}

static bool
base_valid(const struct host_bin *bin)
{
	static const struct host_touch nothing;
	size_t count = bin->touch_count == HOST_BIN_EXTENDED ? 0 : bin->touch_count;

	if (count > HOST_BIN_TOUCHES || bin->unused != 0 || bin->padding[0] != 0 ||
	    bin->padding[1] != 0)
		return false;
	if (bin->latest_ms[0] >= HOST_BIN_MS || bin->directions[0] > 3)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!touch_valid(&bin->touches[i]))
			return false;
		if (i > 0 &&
		    memcmp(&bin->touches[i - 1], &bin->touches[i], sizeof(struct host_touch)) > 0)
			return false;
	}
	for (size_t i = count; i < HOST_BIN_TOUCHES; i++)
		if (memcmp(&bin->touches[i], &nothing, sizeof(nothing)) != 0)
			return false;
	return true;
}

bool
host_bin_valid(const struct host_bin *bin, const struct host_bin_extension *extension)
{
	if (!base_valid(bin) || (extension != NULL) != (bin->touch_count == HOST_BIN_EXTENDED))
		return false;
	if (extension == NULL)
		return true;
	return host_detail_valid(extension);
}

enum host_port_class
host_port_class(uint16_t port)
{
	switch (port) {
	case 53:
	case 5353:
	case 5355:
		return PORT_CLASS_DNS;
	case 25:
	case 465:
	case 587:
		return PORT_CLASS_SMTP;
	case 80:
	case 443:
	case 8080:
		return PORT_CLASS_WEB;
	case 135:
	case 137:
	case 138:
	case 139:
	case 445:
		return PORT_CLASS_SMB;
	case 22:
	case 23:
	case 2323:
	case 3389:
		return PORT_CLASS_SHELL;
	case 6697:
	case 7000:
		return PORT_CLASS_IRC;
	default:
		if (port >= 6660 && port <= 6669)
			return PORT_CLASS_IRC;
		return port < 1024 ? PORT_CLASS_LOW : PORT_CLASS_OTHER;
	}
}
