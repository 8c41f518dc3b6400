#include <string.h>
#include <unistd.h>

#include "common/ring_layout.h"

enum { BIN_FIXED = offsetof(struct host_bin, touches) };

struct RingReader {
	struct ring_files files;
	uint64_t at;   /* behind the last entry popped or refused */
	uint64_t seen; /* the writer's head, when last looked at and believed */
	uint64_t bad_head;
	struct ring_position last; /* of the last entry popped, or where the reader began */
	bool synced;               /* last.sequence + 1 is what must come next */
	uint64_t missed;
	uint64_t refused;
	struct ring_bin bin;
	union host_cell cells[HOST_SHARES_CELLS_MOST];
	char text[RING_TEXT_MAX];
};

/* Looks at the writer's head.  One that cannot be right costs what lies before it, and is counted
 * once. */
static void
look_at_head(RingReader *reader)
{
	/* Acquire: what lies before the head is whole. */
	uint64_t head = atomic_load_explicit(&reader->files.head->head, memory_order_acquire);

	if (head == reader->bad_head)
		return;
	if (head % RING_ALIGNMENT == 0 && head >= reader->at &&
	    head - reader->at <= reader->files.size) {
		reader->seen = head;
		return;
	}
	reader->refused++;
	reader->synced = false;
	if (head % RING_ALIGNMENT == 0)
		reader->at = reader->seen = head;
	else
		reader->bad_head = head;
}

/*
 * Reads the head of the entry at `at`, each word once, since a broken writer could change it under
 * us.  False: it cannot be one.
 */
static bool
read_entry_head(const RingReader *reader, uint64_t at, struct ring_entry_head *entry)
{
	uint64_t place = at & (reader->files.size - 1);
	const uint64_t *words = (const void *)(reader->files.data + place);
	uint64_t first = __atomic_load_n(&words[0], __ATOMIC_RELAXED);
	uint64_t end;

	memcpy(entry, &first, sizeof(first)); /* length and type */
	entry->epoch = __atomic_load_n(&words[1], __ATOMIC_RELAXED);
	entry->sequence = __atomic_load_n(&words[2], __ATOMIC_RELAXED);
	end = ring_entry_size(entry->length);
	if (entry->type == RING_PADDING && end != reader->files.size - place)
		return false;
	return end <= reader->files.size - place && end <= reader->seen - at;
}

/* What follows cannot be read: goes on at the head, which is where an entry begins. */
static void
resync(RingReader *reader)
{
	reader->refused++;
	reader->at = reader->seen;
	reader->synced = false;
}

static bool
read_bin(RingReader *reader, const uint8_t *payload, size_t length)
{
	struct ring_bin_head head;
	struct host_bin *bin = &reader->bin.bin;
	bool extended;
	size_t tail_length;

	if (length < sizeof(head) + BIN_FIXED)
		return false;
	memcpy(&head, payload, sizeof(head));
	memcpy(bin, payload + sizeof(head), BIN_FIXED);
	memset(bin->touches, 0, sizeof(bin->touches));
	extended = bin->touch_count == HOST_BIN_EXTENDED;
	if (!extended && bin->touch_count > HOST_BIN_TOUCHES)
		return false;
	tail_length = extended ? sizeof(reader->bin.extension)
	                       : bin->touch_count * sizeof(struct host_touch);
	if (length != sizeof(head) + BIN_FIXED + tail_length)
		return false;
	memcpy(extended ? (void *)&reader->bin.extension : (void *)bin->touches,
	       payload + sizeof(head) + BIN_FIXED, tail_length);
	reader->bin.export_ms = head.export_ms;
	reader->bin.dropped = head.dropped;
	return host_bin_valid(bin, extended ? &reader->bin.extension : NULL);
}

static bool
read_shares(RingReader *reader, const uint8_t *payload, size_t length, struct ring_shares *shares)
{
	struct ring_shares_head head;

	if (length < sizeof(head))
		return false;
	memcpy(&head, payload, sizeof(head));
	if (head.count > HOST_SHARES_CELLS_MOST ||
	    length != sizeof(head) + head.count * sizeof(*reader->cells))
		return false;
	memcpy(reader->cells, payload + sizeof(head), length - sizeof(head));
	*shares = (struct ring_shares){
		.export_ms = head.export_ms,
		.dropped = head.dropped,
		.part = { head.host, head.minute, head.lost, head.count, reader->cells },
	};
	return host_shares_valid(&shares->part);
}

