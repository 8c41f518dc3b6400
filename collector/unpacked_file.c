#include "collector/unpacked_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "common/fault.h"

enum { BUFFER_OCTETS = 1 << 17 };

struct UnpackedFile {
	gzFile packed;
	int descriptor; /* closed with `packed` */
	off_t begin;    /* where it was opened; -1: it can be read only once */
	uint8_t head[UNPACKED_HEAD_OCTETS];
	size_t head_length;
	size_t head_used; /* octets of the head that were read again */
};

/* Some of what follows, the head first; 0: the end; -1: damage. */
static ssize_t
read_some(UnpackedFile *file, void *octets, size_t length)
{
	size_t left = file->head_length - file->head_used;
	int got;

	if (left > 0) {
		length = MIN(length, left);
		memcpy(octets, file->head + file->head_used, length);
		file->head_used += length;
		return (ssize_t)length;
	}
	got = gzread(file->packed, octets, (unsigned)MIN(length, 1U << 30));
	if (got < 0)
		errno = EIO;
	return got;
}

static ssize_t
read_cookie(void *cookie, char *octets, size_t length)
{
	return read_some(cookie, octets, length);
}

UnpackedFile *
unpacked_file_open(const char *path, GError **error)
{
	g_autoptr(UnpackedFile) file = g_new0(UnpackedFile, 1);
	int descriptor =
		strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);

	if (descriptor < 0) {
		fault_system(error, "cannot open %s", path);
		return NULL;
	}
	file->descriptor = descriptor;
	file->begin = lseek(descriptor, 0, SEEK_CUR);
	file->packed = gzdopen(descriptor, "rb");
	if (file->packed == NULL) {
		fault_system(error, "cannot open %s", path);
		close(descriptor);
		return NULL;
	}
	gzbuffer(file->packed, BUFFER_OCTETS);
	(void)unpacked_file_read(file, file->head, UNPACKED_HEAD_OCTETS, &file->head_length);
	return g_steal_pointer(&file);
}

void
unpacked_file_close(UnpackedFile *file)
{
	if (file == NULL)
		return;
	if (file->packed != NULL)
		gzclose(file->packed);
	g_free(file);
}

struct wire_reader
unpacked_file_head(const UnpackedFile *file)
{
	return wire_reader(file->head, file->head_length);
}

bool
unpacked_file_read(UnpackedFile *file, uint8_t *octets, size_t length, size_t *got)
{
	size_t whole = 0;

	while (whole < length) {
		ssize_t part = read_some(file, octets + whole, length - whole);

		if (part <= 0)
			break;
		whole += (size_t)part;
	}
	*got = whole;
	return whole == length;
}

bool
unpacked_file_damaged(UnpackedFile *file)
{
	int problem;

	(void)gzerror(file->packed, &problem);
	return problem != Z_OK;
}

/* The file itself, from where it was opened, when it needs no unpacking: zlib would copy it twice.
 * NULL: it does, or can be read only once. */
static FILE *
open_plain(const UnpackedFile *file)
{
	FILE *stream;
	int descriptor;

	if (!gzdirect(file->packed) || file->begin < 0 ||
	    lseek(file->descriptor, file->begin, SEEK_SET) < 0)
		return NULL;
	descriptor = fcntl(file->descriptor, F_DUPFD_CLOEXEC, 0);
	stream = descriptor < 0 ? NULL : fdopen(descriptor, "rb");
	if (stream == NULL && descriptor >= 0)
		close(descriptor);
	return stream;
}

FILE *
unpacked_file_stream(UnpackedFile *file)
{
	FILE *stream = open_plain(file);

	if (stream == NULL)
		stream = fopencookie(file, "r", (cookie_io_functions_t){ .read = read_cookie });
	if (stream != NULL)
		setvbuf(stream, NULL, _IOFBF, BUFFER_OCTETS);
	return stream;
}

int
unpacked_file_descriptor(const UnpackedFile *file)
{
	return gzdirect(file->packed) && file->begin == 0 ? file->descriptor : -1;
}
