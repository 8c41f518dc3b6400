/* The files of a ring: making, locking, checking and mapping them. */
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/fault.h"
#include "common/map_fault.h"
#include "common/ring_layout.h"

enum { STEP = 1 << 20 }; /* of the file, whose room is taken together */

char *
ring_path(const char *directory, unsigned worker)
{
	return g_strdup_printf("%s/ring.%u", directory, worker);
}

char *
ring_page_path(const char *ring_path)
{
	return g_strconcat(ring_path, ".reader", NULL);
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void *
map_file(int fd, size_t size, int protection, const char *path)
{
	void *memory = mmap(NULL, size, protection, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		return NULL;
	map_fault_add(memory, size, path);
	return memory;
}

static void
unmap_file(void *memory, size_t size)
{
	map_fault_remove(memory);
	munmap(memory, size);
}

void
ring_files_close(struct ring_files *files)
{
	if (files->head != NULL && !files->borrowed)
		unmap_file(files->head, RING_PAGE + files->size);
	if (files->page != NULL && !files->borrowed)
		unmap_file(files->page, RING_PAGE);
	close_fd(&files->ring_fd);
	close_fd(&files->page_fd);
	g_clear_pointer(&files->path, g_free);
	files->head = NULL;
	files->page = NULL;
}

static bool
lock_file(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

bool
ring_file_locked(int fd)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static bool
name_leads_to(const char *path, int fd)
{
	struct stat named, opened;

	return stat(path, &named) == 0 && fstat(fd, &opened) == 0 &&
	       named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
}

static bool
is_long_enough(int fd, uint64_t size)
{
	struct stat status;

	return fstat(fd, &status) == 0 && (uint64_t)status.st_size >= size;
}

bool
ring_files_replaced(const struct ring_files *files)
{
	g_autofree char *page_path = ring_page_path(files->path);

	return !name_leads_to(files->path, files->ring_fd) ||
	       !name_leads_to(page_path, files->page_fd) ||
	       !is_long_enough(files->ring_fd, RING_PAGE + files->size) ||
	       !is_long_enough(files->page_fd, RING_PAGE);
}

/* Opens and locks the file that `path` names at the end: another side may have renamed one over it
 * meanwhile. */
static int
open_locked(const char *path, const char *role, GError **error)
{
	for (;;) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

		if (fd < 0) {
			fault_system(error, "%s: cannot open", path);
			return -1;
		}
		if (!lock_file(fd)) {
			g_set_error(error, G_IO_ERROR, G_IO_ERROR_BUSY,
			            "%s: another process %s this ring", path, role);
			close(fd);
			return -1;
		}
		if (name_leads_to(path, fd))
			return fd;
		close(fd);
	}
}

/* Sets aside room of a file: a mapped page that finds none means SIGBUS, in tmpfs even when it is
 * only read. */
static bool
set_room_aside(int fd, uint64_t from, uint64_t until)
{
	if (fallocate(fd, 0, (off_t)from, (off_t)(until - from)) == 0)
		return true;
	return errno == EOPNOTSUPP;
}

static bool
make_room(int fd, uint64_t size)
{
	return ftruncate(fd, (off_t)size) == 0 && set_room_aside(fd, 0, size);
}

bool
ring_files_take_room(struct ring_files *files, uint64_t octets)
{
	uint64_t until = MIN((octets + STEP - 1) / STEP * STEP, RING_PAGE + files->size);
	uint64_t from = files->taken;

	if (until <= from)
		return true;
	if (!set_room_aside(files->ring_fd, from, until))
		return false;
#ifdef MADV_POPULATE_WRITE
	(void)madvise((uint8_t *)files->head + from, until - from, MADV_POPULATE_WRITE);
#endif
	files->taken = until;
	return true;
}

/* The page exists from whichever side came first; it is never made smaller or replaced. */
static bool
size_page(int fd, const char *path, GError **error)
{
	struct stat status;

	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		errno = S_ISREG(status.st_mode) ? errno : EINVAL;
		return fault_system(error, "%s: cannot use", path);
	}
	if (status.st_size < RING_PAGE && !make_room(fd, RING_PAGE))
		return fault_system(error, "%s: cannot size", path);
	return true;
}

/* Room is taken later, or cannot be set aside: at least see that there is some. */
static bool
check_free_space(const char *directory, uint64_t size, GError **error)
{
	struct statvfs status;
	uint64_t available;

	if (statvfs(directory, &status) < 0)
		return fault_system(error, "%s: cannot look at", directory);
	available = (uint64_t)status.f_bavail * status.f_frsize;
	if (available >= size)
		return true;
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
	            "%s: %" G_GUINT64_FORMAT " MiB free, the ring needs %" G_GUINT64_FORMAT " MiB",
	            directory, available >> 20, size >> 20);
	return false;
}

