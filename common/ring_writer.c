#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fault.h"
#include "common/ring_layout.h"

enum { BIN_FIXED = offsetof(struct host_bin, touches) };

struct RingWriter {
	struct ring_files files;
	uint64_t epoch;
	uint64_t sequence;  /* of the last entry pushed */
	uint64_t head;      /* behind the last entry pushed */
	uint64_t published; /* what the reader can see */
	uint64_t tail;      /* the reader's, when last looked at and believed */
	uint64_t dropped;
	uint32_t woken; /* the reader's wait that was ended */
	unsigned mark;  /* the one to write next */
	int failure;    /* errno where the file found no room; 0: it has not failed */
};

static uint64_t
round_size(size_t size)
{
	uint64_t rounded = RING_SIZE_LEAST;

	while (rounded < size && rounded < RING_SIZE_MOST)
		rounded <<= 1;
	return rounded;
}

/* Takes up what an earlier writer left.  False: its head cannot be believed. */
static bool
resume(RingWriter *writer)
{
	struct ring_head *head = writer->files.head;
	uint64_t at = atomic_load(&head->head);
	uint64_t oldest = atomic_load(&head->oldest);

	if (at % RING_ALIGNMENT != 0 || oldest % RING_ALIGNMENT != 0 || oldest > at ||
	    at - oldest > writer->files.size)
		return false;
	for (unsigned i = 0; i < 2; i++) {
		if (atomic_load(&head->marks[i].head) != at)
			continue;
		writer->head = writer->published = at;
		writer->tail = oldest;
		writer->files.taken = MIN(at, writer->files.size);
		writer->sequence = atomic_load(&head->marks[i].sequence);
		writer->mark = 1 - i;
		return true;
	}
	return false;
}

static void
announce(RingWriter *writer)
{
	struct ring_head *head = writer->files.head;

	writer->epoch = atomic_load(&head->epoch) + 1;
	atomic_store(&head->epoch, writer->epoch);
	atomic_store(&head->dropped, 0);
	atomic_store(&head->writer_pid, (uint32_t)getpid());
	atomic_store(&head->writer_waits, 0);
}

RingWriter *
ring_open_writer(const char *directory, unsigned worker, size_t size, GError **error)
{
	g_autoptr(RingWriter) writer = g_new0(RingWriter, 1);

	writer->files = (struct ring_files){ .ring_fd = -1, .page_fd = -1 };
	if (!ring_files_open_writer(&writer->files, directory, worker, round_size(size), error))
		return NULL;
	if (!resume(writer)) {
		/* What is not believed is put out of the way: the next opening makes a ring anew.
		 */
		g_autofree char *path = g_strdup(writer->files.path);

		ring_files_close(&writer->files);
		unlink(path);
		if (!ring_files_open_writer(&writer->files, directory, worker, round_size(size),
		                            error))
			return NULL;
		if (!resume(writer)) {
			g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
			            "%s: somebody else writes to it", path);
			return NULL;
		}
	}
	announce(writer);
	return g_steal_pointer(&writer);
}

void
ring_close_writer(RingWriter *writer)
{
	if (writer == NULL)
		return;
	if (writer->files.head != NULL)
		ring_publish(writer);
	ring_files_close(&writer->files);
	g_free(writer);
}

/* Believes the reader's tail only when it is one that an honest reader could have. */
static void
look_at_tail(RingWriter *writer)
{
	const struct ring_page *page = writer->files.page;
	uint64_t tail;

	if (atomic_load_explicit(&page->identity, memory_order_acquire) != writer->files.identity)
		return;
	/* Acquire: the reader has finished with the room that we are about to reuse. */
	tail = atomic_load_explicit(&page->tail, memory_order_acquire);
	if (tail % RING_ALIGNMENT != 0 || tail < writer->tail || tail > writer->published)
		return;
	writer->tail = tail;
	atomic_store_explicit(&writer->files.head->oldest, tail, memory_order_release);
}

static uint64_t
room(const RingWriter *writer)
{
	return writer->files.size - (writer->head - writer->tail);
}

