#include <glib.h>

#include "collector/conversation_table.h"
#include "tests/support/flow_records.h"

enum { HOST = 0x0a000001, PEER = 0xc0000201 };

static const struct flow_values request = { HOST, PEER, 50000, 443, 6, SYN | ACK | PSH,
	                                    10,   2000, 1000,  5000 };
static const struct flow_values query = { HOST, PEER, 50000, 5000, 17, 0, 10, 2000, 1000, 60000 };

typedef struct {
	ConversationTable *table;
	struct flow_batch *batch;
} fixture;

static void
set_up(fixture *f, const void *data)
{
	(void)data;
	f->table = conversation_table_new(1024, 99);
	f->batch = g_new0(struct flow_batch, 1);
}

static void
tear_down(fixture *f, const void *data)
{
	(void)data;
	conversation_table_free(f->table);
	g_free(f->batch);
}

/* Gives one record, exported by `exporter` when it ended, and returns it with its marks. */
static struct flow_record
give_record(fixture *f, uint32_t exporter, const struct flow_record *record)
{
	f->batch->count = 1;
	f->batch->exporter = exporter;
	f->batch->records[0] = *record;
	f->batch->export_time = record->end;
	conversation_table_annotate(f->table, f->batch);
	return f->batch->records[0];
}

static struct flow_record
give(fixture *f, uint32_t exporter, const struct flow_values *values)
{
	struct flow_record record = flow_record_from(values);

	return give_record(f, exporter, &record);
}

/* Does a record that starts so long after the end of another go on with it? */
static bool
continues_after(fixture *f, const struct flow_record *first, int64_t gap_ms)
{
	struct flow_record next = *first;

	give_record(f, 0, first);
	next.start.ms = first->end.ms + gap_ms;
	next.end.ms = next.start.ms + 1000;
	next.tcp_flags = 0;
	return (give_record(f, 0, &next).marks & FLOW_CONTINUES) != 0;
}

static void
knows_the_other_direction(fixture *f, const void *data)
{
	struct flow_values answer = flow_values_back(&request, SYN | ACK | FIN, 12, 9000);
	struct flow_record record;

	(void)data;
	g_assert_false(give(f, 0, &request).marks & FLOW_KNOWN_REVERSE);
	answer.start_ms += 20;
	record = give(f, 0, &answer);
	g_assert_true(record.marks & FLOW_KNOWN_REVERSE);
	g_assert_true(record.marks & FLOW_SOURCE_ANSWERS);
	g_assert_cmpuint(record.other_octets, ==, 2000);
	g_assert_cmpuint(record.other_packets, ==, 10);
	g_assert_cmpuint(record.other_tcp_flags, ==, SYN | ACK | PSH);
}

static void
knows_the_other_direction_that_stands_behind_it_in_the_batch(fixture *f, const void *data)
{
	struct flow_values answer = flow_values_back(&request, SYN | ACK | FIN, 12, 9000);

	(void)data;
	answer.start_ms += 20;
	f->batch->count = 2;
	f->batch->records[0] = flow_record_from(&answer);
	f->batch->records[1] = flow_record_from(&request);
	conversation_table_annotate(f->table, f->batch);
	g_assert_true(f->batch->records[0].marks & FLOW_KNOWN_REVERSE);
	g_assert_true(f->batch->records[0].marks & FLOW_SOURCE_ANSWERS);
	g_assert_cmpuint(f->batch->records[0].other_octets, ==, 2000);
	g_assert_true(f->batch->records[1].marks & FLOW_SOURCE_BEGAN);
}

static void
tells_nothing_of_a_conversation_long_past(fixture *f, const void *data)
{
	struct flow_values answer = flow_values_back(&query, 0, 12, 9000);

	(void)data;
	give(f, 0, &query);
	answer.start_ms += 500000;
	answer.end_ms += 500000;
	g_assert_false(give(f, 0, &answer).marks & FLOW_KNOWN_REVERSE);
}

