/* kenchi show: the evidence on one host. */
#include <stdio.h>
#include <string.h>

#include "common/host_address.h"
#include "common/json_writer.h"
#include "tools/kenchi/host_lines.h"
#include "tools/kenchi/json_text.h"
#include "tools/kenchi/store_access.h"
#include "tools/kenchi/subcommand.h"
#include "tools/kenchi/table.h"
#include "tools/kenchi/text.h"

enum {
	FEATURE_WINDOWS = 1, /* of them, newest first, that are shown */
	PEERS_SHOWN = 10,
};

/* What the store says could not be seen, for people. */
static const struct {
	const char *name;
	const char *meaning;
} limits[] = {
	{ "sampled", "packets were sampled: few of a host's peers are seen" },
	{ "flags",
	  "the records carry no TCP flags: a connection that failed looks like one that did not" },
	{ "direction",
	  "only one direction was seen: whether its peers answer, or their answers are exported, cannot be told" },
	{ "sizes", "packet sizes are known as means only" },
	{ "detail", "detail was lost where a pool or the ring was full" },
};

static void
print_limits(const struct store_host *host)
{
	g_auto(GStrv) entries = g_strsplit(host->cannot_tell, ",", -1);

	if (entries[0] == NULL || entries[0][0] == '\0')
		return;
	puts("\nWhat the exporters could not tell");
	for (char **entry = entries; *entry != NULL; entry++) {
		const char *meaning = g_strstrip(*entry);
		g_autofree char *printable = NULL;

		for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
			if (strcmp(limits[i].name, *entry) == 0)
				meaning = limits[i].meaning;
		}
		printable = text_escape(meaning);
		printf("  %s\n", printable);
	}
}

static void
print_fact(const char *name, char *value)
{
	g_autofree char *printable = text_escape(value);

	printf("  %-16s %s\n", name, printable);
	g_free(value);
}

static void
print_host(const struct store_host *host)
{
	g_autofree char *name = text_escape(host->host);
	g_autofree char *verdict = text_escape(host->verdict);

	printf("%s  %s  score %.2f, at present %.2f\n", name, verdict, host->peak_score,
	       host->score);
	if (host->reason[0] != '\0')
		print_fact("why", g_strdup(host->reason));
	print_fact("since", text_time(host->since_ms));
	print_fact("first detected", text_time(host->first_detected_ms));
	print_fact("seen",
	           g_strdup_printf("%" G_GINT64_FORMAT " minutes with traffic", host->bins));
	print_fact("  from", text_time(host->first_seen_ms));
	print_fact("  to", text_time(host->last_seen_ms));
	if (host->sampling_interval > 1)
		print_fact("sampling", g_strdup_printf("one packet in %" G_GINT64_FORMAT,
		                                       host->sampling_interval));
}

static bool
has_answered(JsonObject *peer)
{
	JsonNode *answered = json_object_get_member(peer, "answered");

	return answered != NULL && JSON_NODE_HOLDS_VALUE(answered) &&
	       json_node_get_boolean(answered);
}

/* "  09:02:41  192.0.2.7:1985/tcp, 2 flows, 564 out, 208 in". */
static void
print_evidence_peer(JsonObject *peer)
{
	int64_t begun_ms = (int64_t)json_text_number(peer, "begun_ms", -1);
	g_autofree char *begun = text_time(begun_ms);
	const char *day = strchr(begun, ' ');
	g_autofree char *protocol = text_protocol((int)json_text_number(peer, "protocol", 0));
	g_autofree char *out = text_amount(json_text_number(peer, "octets_out", 0));
	g_autofree char *in = text_amount(json_text_number(peer, "octets_in", 0));
	double flows = json_text_number(peer, "flows", 0),
	       every_s = json_text_number(peer, "every_s", 0);
	const char *address = json_text_string(peer, "peer", "?");
	g_autoptr(GString) line = g_string_new(NULL);
	g_autofree char *printable = NULL;

	g_string_append_printf(line, strchr(address, ':') == NULL ? "%s:%.0f/%s" : "[%s]:%.0f/%s",
	                       address, json_text_number(peer, "port", 0), protocol);
	if (flows > 0)
		g_string_append_printf(line, ", %.0f %s", flows, flows == 1 ? "flow" : "flows");
	g_string_append_printf(line, ", %s octets out, %s in%s", out, in,
	                       has_answered(peer) ? "" : ", no answer");
	if (every_s > 0)
		g_string_append_printf(line, ", every %.0f s", every_s);
	printable = text_escape(line->str);
	printf("    %-8s  %s\n", day != NULL ? day + 1 : "", printable);
}

