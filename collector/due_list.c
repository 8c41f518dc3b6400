#include "collector/due_list.h"

#include <limits.h>
#include <sys/mman.h>

enum { WORD_BITS = 64 };

struct links {
	uint32_t previous;
	uint32_t next;
};

struct ends {
	uint32_t first;
	uint32_t last;
};

struct DueList {
	GArray *owners;      /* of struct ends */
	struct links *links; /* by bin */
	uint64_t *marks;
	size_t bins_max;
};

static size_t
mark_octets(const DueList *list)
{
	return (list->bins_max / WORD_BITS + 1) * sizeof(*list->marks);
}

static void *
map_lazily(size_t octets)
{
	void *memory = mmap(NULL, octets, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		g_error("cannot map %zu octets for host bins", octets);
	return memory;
}

DueList *
due_list_new(size_t bins_max)
{
	DueList *list = g_new0(DueList, 1);

	list->bins_max = CLAMP(bins_max, 1, UINT32_MAX / 2);
	list->owners = g_array_new(FALSE, FALSE, sizeof(struct ends));
	list->links = map_lazily(list->bins_max * sizeof(*list->links));
	list->marks = map_lazily(mark_octets(list));
	return list;
}

void
due_list_free(DueList *list)
{
	if (list == NULL)
		return;
	g_array_unref(list->owners);
	munmap(list->links, list->bins_max * sizeof(*list->links));
	munmap(list->marks, mark_octets(list));
	g_free(list);
}

static struct ends *
ends_of(const DueList *list, uint16_t owner)
{
	return &g_array_index(list->owners, struct ends, owner);
}

void
due_list_add(DueList *list, uint16_t owner, uint32_t number)
{
	static const struct ends empty = { DUE_LIST_END, DUE_LIST_END };
	struct ends *ends;

	while (owner >= list->owners->len)
		g_array_append_val(list->owners, empty);
	ends = ends_of(list, owner);
	list->links[number] = (struct links){ ends->last, DUE_LIST_END };
	if (ends->last != DUE_LIST_END)
		list->links[ends->last].next = number;
	else
		ends->first = number;
	ends->last = number;
}

void
due_list_remove(DueList *list, uint16_t owner, uint32_t number)
{
	struct ends *ends = ends_of(list, owner);
	struct links links = list->links[number];

	if (links.previous != DUE_LIST_END)
		list->links[links.previous].next = links.next;
	else
		ends->first = links.next;
	if (links.next != DUE_LIST_END)
		list->links[links.next].previous = links.previous;
	else
		ends->last = links.previous;
}

uint32_t
due_list_first(const DueList *list, uint16_t owner)
{
	return owner < list->owners->len ? ends_of(list, owner)->first : DUE_LIST_END;
}

uint32_t
due_list_next(const DueList *list, uint32_t number)
{
	return list->links[number].next;
}

void
due_list_mark(DueList *list, uint32_t number)
{
	list->marks[number / WORD_BITS] |= UINT64_C(1) << number % WORD_BITS;
}

void
due_list_take_marked(DueList *list, uint32_t limit, GArray *numbers)
{
	for (uint32_t word = 0; word * WORD_BITS < limit; word++) {
		for (uint64_t left = list->marks[word]; left != 0; left &= left - 1) {
			uint32_t number = word * WORD_BITS + (uint32_t)__builtin_ctzll(left);

			g_array_append_val(numbers, number);
		}
		list->marks[word] = 0;
	}
}

size_t
due_list_memory(const DueList *list, uint32_t limit)
{
	return sizeof(*list) + list->owners->len * sizeof(struct ends) +
	       limit * sizeof(*list->links) + limit / CHAR_BIT;
}
