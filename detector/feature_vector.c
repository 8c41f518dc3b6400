#include "detector/feature_vector.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "common/keyed_hash.h"
#include "common/sketch.h"
#include "detector/exchange_features.h"
#include "detector/host_features.h"

struct feature_row {
	const char *name;
	double cap;
	unsigned needs;
};

static const struct feature_row rows[FEATURE_COUNT] = {
#define HOST_FEATURE(name, unit, cap, needs, formula)
#define WINDOW_FEATURE(name, unit, cap, needs, formula) { "w1." #name, cap, needs },
#include "schemas/features.def"
#undef WINDOW_FEATURE
#define WINDOW_FEATURE(name, unit, cap, needs, formula) { "w5." #name, cap, needs },
#include "schemas/features.def"
#undef WINDOW_FEATURE
#define WINDOW_FEATURE(name, unit, cap, needs, formula) { "w15." #name, cap, needs },
#include "schemas/features.def"
#undef WINDOW_FEATURE
#undef HOST_FEATURE
#define WINDOW_FEATURE(name, unit, cap, needs, formula)
#define HOST_FEATURE(name, unit, cap, needs, formula) { #name, cap, needs },
#include "schemas/features.def"
#undef WINDOW_FEATURE
#undef HOST_FEATURE
};

const char *
feature_name(size_t index)
{
	return rows[index].name;
}

unsigned
feature_needs(size_t index)
{
	return rows[index].needs;
}

size_t
feature_find(const char *name)
{
	size_t index = 0;

	while (index < FEATURE_COUNT && strcmp(rows[index].name, name) != 0)
		index++;
	return index;
}

const struct feature_choice feature_choice_all = {
	.window = { true, true, true },
	.contacts = { true, true, true },
	.beacon = true,
	.change = true,
	.rhythm = true,
	.waves = true,
	.exchanges = true,
};

struct feature_choice
feature_choice_of(const size_t *indices, size_t count)
{
	struct feature_choice choice = { 0 };

	for (size_t i = 0; i < count; i++) {
		size_t window = indices[i] / WINDOW_FEATURE_COUNT,
		       row = indices[i] % WINDOW_FEATURE_COUNT;
		size_t host_row = indices[i] - HOST_WINDOWS * WINDOW_FEATURE_COUNT;

		if (window < HOST_WINDOWS && row >= WINDOW_FEATURE_all_count)
			choice.contacts[window] = true;
		else if (window < HOST_WINDOWS)
			choice.window[window] = true;
		else if (host_row < HOST_FEATURE_fresh_rate)
			choice.beacon = true;
		else if (host_row < HOST_FEATURE_total_duty)
			choice.change = true;
		else if (host_row < HOST_FEATURE_wave_total)
			choice.rhythm = true;
		else if (host_row < HOST_FEATURE_talk_regular)
			choice.waves = true;
		else
			choice.exchanges = true;
	}
	return choice;
}

static double
share(double part, double whole)
{
	return whole > 0 ? fmin(part / whole, 1) : 0;
}

/* One window's values, W for short: v[WINDOW_FEATURE_x] is set through this. */
#define SET(name, value) v[WINDOW_FEATURE_##name] = (value)

static void
set_volume(const struct host_window *window, double *v)
{
	const struct host_bin *bin = &window->total;
	double minutes = window->minutes;
	double flows = (double)bin->flows[HOST_OUT] + bin->flows[HOST_IN];
	double packets = (double)bin->packets[HOST_OUT] + (double)bin->packets[HOST_IN];
	double records = (double)bin->records[HOST_OUT] + bin->records[HOST_IN];

	SET(flows_out, log1p(bin->flows[HOST_OUT] / minutes));
	SET(flows_in, log1p(bin->flows[HOST_IN] / minutes));
	SET(packets_out, log1p((double)bin->packets[HOST_OUT] / minutes));
	SET(packets_in, log1p((double)bin->packets[HOST_IN] / minutes));
	SET(octets_out, log1p((double)bin->octets[HOST_OUT] / minutes));
	SET(octets_in, log1p((double)bin->octets[HOST_IN] / minutes));
	SET(octets_ratio,
	    log(((double)bin->octets[HOST_OUT] + 100) / ((double)bin->octets[HOST_IN] + 100)));
	SET(packets_ratio,
	    log(((double)bin->packets[HOST_OUT] + 1) / ((double)bin->packets[HOST_IN] + 1)));
	SET(flows_ratio, log((bin->flows[HOST_OUT] + 1.0) / (bin->flows[HOST_IN] + 1.0)));
	SET(octets_per_packet_out,
	    log1p((double)bin->octets[HOST_OUT] / fmax((double)bin->packets[HOST_OUT], 1)));
	SET(octets_per_packet_in,
	    log1p((double)bin->octets[HOST_IN] / fmax((double)bin->packets[HOST_IN], 1)));
	SET(packets_per_flow, log1p(packets / fmax(flows, 1)));
	SET(octets_per_flow_out,
	    log1p((double)bin->octets[HOST_OUT] / fmax(bin->flows[HOST_OUT], 1)));
	SET(octets_per_flow_in,
	    log1p((double)bin->octets[HOST_IN] / fmax(bin->flows[HOST_OUT], 1)));
	SET(old_share, 1 - share(2 * flows, records));
}