/* Copies the payload out and checks it. */
static bool
read_payload(RingReader *reader, const struct ring_entry_head *head, uint64_t at,
             struct ring_entry *entry)
{
	const uint8_t *payload =
		reader->files.data + (at & (reader->files.size - 1)) + sizeof(*head);

	*entry = (struct ring_entry){
		.type = (enum ring_entry_type)head->type,
		.position = { head->epoch, head->sequence },
	};
	switch (entry->type) {
	case RING_BIN:
		entry->bin = &reader->bin;
		return read_bin(reader, payload, head->length);
	case RING_WATERMARK:
		if (head->length != sizeof(entry->watermark))
			return false;
		memcpy(&entry->watermark, payload, sizeof(entry->watermark));
		return true;
	case RING_COUNTERS:
		if (head->length == 0 || head->length > sizeof(reader->text))
			return false;
		memcpy(reader->text, payload, head->length);
		reader->text[head->length - 1] = '\0';
		entry->counters = reader->text;
		return true;
	case RING_END:
		return head->length == 0;
	case RING_SHARES:
		return read_shares(reader, payload, head->length, &entry->shares);
	}
	return false;
}

/* Is the entry of this ring, and behind the last one? */
static bool
take_position(RingReader *reader, const struct ring_entry_head *entry)
{
	if (ring_epoch_identity(entry->epoch) != reader->files.identity || entry->sequence == 0)
		return false;
	if (reader->synced) {
		if (entry->sequence <= reader->last.sequence || entry->epoch < reader->last.epoch)
			return false;
		reader->missed += entry->sequence - reader->last.sequence - 1;
	}
	reader->last = (struct ring_position){ entry->epoch, entry->sequence };
	reader->synced = true;
	return true;
}

bool
ring_pop(RingReader *reader, struct ring_entry *entry)
{
	struct ring_entry_head head;

	if (reader->at == reader->seen)
		look_at_head(reader);
	while (reader->at != reader->seen) {
		uint64_t at = reader->at;

		if (!read_entry_head(reader, at, &head) ||
		    (head.type != RING_PADDING && !take_position(reader, &head))) {
			resync(reader);
			return false;
		}
		reader->at += ring_entry_size(head.length);
		if (head.type == RING_PADDING)
			continue;
		if (read_payload(reader, &head, at, entry))
			return true;
		reader->refused++;
	}
	return false;
}

/* Behind the last entry whose sequence is not above `sequence`, from `at` on. */
static uint64_t
skip_entries(const RingReader *reader, uint64_t at, uint64_t sequence)
{
	struct ring_entry_head head;

	while (at != reader->seen) {
		if (!read_entry_head(reader, at, &head) ||
		    (head.type != RING_PADDING && head.sequence > sequence))
			break;
		at += ring_entry_size(head.length);
	}
	return at;
}

static void
write_tail(RingReader *reader, uint64_t tail, struct ring_position position)
{
	struct ring_page *page = reader->files.page;

	atomic_store_explicit(&page->epoch, position.epoch, memory_order_relaxed);
	atomic_store_explicit(&page->sequence, position.sequence, memory_order_relaxed);
	/* As in ring_publish(): either the writer sees the tail, or we see that it waits. */
	atomic_store(&page->tail, tail);
	atomic_fetch_add(&page->committed, 1);
	if (atomic_load(&reader->files.head->writer_waits) != 0)
		ring_wake(&page->committed);
}

void
ring_commit(RingReader *reader, struct ring_position position)
{
	uint64_t tail = atomic_load_explicit(&reader->files.page->tail, memory_order_relaxed);

	/* What was refused behind the last entry is done with too. */
	if (position.sequence == reader->last.sequence)
		tail = reader->at;
	else if (position.sequence < reader->last.sequence)
		tail = skip_entries(reader, tail, position.sequence);
	write_tail(reader, tail, position);
}

/* Where to begin: the page's tail when it is about this ring and possible, else the oldest entry
 * there is. */