static void
believes_a_syn_before_the_clock(fixture *f, const void *data)
{
	struct flow_values syn = request;
	struct flow_values answer = flow_values_back(&request, SYN | ACK, 1, 44);

	(void)data;
	syn.flags = SYN;
	answer.start_ms -= 30;
	give(f, 0, &syn);
	g_assert_true(give(f, 0, &answer).marks & FLOW_SOURCE_ANSWERS);
}

static void
stitches_records_that_an_active_timeout_cut(fixture *f, const void *data)
{
	struct flow_values values = query;

	(void)data;
	g_assert_false(give(f, 0, &values).marks & FLOW_CONTINUES);
	for (int i = 0; i < 5; i++) {
		values.start_ms = values.end_ms + 3000;
		values.end_ms = values.start_ms + 57000;
		g_assert_true(give(f, 0, &values).marks & FLOW_CONTINUES);
	}
	values.start_ms = values.end_ms + 40000;
	values.end_ms = values.start_ms;
	g_assert_false(give(f, 0, &values).marks & FLOW_CONTINUES);
	g_assert_cmpuint(conversation_table_counters(f->table).continuations, ==, 5);
}

static void
believes_the_exporter_about_why_a_record_ended(fixture *f, const void *data)
{
	enum { IDLE = 1, ACTIVE = 2 };
	struct flow_record first = flow_record_from(&query);

	(void)data;
	first.flow_end_reason = ACTIVE;
	g_assert_true(continues_after(f, &first, 100000));
	first.source_port++;
	g_assert_false(continues_after(f, &first, 130000));
	first.source_port++;
	first.flow_end_reason = IDLE;
	g_assert_false(continues_after(f, &first, 1000));
}

static void
goes_on_with_nothing_behind_a_fin(fixture *f, const void *data)
{
	struct flow_record first = flow_record_from(&request);

	(void)data;
	g_assert_true(continues_after(f, &first, 1000));
	first.source_port++;
	first.tcp_flags |= FIN;
	g_assert_false(continues_after(f, &first, 1000));
}

/* Where packets are sampled, the SYN has mostly not been seen. */
static void
takes_a_sampled_record_without_syn_for_a_beginning(fixture *f, const void *data)
{
	struct flow_record record = flow_record_from(&request);

	(void)data;
	record.tcp_flags = ACK;
	g_assert_true(give_record(f, 0, &record).marks & FLOW_CONTINUES);
	record.source_port++;
	record.sampling_interval = 100;
	g_assert_false(give_record(f, 0, &record).marks & FLOW_CONTINUES);
	record.start.ms = record.end.ms + 1000;
	record.end.ms = record.start.ms + 1000;
	g_assert_true(give_record(f, 0, &record).marks & FLOW_CONTINUES);
}

static void
takes_a_new_syn_for_a_new_flow_and_none_for_an_old_one(fixture *f, const void *data)
{
	struct flow_values values = request;

	(void)data;
	give(f, 0, &values);
	values.start_ms = values.end_ms + 1000;
	values.end_ms = values.start_ms + 1000;
	g_assert_cmpuint(give(f, 0, &values).marks & (FLOW_CONTINUES | FLOW_KNOWN_REVERSE), ==, 0);
	values.start_ms = values.end_ms + 300000;
	values.end_ms = values.start_ms + 1000;
	values.flags = ACK | PSH;
	g_assert_true(give(f, 0, &values).marks & FLOW_CONTINUES);
}

static void
counts_a_flow_that_two_exporters_report_once(fixture *f, const void *data)
{
	struct flow_values values = request;

	(void)data;
	give(f, 0, &values);
	values.start_ms += 300;
	values.end_ms += 310;
	g_assert_true(give(f, 1, &values).marks & FLOW_COPY);
	values.octets *= 3;
	g_assert_false(give(f, 1, &values).marks & FLOW_COPY);
	g_assert_cmpuint(conversation_table_counters(f->table).copies, ==, 1);
}