static void
set_sizes(const struct host_window *window, double *v)
{
	const uint32_t *out = window->total.size_packets;
	const uint32_t *in = out + HOST_BIN_SIZE_CLASSES;
	double all_out = 0, all_in = 0;

	for (int i = 0; i < HOST_BIN_SIZE_CLASSES; i++) {
		all_out += out[i];
		all_in += in[i];
	}
	SET(size_out_tiny, share(out[0], all_out));
	SET(size_out_small, share(out[1], all_out));
	SET(size_out_100, share(out[2], all_out));
	SET(size_out_200, share(out[3], all_out));
	SET(size_out_500, share(out[4], all_out));
	SET(size_out_large, share((double)out[5] + out[6] + out[7], all_out));
	SET(size_in_tiny, share(in[0], all_in));
	SET(size_in_small, share(in[1], all_in));
	SET(size_in_100, share(in[2], all_in));
	SET(size_in_200, share(in[3], all_in));
	SET(size_in_500, share(in[4], all_in));
	SET(size_in_large, share((double)in[5] + in[6] + in[7], all_in));
	SET(size_small, share((double)out[0] + out[1] + in[0] + in[1], all_out + all_in));
	SET(size_large,
	    share((double)out[5] + out[6] + out[7] + in[5] + in[6] + in[7], all_out + all_in));
}

static void
set_failures(const struct host_window *window, double *v)
{
	const struct host_bin *bin = &window->total;
	double minutes = window->minutes;
	double tcp = bin->protocol_flows[HOST_OUT * 4 + HOST_TCP], flows = bin->flows[HOST_OUT];
	struct bucket_count services = bucket_count(window->detail.sent, window->detail.heard, 16);

	SET(syn_only_share, share(bin->syn_only_flows[HOST_OUT], tcp));
	SET(unanswered_share, share(services.failing, services.sent));
	SET(small_share, share(bin->small_flows[HOST_OUT], flows));
	SET(single_share, share(bin->single_packet_flows[HOST_OUT], flows));
	SET(reset_share, share(bin->reset_records[HOST_IN], tcp));
	SET(syn_only_in_share,
	    share(bin->syn_only_flows[HOST_IN], bin->protocol_flows[HOST_IN * 4 + HOST_TCP]));
	SET(syn_only_rate, log1p(bin->syn_only_flows[HOST_OUT] / minutes));
	SET(unanswered_rate, log1p(services.failing / minutes));
	SET(reset_rate, log1p(bin->reset_records[HOST_IN] / minutes));
	SET(errors_in_rate, log1p(bin->icmp_errors[HOST_IN] / minutes));
	SET(errors_out_rate, log1p(bin->icmp_errors[HOST_OUT] / minutes));
	SET(backscatter_rate, log1p(bin->unsolicited_answers[0] / minutes));
}

struct bucket_maxima {
	double sent;
	double failing;
};

static struct bucket_maxima
bucket_maxima(const uint64_t *sent, const uint64_t *heard, size_t buckets)
{
	struct bucket_maxima maxima = { 0, 0 };

	for (size_t i = 0; i < buckets; i++) {
		struct bucket_count count =
			bucket_count(sent + i * HOST_BIN_BUCKET_WORDS,
		                     heard + i * HOST_BIN_BUCKET_WORDS, HOST_BIN_BUCKET_WORDS);

		maxima.sent = fmax(maxima.sent, count.sent);
		maxima.failing = fmax(maxima.failing, count.failing);
	}
	return maxima;
}