/* Field by field, where it stays: a copy of what was just written in pieces waits for them. */
static inline void
write_entry_head(RingWriter *writer, uint32_t type, size_t length, uint64_t sequence)
{
	uint8_t *at = writer->files.data + (writer->head & (writer->files.size - 1));
	struct ring_entry_head *entry = (struct ring_entry_head *)(void *)at;

	entry->length = (uint32_t)length;
	entry->type = type;
	entry->epoch = writer->epoch;
	entry->sequence = sequence;
}

bool
ring_set_aside(RingWriter *writer, GError **error)
{
	return ring_files_take_room(&writer->files, RING_PAGE + writer->files.size) ||
	       fault_system(error, "%s: cannot set its room aside", writer->files.path);
}

bool
ring_check(const RingWriter *writer, GError **error)
{
	if (writer->failure == 0)
		return true;
	errno = writer->failure;
	return fault_system(error, "%s: it finds no room", writer->files.path);
}

/* Does the file have its room up to this place? */
static bool
has_file_room(RingWriter *writer, uint64_t place)
{
	if (RING_PAGE + place <= writer->files.taken)
		return true;
	if (writer->failure == 0 && !ring_files_take_room(&writer->files, RING_PAGE + place))
		writer->failure = errno;
	return writer->failure == 0;
}

/* Makes an entry, and returns where its `length` octets go.  NULL: less than them and `spare` are
 * free, or the file has no room. */
static uint8_t *
push(RingWriter *writer, uint32_t type, size_t length, size_t spare)
{
	size_t size = ring_entry_size(length);
	size_t left = writer->files.size - (writer->head & (writer->files.size - 1));
	size_t padding = left < size ? left : 0;
	uint8_t *payload;

	if (padding + size + spare > room(writer)) {
		look_at_tail(writer);
		if (padding + size + spare > room(writer))
			return NULL;
	}
	if (!has_file_room(writer,
	                   padding > 0 ? writer->files.size : writer->files.size - left + size))
		return NULL;
	if (padding > 0) {
		write_entry_head(writer, RING_PADDING, padding - sizeof(struct ring_entry_head), 0);
		writer->head += padding;
	}
	write_entry_head(writer, type, length, ++writer->sequence);
	payload = writer->files.data + (writer->head & (writer->files.size - 1)) +
	          sizeof(struct ring_entry_head);
	writer->head += size;
	return payload;
}

bool
ring_push_bin(RingWriter *writer, int64_t export_ms, const struct host_bin *bin,
              const struct host_bin_extension *extension)
{
	struct ring_bin_head head = { .export_ms = export_ms, .dropped = writer->dropped };
	bool extended = bin->touch_count == HOST_BIN_EXTENDED;
	size_t tail_length =
		extended ? sizeof(*extension) : bin->touch_count * sizeof(struct host_touch);
	uint8_t *payload;

	g_assert(extended ? extension != NULL : bin->touch_count <= HOST_BIN_TOUCHES);
	payload = push(writer, RING_BIN, sizeof(head) + BIN_FIXED + tail_length, RING_RESERVE);
	if (payload == NULL)
		return false;
	memcpy(payload, &head, sizeof(head));
	memcpy(payload + sizeof(head), bin, BIN_FIXED);
	memcpy(payload + sizeof(head) + BIN_FIXED,
	       extended ? (const void *)extension : (const void *)bin->touches, tail_length);
	return true;
}

union host_cell *
ring_push_cells(RingWriter *writer, int64_t export_ms, const struct host_shares *shares)
{
	size_t length = sizeof(struct ring_shares_head) + shares->count * sizeof(*shares->cells);
	struct ring_shares_head *head;

	g_assert(shares->count <= HOST_SHARES_CELLS_MOST);
	head = (struct ring_shares_head *)(void *)push(writer, RING_SHARES, length, RING_RESERVE);
	if (head == NULL)
		return NULL;
	head->export_ms = export_ms;
	head->dropped = writer->dropped;
	head->host = shares->host;
	head->minute = shares->minute;
	head->lost = shares->lost;
	head->count = shares->count;
	return (union host_cell *)(void *)(head + 1);
}