static uint32_t
draw_identity(void)
{
	uint32_t identity;

	do
		identity = g_random_int() & 0x7fffffff;
	while (identity == 0);
	return identity;
}

/* Makes a ring beside `path`, locks it and renames it over; returns its descriptor, or -1. */
static int
make_ring(const char *path, uint64_t size, GError **error)
{
	g_autofree char *new_path = g_strconcat(path, ".new", NULL);
	g_autofree char *directory = g_path_get_dirname(path);
	uint32_t identity = draw_identity();
	struct ring_head head = {
		.magic = RING_MAGIC,
		.version = RING_VERSION,
		.identity = identity,
		.size = size,
		.layout = host_bin_layout(),
		.epoch = (uint64_t)identity << 32,
	};
	int fd;

	if (!check_free_space(directory, size, error))
		return -1;
	fd = open(new_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || !lock_file(fd)) {
		fault_system(error, "%s: cannot make", new_path);
	} else if (make_room(fd, RING_PAGE) && ftruncate(fd, (off_t)(RING_PAGE + size)) == 0 &&
	           pwrite(fd, &head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
	           rename(new_path, path) == 0) {
		return fd;
	} else {
		fault_system(error, "%s: cannot make", new_path);
		unlink(new_path);
	}
	close_fd(&fd);
	return -1;
}

/* Reads the head without trusting it.  Zero: it is not a ring of ours. */
static uint64_t
checked_size(int fd, uint32_t *identity)
{
	struct ring_head head;
	struct stat status;

	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) ||
	    pread(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head))
		return 0;
	if (head.magic != RING_MAGIC || head.version != RING_VERSION ||
	    head.layout != host_bin_layout() || head.size < RING_SIZE_LEAST ||
	    head.size > RING_SIZE_MOST || (head.size & (head.size - 1)) != 0 ||
	    (uint64_t)status.st_size != RING_PAGE + head.size || head.identity == 0 ||
	    ring_epoch_identity(head.epoch) != head.identity)
		return 0;
	*identity = head.identity;
	return head.size;
}

static bool
map_both(struct ring_files *files, int ring_protection, int page_protection, GError **error)
{
	g_autofree char *page_path = ring_page_path(files->path);

	files->head =
		map_file(files->ring_fd, RING_PAGE + files->size, ring_protection, files->path);
	files->page = map_file(files->page_fd, RING_PAGE, page_protection, page_path);
	if (files->head == NULL || files->page == NULL) {
		fault_system(error, "%s: cannot map", files->path);
		ring_files_close(files);
		return false;
	}
	files->data = (uint8_t *)files->head + RING_PAGE;
	return true;
}