static void
print_evidence_peers(const char *text)
{
	enum { SHOWN = 3 };
	g_autoptr(JsonNode) node = json_text_parse(text);
	JsonArray *array =
		node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
	guint count = array == NULL ? 0 : json_array_get_length(array);

	for (guint i = 0; i < MIN(count, SHOWN); i++) {
		JsonNode *element = json_array_get_element(array, i);

		if (JSON_NODE_HOLDS_OBJECT(element))
			print_evidence_peer(json_node_get_object(element));
	}
	if (count > SHOWN)
		printf("    %8s  and %u more (--json)\n", "", count - SHOWN);
}

/* What lies far below its threshold would only be in the way. */
static bool
is_shown(const struct store_evidence *evidence)
{
	return evidence->measured >= evidence->threshold || evidence->strength >= 0.05;
}

static void
add_evidence_row(Table *table, const struct store_evidence *evidence)
{
	table_add(table, host_lines_title(evidence->behaviour));
	table_take(table, text_number(evidence->measured));
	table_take(table, text_number(evidence->threshold));
	table_take(table, text_number(evidence->usual));
	table_add(table, evidence->unit);
	if (evidence->strength < 0.05)
		table_add(table, "told");
	else
		table_take(table, g_strdup_printf("%.2f", evidence->strength));
	table_take(table, g_strdup_printf("%" G_GINT64_FORMAT, evidence->minutes));
	table_take(table, text_time(evidence->first_ms));
	table_take(table, text_time(evidence->last_ms));
}

static void
print_evidence_table(StoreReader *store, const char *host)
{
	static const char *const titles[] = { "BEHAVIOUR", ">MEASURED", ">THRESHOLD", ">USUAL HERE",
		                              "UNIT",      ">STRENGTH", ">MINUTES",   "FIRST",
		                              "LAST",      NULL };
	g_autoptr(Table) table = table_new(titles);
	struct store_evidence evidence;

	store_select_evidence(store, host);
	while (store_next_evidence(store, &evidence)) {
		if (is_shown(&evidence))
			add_evidence_row(table, &evidence);
	}
	if (table_rows(table) == 0)
		return;
	puts("\nBehaviours");
	table_print(table, 2, stdout);
}

static void
print_evidence(StoreReader *store, const char *host)
{
	struct store_evidence evidence;

	print_evidence_table(store, host);
	store_select_evidence(store, host);
	while (store_next_evidence(store, &evidence)) {
		g_autofree char *title = text_escape(host_lines_title(evidence.behaviour));

		if (!is_shown(&evidence))
			continue;
		printf("\n  %s: %s\n", title, host_lines_meaning(evidence.behaviour));
		print_evidence_peers(evidence.peers);
	}
}

static void
print_peers(StoreReader *store, const char *host)
{
	static const char *const titles[] = { "PEER",     ">PORT",       "PROTOCOL",
		                              ">FLOWS",   ">OCTETS OUT", ">OCTETS IN",
		                              "ANSWERED", "LAST",        NULL };
	g_autoptr(Table) table = table_new(titles);
	struct store_peer peer;
	int more = 0;

	store_select_peers(store, host);
	while (store_next_peer(store, &peer)) {
		if (table_rows(table) >= PEERS_SHOWN) {
			more++;
			continue;
		}
		table_add(table, peer.peer);
		table_take(table, g_strdup_printf("%" G_GINT64_FORMAT, peer.port));
		table_take(table, text_protocol((int)peer.protocol));
		table_take(table, text_amount((double)peer.flows));
		table_take(table, text_amount((double)peer.octets_out));
		table_take(table, text_amount((double)peer.octets_in));
		table_add(table, peer.answered ? "yes" : "no");
		table_take(table, text_time(peer.last_ms));
	}
	if (table_rows(table) == 0)
		return;
	puts("\nTop peers");
	table_print(table, 2, stdout);
	if (more > 0)
		printf("  and %d more (--json)\n", more);
}

static void
print_features(StoreReader *store, const char *host)
{
	static const char *const titles[] = { "FEATURE", ">VALUE", NULL };
	struct store_feature feature;

	store_select_features(store, host, FEATURE_WINDOWS);
	while (store_next_feature(store, &feature)) {
		g_autoptr(Table) table = table_new(titles);
		g_autoptr(JsonNode) node = json_text_parse(feature.values);
		g_autofree char *time = text_time(feature.time_ms);
		JsonObjectIter iterator;
		const char *name;

		if (node == NULL || !JSON_NODE_HOLDS_OBJECT(node))
			continue;
		json_object_iter_init_ordered(&iterator, json_node_get_object(node));
		while (json_object_iter_next_ordered(&iterator, &name, NULL)) {
			table_add(table, name);
			table_take(table, text_number(json_text_number(json_node_get_object(node),
			                                               name, 0)));
		}
		printf("\nFeatures of the window that ended at %s, score %.2f\n", time,
		       feature.score);
		table_print(table, 2, stdout);
	}
}