bool
ring_push_shares(RingWriter *writer, int64_t export_ms, const struct host_shares *shares)
{
	union host_cell *cells = ring_push_cells(writer, export_ms, shares);

	if (cells == NULL)
		return false;
	memcpy(cells, shares->cells, shares->count * sizeof(*cells));
	return true;
}

static bool
push_octets(RingWriter *writer, uint32_t type, const void *octets, size_t length)
{
	uint8_t *payload = push(writer, type, length, 0);

	if (payload == NULL)
		return false;
	if (length > 0)
		memcpy(payload, octets, length);
	return true;
}

bool
ring_push_watermark(RingWriter *writer, const struct ring_watermark *watermark)
{
	return push_octets(writer, RING_WATERMARK, watermark, sizeof(*watermark));
}

bool
ring_push_counters(RingWriter *writer, const char *json)
{
	size_t length = strlen(json) + 1;

	return length <= RING_TEXT_MAX && push_octets(writer, RING_COUNTERS, json, length);
}

bool
ring_push_end(RingWriter *writer)
{
	return push_octets(writer, RING_END, NULL, 0);
}

void
ring_count_dropped(RingWriter *writer, uint64_t parts)
{
	writer->dropped += parts;
	atomic_store_explicit(&writer->files.head->dropped, writer->dropped, memory_order_relaxed);
}

void
ring_publish(RingWriter *writer)
{
	struct ring_head *head = writer->files.head;
	struct ring_mark *mark = &head->marks[writer->mark];
	uint32_t waits;

	if (writer->head == writer->published)
		return;
	/* First the mark, then the head that it belongs to: a kill in between leaves the other
	 * mark's pair whole. */
	atomic_store_explicit(&mark->head, writer->head, memory_order_relaxed);
	atomic_store_explicit(&mark->sequence, writer->sequence, memory_order_relaxed);
	writer->mark = 1 - writer->mark;
	writer->published = writer->head;
	/* The entries before the head that shows them. */
	atomic_store_explicit(&head->head, writer->head, memory_order_release);
	/*
	 * Sequentially consistent, as are the reader's load of it and store of its flag in between:
	 * we see that it is about to sleep, or its sleep sees that this has changed.
	 */
	atomic_fetch_add(&head->published, 1);
	waits = atomic_load(&writer->files.page->reader_waits);
	if (waits == 0 || waits == writer->woken)
		return;
	ring_wake(&head->published);
	writer->woken = waits;
}

/* Room for any entry, wherever the ring's end is. */
static bool
has_room(RingWriter *writer)
{
	const uint64_t enough = RING_RESERVE + 2 * ring_entry_size(sizeof(struct ring_bin));

	if (room(writer) < enough)
		look_at_tail(writer);
	return room(writer) >= enough;
}

bool
ring_wait_room(RingWriter *writer, int timeout_ms)
{
	struct ring_head *head = writer->files.head;
	uint32_t committed = atomic_load(&writer->files.page->committed);

	ring_publish(writer);
	atomic_store(&head->writer_waits, 1);
	if (!has_room(writer))
		ring_sleep(&writer->files.page->committed, committed, timeout_ms);
	atomic_store(&head->writer_waits, 0);
	return has_room(writer);
}

uint64_t
ring_writer_dropped(const RingWriter *writer)
{
	return writer->dropped;
}

size_t
ring_writer_used(RingWriter *writer)
{
	look_at_tail(writer);
	return writer->head - writer->tail;
}

size_t
ring_writer_size(const RingWriter *writer)
{
	return writer->files.size;
}

bool
ring_writer_has_reader(const RingWriter *writer)
{
	return ring_file_locked(writer->files.page_fd);
}

bool
ring_writer_stale(const RingWriter *writer)
{
	return ring_files_replaced(&writer->files);
}

struct ring_files *
ring_writer_files(RingWriter *writer)
{
	return &writer->files;
}
