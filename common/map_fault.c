#include "common/map_fault.h"

#include <glib.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include "common/log.h"

enum { PATH_OCTETS = 512 };

struct mapping {
	_Atomic uintptr_t begin; /* 0: free */
	uintptr_t end;
	char path[PATH_OCTETS]; /* cut short if need be; the handler may not allocate */
};

static GMutex lock; /* of those who add and remove; the handler only looks */
static struct mapping mappings[MAP_FAULT_FILES];
static char line_begin[64];

static const struct mapping *
find(uintptr_t place)
{
	for (size_t i = 0; i < MAP_FAULT_FILES; i++) {
		uintptr_t begin = atomic_load(&mappings[i].begin);

		if (begin != 0 && place >= begin && place < mappings[i].end)
			return &mappings[i];
	}
	return NULL;
}

/* Only what a signal handler may do. */
static void
write_line(const char *const *parts)
{
	char line[PATH_OCTETS + 256];
	size_t length = 0;

	for (; *parts != NULL; parts++)
		for (const char *c = *parts; *c != '\0' && length < sizeof(line) - 1; c++)
			line[length++] = *c;
	line[length++] = '\n';
	if (write(STDERR_FILENO, line, length) < 0)
		return;
}

static void
take_fault(int number, siginfo_t *info, void *context)
{
	const struct mapping *mapping = find((uintptr_t)info->si_addr);

	(void)context;
	if (mapping == NULL) {
		signal(number, SIG_DFL); /* and the same again */
		return;
	}
	write_line((const char *const[]){
		line_begin, mapping->path,
		": cut short while in use, or its disk is full or broken; start again: a ring is made anew then",
		NULL });
	_exit(1);
}

void
map_fault_catch(void)
{
	struct sigaction action = { .sa_sigaction = take_fault,
		                    .sa_flags = SA_SIGINFO | SA_NODEFER };

	log_error_begin(line_begin, sizeof(line_begin));
	sigaction(SIGBUS, &action, NULL);
}

void
map_fault_add(const void *begin, size_t octets, const char *path)
{
	g_mutex_lock(&lock);
	for (size_t i = 0; i < MAP_FAULT_FILES; i++) {
		struct mapping *mapping = &mappings[i];

		if (atomic_load(&mapping->begin) != 0)
			continue;
		mapping->end = (uintptr_t)begin + octets;
		g_strlcpy(mapping->path, path, sizeof(mapping->path));
		atomic_store(&mapping->begin, (uintptr_t)begin);
		break;
	}
	g_mutex_unlock(&lock);
}

void
map_fault_remove(const void *begin)
{
	g_mutex_lock(&lock);
	for (size_t i = 0; i < MAP_FAULT_FILES && begin != NULL; i++)
		if (atomic_load(&mappings[i].begin) == (uintptr_t)begin)
			atomic_store(&mappings[i].begin, 0);
	g_mutex_unlock(&lock);
}