static void
add_evidence(StoreReader *store, GString *json, const char *host)
{
	struct store_evidence evidence;

	json_open_array(json, "evidence");
	store_select_evidence(store, host);
	while (store_next_evidence(store, &evidence)) {
		json_open_object(json, NULL);
		json_add_string(json, "behaviour", evidence.behaviour);
		json_add_double(json, "measured", evidence.measured);
		json_add_double(json, "threshold", evidence.threshold);
		json_add_double(json, "usual", evidence.usual);
		json_add_string(json, "unit", evidence.unit);
		json_add_double(json, "strength", text_round_score(evidence.strength));
		json_add_integer(json, "minutes", evidence.minutes);
		json_add_integer(json, "first_ms", evidence.first_ms);
		json_add_integer(json, "last_ms", evidence.last_ms);
		json_text_add(json, "peers", evidence.peers, "[]");
		json_close_object(json);
	}
	json_close_array(json);
}

static void
add_peers(StoreReader *store, GString *json, const char *host)
{
	struct store_peer peer;

	json_open_array(json, "peers");
	store_select_peers(store, host);
	while (store_next_peer(store, &peer)) {
		json_open_object(json, NULL);
		json_add_string(json, "peer", peer.peer);
		json_add_integer(json, "port", peer.port);
		json_add_integer(json, "protocol", peer.protocol);
		json_add_integer(json, "flows", peer.flows);
		json_add_integer(json, "octets_out", peer.octets_out);
		json_add_integer(json, "octets_in", peer.octets_in);
		json_add_boolean(json, "answered", peer.answered);
		json_add_integer(json, "last_ms", peer.last_ms);
		json_close_object(json);
	}
	json_close_array(json);
}

static void
add_features(StoreReader *store, GString *json, const char *host)
{
	struct store_feature feature;

	json_open_array(json, "features");
	store_select_features(store, host, 0);
	while (store_next_feature(store, &feature)) {
		json_open_object(json, NULL);
		json_add_integer(json, "time_ms", feature.time_ms);
		json_add_double(json, "score", text_round_score(feature.score));
		json_text_add(json, "values", feature.values, "{}");
		json_close_object(json);
	}
	json_close_array(json);
}

/* False: the host is not there.  Its row is borrowed from the query, so what follows goes by the
 * address asked for. */
static bool
show_host(StoreReader *store, const char *address, bool json, bool features)
{
	const struct store_filter filter = { .host = address };
	g_autoptr(GString) line = g_string_new(NULL);
	struct store_host host;

	store_select_hosts(store, &filter);
	if (!store_next_host(store, &host))
		return false;
	if (json) {
		json_open_object(line, NULL);
		host_lines_add_members(line, &host);
		add_evidence(store, line, address);
		add_peers(store, line, address);
		if (features)
			add_features(store, line, address);
		json_close_object(line);
		json_end_line(line);
		json_text_print(line);
		return true;
	}
	print_host(&host);
	print_limits(&host);
	print_evidence(store, address);
	print_peers(store, address);
	if (features)
		print_features(store, address);
	return true;
}

int
subcommand_show(struct invocation *invocation, int argc, char **argv)
{
	gboolean features = FALSE;
	const GOptionEntry entries[] = {
		{ "features", 0, 0, G_OPTION_ARG_NONE, &features,
		  "Also the values that the classifier was given", NULL },
		{ NULL, 0, 0, 0, NULL, NULL, NULL },
	};
	char address[HOST_ADDRESS_TEXT_SIZE];
	g_autoptr(StoreReader) store = NULL;
	bool known;
	int result;

	if (!subcommand_parse(invocation, entries, 1, &argc, &argv))
		return EXIT_CODE_USAGE;
	if (argc < 2) {
		subcommand_complain("show: which HOST? (an IPv4 or IPv6 address)");
		return EXIT_CODE_USAGE;
	}
	if (!subcommand_host("show", argv[1], address))
		return EXIT_CODE_USAGE;
	store = store_access(invocation, &result);
	if (store == NULL)
		return result;
	known = show_host(store, address, invocation->json, features);
	result = store_access_end(store);
	if (!known && result == EXIT_CODE_OK) {
		subcommand_complain("no data on %s: it has not been seen, or is not monitored",
		                    address);
		return EXIT_CODE_NO_DATA;
	}
	return result != EXIT_CODE_OK ? result : store_check_age(store, invocation);
}