static double
entropy(const uint16_t *counts, size_t buckets)
{
	double sum = 0, bits = 0;

	for (size_t i = 0; i < buckets; i++)
		sum += counts[i];
	for (size_t i = 0; i < buckets; i++) {
		if (counts[i] > 0)
			bits -= counts[i] / sum * log2(counts[i] / sum);
	}
	return bits;
}

enum { ESTIMATES_KEPT = 1024 };

/* sketch_distinct_estimate() takes its time, and most sketches have few bits set: the same counts
 * come again and again. */
static double
distinct_estimate(const uint64_t sketch[static SKETCH_DISTINCT_WORDS])
{
	static _Thread_local struct {
		uint64_t counts;
		double estimate;
	} kept[ESTIMATES_KEPT];
	uint64_t counts = 0;
	size_t at;

	for (size_t i = 0; i < SKETCH_DISTINCT_WORDS; i++)
		counts = counts << 7 | (uint64_t)__builtin_popcountll(sketch[i]);
	at = keyed_hash_mix(counts) & (ESTIMATES_KEPT - 1);
	if (kept[at].counts != counts) {
		kept[at].counts = counts;
		kept[at].estimate = sketch_distinct_estimate(sketch);
	}
	return kept[at].estimate;
}

static void
set_fan_out(const struct host_window *window, double *v)
{
	const struct host_bin_extension *detail = &window->detail;
	struct bucket_maxima ports =
		bucket_maxima(detail->port_sent, detail->port_heard, HOST_BIN_PORT_BUCKETS);
	struct bucket_maxima peers =
		bucket_maxima(detail->peer_sent, detail->peer_heard, HOST_BIN_PEER_BUCKETS);
	double minutes = window->minutes;
	double services = bitmap_estimate(detail->sent, 16);
	double peer_count = distinct_estimate(detail->peers);

	SET(failing_port_max, log1p(ports.failing));
	SET(failing_peer_max, log1p(peers.failing));
	SET(services_rate, log1p(services / minutes));
	SET(peers_rate, log1p(peer_count / minutes));
	SET(callers_rate, log1p(distinct_estimate(detail->callers) / minutes));
	SET(ports_rate, log1p(distinct_estimate(detail->ports) / minutes));
	SET(peers_per_flow, share(peer_count, window->total.flows[HOST_OUT]));
	SET(services_per_peer, log(fmax(services, 1) / fmax(peer_count, 1)));
	SET(peers_port_max, log1p(ports.sent));
	SET(ports_peer_max, log1p(peers.sent));
	SET(port_entropy, entropy(detail->port_bucket_flows, HOST_BIN_PORT_BUCKETS));
	SET(peer_entropy, entropy(detail->peer_bucket_flows, HOST_BIN_PEER_BUCKETS));
}

static double
high_tcp_share(const uint16_t *bucket_flows)
{
	double high = 0, all = 0;

	for (int i = 0; i < HOST_BIN_PORT_BUCKETS; i++) {
		all += bucket_flows[i];
		if (i >= PORT_BUCKET_TCP && i < PORT_BUCKET_UDP_LOW)
			high += bucket_flows[i];
	}
	return share(high, all);
}

static void
set_ports(const struct host_window *window, double *v)
{
	const struct host_bin *bin = &window->total;
	const uint16_t *out = bin->port_flows;
	const uint16_t *in = out + HOST_BIN_PORT_CLASSES;
	double minutes = window->minutes;
	double flows = bin->flows[HOST_OUT];
	double icmp = bin->protocol_flows[HOST_OUT * 4 + HOST_ICMP];

	SET(dns_share, share(out[PORT_CLASS_DNS], flows));
	SET(smtp_share, share(out[PORT_CLASS_SMTP], flows));
	SET(web_share, share(out[PORT_CLASS_WEB], flows));
	SET(smb_share, share(out[PORT_CLASS_SMB], flows));
	SET(shell_share, share(out[PORT_CLASS_SHELL], flows));
	SET(irc_share, share(out[PORT_CLASS_IRC], flows));
	SET(low_share, share(out[PORT_CLASS_LOW], flows));
	SET(high_share, share(out[PORT_CLASS_OTHER], flows));
	SET(udp_share, share(bin->protocol_flows[HOST_OUT * 4 + HOST_UDP], flows));
	SET(icmp_share, share(icmp, flows));
	SET(tcp_high_share, high_tcp_share(window->detail.port_bucket_flows));
	SET(dns_rate, log1p(out[PORT_CLASS_DNS] / minutes));
	SET(smtp_rate, log1p(out[PORT_CLASS_SMTP] / minutes));
	SET(web_rate, log1p(out[PORT_CLASS_WEB] / minutes));
	SET(smb_rate, log1p(out[PORT_CLASS_SMB] / minutes));
	SET(irc_rate, log1p(out[PORT_CLASS_IRC] / minutes));
	SET(icmp_rate, log1p(icmp / minutes));
	SET(web_per_dns, log((out[PORT_CLASS_WEB] + 1.0) / (out[PORT_CLASS_DNS] + 1.0)));
	SET(served_low_share,
	    1 - share((double)in[PORT_CLASS_OTHER] + in[PORT_CLASS_IRC], bin->flows[HOST_IN]));
	if (bin->flows[HOST_IN] == 0)
		SET(served_low_share, 0);
}

