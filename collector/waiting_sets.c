#include "collector/waiting_sets.h"

#include <string.h>

void
waiting_sets_init(struct waiting_sets *sets, size_t octets, size_t exporters)
{
	sets->budget = octet_budget(octets, exporters);
	g_queue_init(&sets->ready);
}

void
waiting_sets_clear(struct waiting_sets *sets)
{
	g_queue_clear_full(&sets->ready, g_free);
}

static void
give_back(struct waiting_sets *sets, const struct waiting_set *set, struct exporter *exporter)
{
	octet_budget_give(&sets->budget, &exporter->waiting_octets, sizeof(*set) + set->length);
	exporter->counters.sets_waiting--;
}

void
waiting_sets_keep(struct waiting_sets *sets, const struct waiting_set *draft, const uint8_t *octets)
{
	size_t size = sizeof(*draft) + draft->length;
	struct decode_counters *counters = &draft->exporter->counters;
	struct waiting_set *set;
	GQueue *queue;

	if (!octet_budget_take(&sets->budget, &draft->exporter->waiting_octets, size)) {
		counters->sets_template_missing++;
		return;
	}
	set = g_malloc(size);
	*set = *draft;
	memcpy(set->octets, octets, draft->length);
	queue = g_hash_table_lookup(draft->domain->waiting, GUINT_TO_POINTER(draft->set_id));
	if (queue == NULL) {
		queue = g_queue_new();
		g_hash_table_insert(draft->domain->waiting, GUINT_TO_POINTER(draft->set_id), queue);
	}
	g_queue_push_tail(queue, set);
	counters->sets_waiting++;
}

void
waiting_sets_make_ready(struct waiting_sets *sets, struct exporter *exporter,
                        struct observation_domain *domain, uint16_t id)
{
	GQueue *queue = g_hash_table_lookup(domain->waiting, GUINT_TO_POINTER(id));
	struct waiting_set *set;

	if (queue == NULL)
		return;
	while ((set = g_queue_pop_head(queue)) != NULL) {
		give_back(sets, set, exporter);
		g_queue_push_tail(&sets->ready, set);
	}
	g_hash_table_remove(domain->waiting, GUINT_TO_POINTER(id));
}

void
waiting_sets_drop(struct waiting_sets *sets, struct exporter *exporter,
                  struct observation_domain *domain, struct wall_time since)
{
	GHashTableIter iterator;
	gpointer value;

	g_hash_table_iter_init(&iterator, domain->waiting);
	while (g_hash_table_iter_next(&iterator, NULL, &value)) {
		GQueue *queue = value;
		struct waiting_set *set;

		while ((set = g_queue_peek_head(queue)) != NULL && set->arrival.ms < since.ms) {
			give_back(sets, set, exporter);
			exporter->counters.sets_template_late++;
			g_free(g_queue_pop_head(queue));
		}
		if (g_queue_is_empty(queue))
			g_hash_table_iter_remove(&iterator);
	}
}

struct waiting_set *
waiting_sets_next(struct waiting_sets *sets)
{
	return g_queue_pop_head(&sets->ready);
}

void
waiting_sets_drop_ready(struct waiting_sets *sets)
{
	struct waiting_set *set;

	while ((set = waiting_sets_next(sets)) != NULL) {
		set->exporter->counters.sets_template_late++;
		g_free(set);
	}
}