bool
ring_files_open_writer(struct ring_files *files, const char *directory, unsigned worker,
                       uint64_t size, GError **error)
{
	g_autofree char *page_path = NULL;

	*files = (struct ring_files){ .path = ring_path(directory, worker), .page_fd = -1 };
	page_path = ring_page_path(files->path);
	files->ring_fd = open_locked(files->path, "writes to", error);
	if (files->ring_fd < 0)
		goto failed;
	files->size = checked_size(files->ring_fd, &files->identity);
	if (files->size != size) {
		int fd = make_ring(files->path, size, error);

		close_fd(&files->ring_fd);
		files->ring_fd = fd;
		if (fd < 0)
			goto failed;
		files->size = checked_size(fd, &files->identity);
	}
	files->page_fd = open(page_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (files->page_fd < 0) {
		fault_system(error, "%s: cannot open", page_path);
		goto failed;
	}
	if (!size_page(files->page_fd, page_path, error))
		goto failed;
	return map_both(files, PROT_READ | PROT_WRITE, PROT_READ, error);
failed:
	ring_files_close(files);
	return false;
}

static bool
refuse_ring(const char *path, int fd, GError **error)
{
	struct stat status;

	if (fstat(fd, &status) == 0 && status.st_size == 0)
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "%s: is being made", path);
	else
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
		            "%s: not a ring of this version of kenchi", path);
	return false;
}

bool
ring_files_open_reader(struct ring_files *files, const char *directory, unsigned worker,
                       GError **error)
{
	g_autofree char *page_path = NULL;

	*files = (struct ring_files){ .path = ring_path(directory, worker), .page_fd = -1 };
	page_path = ring_page_path(files->path);
	files->ring_fd = open(files->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (files->ring_fd < 0) {
		fault_system(error, "%s: cannot open", files->path);
		goto failed;
	}
	files->size = checked_size(files->ring_fd, &files->identity);
	if (files->size == 0) {
		refuse_ring(files->path, files->ring_fd, error);
		goto failed;
	}
	files->page_fd = open_locked(page_path, "reads", error);
	if (files->page_fd < 0 || !size_page(files->page_fd, page_path, error))
		goto failed;
	return map_both(files, PROT_READ, PROT_READ | PROT_WRITE, error);
failed:
	ring_files_close(files);
	return false;
}

void
ring_files_share(struct ring_files *writer, struct ring_files *reader)
{
	unmap_file(reader->head, RING_PAGE + reader->size);
	reader->head = writer->head;
	reader->data = writer->data;
	unmap_file(writer->page, RING_PAGE);
	writer->page = reader->page;
	/* The reader unmaps both, the writer neither. */
	writer->borrowed = true;
}

void
ring_sleep(const _Atomic uint32_t *word, uint32_t value, int timeout_ms)
{
	struct timespec timeout = {
		.tv_sec = timeout_ms / 1000,
		.tv_nsec = (long)(timeout_ms % 1000) * 1000000,
	};

	/* Also returns early, for a signal or for no reason: callers look again. */
	syscall(SYS_futex, word, FUTEX_WAIT, value, &timeout, NULL, 0);
}

/* futex_waitv(2), Linux 5.16; its header is not in every C library. */
struct word_to_wait_for {
	uint64_t value;
	uint64_t address;
	uint32_t flags;
	uint32_t unused;
};

enum { WAITV_CALL = 449, WAITV_32_BITS = 2, SLEEP_IN_TURN_MS = 10 };

void
ring_sleep_on_all(const _Atomic uint32_t *const *words, const uint32_t *values, size_t count,
                  int timeout_ms)
{
	struct word_to_wait_for waits[RING_WAIT_MOST];
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	count = MIN(count, RING_WAIT_MOST);
	for (size_t i = 0; i < count; i++) {
		waits[i] = (struct word_to_wait_for){
			.value = values[i],
			.address = (uintptr_t)words[i],
			.flags = WAITV_32_BITS,
		};
	}
	/* Older kernels cannot: a little on one, and the caller looks again. */
	if (syscall(WAITV_CALL, waits, count, 0, &until, CLOCK_MONOTONIC) < 0 &&
	    (errno == ENOSYS || errno == EPERM))
		ring_sleep(words[0], values[0], MIN(timeout_ms, SLEEP_IN_TURN_MS));
}

void
ring_wake(const _Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}