static void
counts_a_flow_that_one_exporter_saw_at_two_interfaces_once(fixture *f, const void *data)
{
	struct flow_record record = flow_record_from(&request);

	(void)data;
	record.ingress_interface = 1;
	give_record(f, 0, &record);
	record.ingress_interface = 2;
	g_assert_true(give_record(f, 0, &record).marks & FLOW_COPY);
}

static void
takes_no_other_time_for_a_copy(fixture *f, const void *data)
{
	struct flow_values values = query;

	(void)data;
	give(f, 0, &values);
	values.start_ms += 2001;
	g_assert_false(give(f, 1, &values).marks & FLOW_COPY);
	values.end_ms += 2001;
	g_assert_false(give(f, 2, &values).marks & FLOW_COPY);
}

static void
takes_no_record_for_a_copy_of_its_own_exporters(fixture *f, const void *data)
{
	(void)data;
	give(f, 0, &query);
	g_assert_false(give(f, 0, &query).marks & FLOW_COPY);
}

static void
keeps_icmp_errors_apart_from_echoes(fixture *f, const void *data)
{
	struct flow_values echo = { HOST, PEER, 0, 0, 1, 0, 1, 84, 0, 0 };
	struct flow_values error = { PEER, HOST, 0, 0, 1, 0, 1, 84, 50, 50 };

	(void)data;
	f->batch->count = 2;
	f->batch->records[0] = flow_record_from(&error);
	f->batch->records[0].icmp_type_code = 3 << 8;
	f->batch->records[1] = flow_record_from(&echo);
	f->batch->records[1].icmp_type_code = 8 << 8;
	conversation_table_annotate(f->table, f->batch);
	g_assert_false(f->batch->records[1].marks & FLOW_KNOWN_REVERSE);
}

static void
stays_within_its_bound_and_counts_who_made_room(fixture *f, const void *data)
{
	(void)data;
	for (uint32_t i = 0; i < 10000; i++) {
		struct flow_values values = query;

		values.destination += i;
		give(f, 0, &values);
	}
	g_assert_cmpuint(conversation_table_counters(f->table).entries, <=, 1024);
	g_assert_cmpuint(conversation_table_counters(f->table).entries +
	                         conversation_table_counters(f->table).evicted,
	                 ==, 10000);
}

static void
leaves_events_alone(fixture *f, const void *data)
{
	(void)data;
	f->batch->count = 1;
	f->batch->records[0] = flow_record_from(&query);
	f->batch->records[0].marks |= FLOW_EVENT;
	conversation_table_annotate(f->table, f->batch);
	g_assert_cmpuint(conversation_table_counters(f->table).entries, ==, 0);
}

#define ADD(test) g_test_add("/conversation_table/" #test, fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(knows_the_other_direction);
	ADD(knows_the_other_direction_that_stands_behind_it_in_the_batch);
	ADD(tells_nothing_of_a_conversation_long_past);
	ADD(believes_a_syn_before_the_clock);
	ADD(stitches_records_that_an_active_timeout_cut);
	ADD(believes_the_exporter_about_why_a_record_ended);
	ADD(goes_on_with_nothing_behind_a_fin);
	ADD(takes_a_sampled_record_without_syn_for_a_beginning);
	ADD(takes_a_new_syn_for_a_new_flow_and_none_for_an_old_one);
	ADD(counts_a_flow_that_two_exporters_report_once);
	ADD(counts_a_flow_that_one_exporter_saw_at_two_interfaces_once);
	ADD(takes_no_other_time_for_a_copy);
	ADD(takes_no_record_for_a_copy_of_its_own_exporters);
	ADD(keeps_icmp_errors_apart_from_echoes);
	ADD(stays_within_its_bound_and_counts_who_made_room);
	ADD(leaves_events_alone);
	return g_test_run();
}