static uint64_t
first_tail(RingReader *reader)
{
	const struct ring_head *head = reader->files.head;
	const struct ring_page *page = reader->files.page;
	uint64_t oldest = atomic_load_explicit(&head->oldest, memory_order_acquire);
	uint64_t tail = atomic_load_explicit(&page->tail, memory_order_relaxed);

	if (page->magic == RING_PAGE_MAGIC && page->version == RING_VERSION &&
	    atomic_load(&page->identity) == reader->files.identity && tail % RING_ALIGNMENT == 0 &&
	    tail >= oldest && tail - oldest <= reader->files.size)
		return tail;
	return oldest;
}

static void
attach(RingReader *reader, struct ring_position from)
{
	struct ring_page *page = reader->files.page;
	uint64_t tail = first_tail(reader);

	reader->at = reader->seen = tail;
	reader->bad_head = UINT64_MAX;
	reader->last = from;
	look_at_head(reader);
	if (ring_epoch_identity(from.epoch) == reader->files.identity && from.sequence > 0) {
		reader->synced = true;
		reader->at = skip_entries(reader, reader->at, from.sequence);
	}
	/* The page is this ring's only once its tail is. */
	atomic_store(&page->identity, 0);
	page->magic = RING_PAGE_MAGIC;
	page->version = RING_VERSION;
	atomic_store(&page->reader_pid, (uint32_t)getpid());
	atomic_store(&page->reader_waits, 0);
	write_tail(reader, reader->at, from);
	atomic_store(&page->identity, reader->files.identity);
}

RingReader *
ring_open_reader(const char *directory, unsigned worker, struct ring_position from, GError **error)
{
	g_autoptr(RingReader) reader = g_new0(RingReader, 1);

	reader->files = (struct ring_files){ .ring_fd = -1, .page_fd = -1 };
	if (!ring_files_open_reader(&reader->files, directory, worker, error))
		return NULL;
	attach(reader, from);
	return g_steal_pointer(&reader);
}

void
ring_close_reader(RingReader *reader)
{
	if (reader == NULL)
		return;
	ring_files_close(&reader->files);
	g_free(reader);
}

size_t
ring_reader_held(const RingReader *reader)
{
	return reader->at - atomic_load_explicit(&reader->files.page->tail, memory_order_relaxed);
}

size_t
ring_reader_size(const RingReader *reader)
{
	return reader->files.size;
}

bool
ring_reader_has_entry(const RingReader *reader)
{
	uint64_t head = atomic_load_explicit(&reader->files.head->head, memory_order_acquire);

	return reader->at != head && head != reader->bad_head;
}

void
ring_wait_entries(RingReader *const *readers, size_t count, int timeout_ms)
{
	const _Atomic uint32_t *words[RING_WAIT_MOST];
	uint32_t values[RING_WAIT_MOST];
	bool any = false;

	count = MIN(count, RING_WAIT_MOST);
	for (size_t i = 0; i < count; i++) {
		const struct ring_head *head = readers[i]->files.head;

		words[i] = &head->published;
		values[i] = atomic_load(words[i]);
		if (readers[i]->at != readers[i]->seen)
			return;
	}
	for (size_t i = 0; i < count; i++) {
		atomic_store(&readers[i]->files.page->reader_waits, ring_wait_number(values[i]));
		any = any || atomic_load(&readers[i]->files.head->head) != readers[i]->seen;
	}
	if (!any && count == 1)
		ring_sleep(words[0], values[0], timeout_ms);
	else if (!any && count > 1)
		ring_sleep_on_all(words, values, count, timeout_ms);
	for (size_t i = 0; i < count; i++)
		atomic_store(&readers[i]->files.page->reader_waits, 0);
}

void
ring_wait_entry(RingReader *reader, int timeout_ms)
{
	ring_wait_entries(&reader, 1, timeout_ms);
}

uint64_t
ring_reader_missed(const RingReader *reader)
{
	return reader->missed;
}

uint64_t
ring_reader_refused(const RingReader *reader)
{
	return reader->refused;
}

bool
ring_reader_stale(const RingReader *reader)
{
	return ring_files_replaced(&reader->files);
}

bool
ring_reader_has_writer(const RingReader *reader)
{
	return ring_file_locked(reader->files.ring_fd);
}

struct ring_files *
ring_reader_files(RingReader *reader)
{
	return &reader->files;
}