static void
set_sample(const struct host_window *window, double *v)
{
	const struct host_bin_extension *detail = &window->detail;
	struct sample_shape shape = sample_shape(detail);
	double octets =
		(double)window->total.octets[HOST_OUT] + (double)window->total.octets[HOST_IN];

	SET(sample_ratio, shape.ratio_median);
	SET(sample_ratio_least, shape.ratio_least);
	SET(sample_ratio_most, shape.ratio_most);
	SET(sample_octets_out, shape.octets_mean[HOST_OUT]);
	SET(sample_octets_in, shape.octets_mean[HOST_IN]);
	SET(sample_spread_out, shape.octets_spread[HOST_OUT]);
	SET(sample_spread_in, shape.octets_spread[HOST_IN]);
	SET(sample_flows, shape.flows_mean);
	SET(sample_flows_most, shape.flows_most);
	SET(sample_refused_share, shape.refused_share);
	SET(sample_silent_share, shape.silent_share);
	SET(largest_share, share(detail->largest[0].octets, octets));
}

#undef SET

_Static_assert(WINDOW_FEATURE_all_tiny_share - WINDOW_FEATURE_all_count + 1 == CONTACT_FEATURES,
               "enum contact_feature is the order of the rows");

static void
set_contacts(const struct host_view *view, enum host_window_length window, double *v)
{
	struct contact contacts[CONTACTS_MAX];
	size_t count = contacts_collect(view, window, contacts);

	contacts_shape(contacts, count, CONTACTS_ALL, v + WINDOW_FEATURE_all_count);
	contacts_shape(contacts, count, CONTACTS_NEW_AND_RARE, v + WINDOW_FEATURE_new_count);
}

static const double not_asked = -DBL_MAX;

static void
settle(const struct feature_row *row, double *value)
{
	if (*value >= not_asked && *value <= not_asked) {
		*value = NAN;
		return;
	}
	if (!isfinite(*value))
		*value = 0;
	if (row->cap > 0)
		*value = fmin(*value, row->cap);
}

void
feature_vector_compute(const struct host_view *view, const struct feature_choice *choice,
                       double values[static FEATURE_COUNT])
{
	for (size_t i = 0; i < FEATURE_COUNT; i++)
		values[i] = not_asked;
	for (int i = 0; i < HOST_WINDOWS; i++) {
		double *v = values + i * WINDOW_FEATURE_COUNT;

		if (choice->window[i]) {
			set_volume(&view->windows[i], v);
			set_sizes(&view->windows[i], v);
			set_failures(&view->windows[i], v);
			set_fan_out(&view->windows[i], v);
			set_ports(&view->windows[i], v);
			set_sample(&view->windows[i], v);
		}
		if (choice->contacts[i])
			set_contacts(view, (enum host_window_length)i, v);
	}
	host_features_compute(view, choice, values + HOST_WINDOWS * WINDOW_FEATURE_COUNT);
	if (choice->exchanges)
		exchange_features_compute(view, values + HOST_WINDOWS * WINDOW_FEATURE_COUNT);
	for (size_t i = 0; i < FEATURE_COUNT; i++)
		settle(&rows[i], &values[i]);
}

void
feature_vector_place_contact(const double shape[static CONTACT_FEATURES],
                             double values[static FEATURE_COUNT])
{
	memcpy(&values[HOST_WINDOW_5 * WINDOW_FEATURE_COUNT + WINDOW_FEATURE_new_count], shape,
	       CONTACT_FEATURES * sizeof(shape[0]));
}
