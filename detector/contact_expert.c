/*
 * What the order of a host's contacts tells: a download from a peer that nobody knows, more fetched
 * from it again and again, a report to another such peer soon after, a look at well-known peers
 * just before, look-ups at a resolver of one's own.  Ordinary visits look like each of these at
 * times: all are told and none decides.
 *
 * A host that has no contact with a rare peer in the minute is passed over at once.
 */
#include <glib.h>
#include <math.h>

#include "detector/contacts.h"
#include "detector/expert.h"

enum {
	DNS_PORT = 53,
	TCP = 6,
	DOWNLOAD_OCTETS = 60000,
	DOWNLOAD_FLOWS = 2,  /* of a fetch, at most: a page with all its parts takes more */
	DOWNLOAD_RATIO = 20, /* octets in for each one out, at least */
	UPDATE_FETCHES = 2,
	REPORT_S = 120,
	REPORT_OCTETS = 300,
	CHECK_S = 60,
	CHECK_FLOW_OCTETS = 4000, /* of both directions, at most */
	CHECK_OTHERS = 16,        /* hosts that know the peer */
	RESOLVER_OTHERS = 4,      /* hosts that use the usual resolver */
	RESOLVERS_MOST = 4,       /* rare ones: who asks more is a resolver itself */
	RESOLVER_QUERIES = 3,
};

struct story {
	const struct host_view *view;
	struct contact contacts[CONTACTS_MAX];
	size_t count;
};

static bool
is_rare(const struct host_view *view, const struct host_address *peer)
{
	return view->prevalence == NULL ||
	       prevalence_others(view->prevalence, peer, &view->host->host) <= CONTACT_RARE_OTHERS;
}

/* A contact with a rare peer in the newest minute: without one there is nothing new to tell. */
static bool
meets_rare_peer(const struct host_view *view)
{
	const struct host_minute *minute = host_history_minute(view->host, view->minute);

	if (minute == NULL)
		return false;
	if (minute->extension == NULL) {
		for (int i = 0; i < minute->bin.touch_count; i++) {
			if ((minute->bin.touches[i].kinds & TOUCH_SENT) &&
			    is_rare(view, &minute->bin.touches[i].peer))
				return true;
		}
		return false;
	}
	for (int i = 0; i < HOST_BIN_SAMPLED_PEERS; i++) {
		const struct host_peer *peer = &minute->extension->sample[i];

		if (peer->hash != 0 && (peer->kinds & TOUCH_SENT) && is_rare(view, &peer->peer))
			return true;
	}
	return false;
}

/* New for the host, begun before our eyes, and no other host of the site knows the peer. */
static bool
is_novel(const struct contact *contact)
{
	return contact->is_new && contact->others == 0 && contact->service.port != DNS_PORT &&
	       contact->service.seconds != 0;
}

/* A single thing was fetched: many octets by few flows, and little was asked. */
static bool
is_fetched(const struct contact *contact)
{
	const struct host_peer *service = &contact->service;

	return contact->fetches > 0 && service->port != DNS_PORT &&
	       service->octets[HOST_IN] >= DOWNLOAD_OCTETS &&
	       service->flows <= DOWNLOAD_FLOWS * contact->fetches &&
	       service->octets[HOST_IN] / DOWNLOAD_RATIO > service->octets[HOST_OUT];
}

static bool
has_answered(const struct contact *contact)
{
	return (contact->service.kinds & TOUCH_HEARD) != 0;
}

/* The second of its first flow in the window. */
static int64_t
begin_s(const struct contact *contact)
{
	int second = contact->service.seconds != 0 ? __builtin_ctzll(contact->service.seconds) : 0;

	return (int64_t)contact->first_minute * HOST_BIN_SECONDS + second;
}

static void
add_peer(struct evidence *evidence, const struct contact *contact)
{
	if (evidence->peer_count < EVIDENCE_PEERS)
		evidence->peers[evidence->peer_count++] =
			expert_peer_at(&contact->service, contact->first_minute);
}

static size_t
tell(struct evidence *evidence, enum behaviour behaviour, double threshold)
{
	if (evidence->measured < threshold)
		return 0;
	evidence->behaviour = behaviour;
	evidence->threshold = threshold;
	evidence->strength = expert_told_strength(evidence->measured / threshold);
	return 1;
}

/* The first large answer of a novel peer, in the newest minute. */
static size_t
tell_download(const struct story *story, struct evidence *evidence)
{
	const struct contact *best = NULL;

	for (size_t i = 0; i < story->count; i++) {
		const struct contact *contact = &story->contacts[i];

		if (!is_novel(contact) || !is_fetched(contact) || contact->fetches != 1 ||
		    contact->fetch_minute != story->view->minute)
			continue;
		if (best == NULL ||
		    contact->service.octets[HOST_IN] > best->service.octets[HOST_IN])
			best = contact;
	}
	*evidence =
		(struct evidence){ .measured = best == NULL ? 0 : best->service.octets[HOST_IN] };
	if (best != NULL)
		add_peer(evidence, best);
	return tell(evidence, BEHAVIOUR_download, DOWNLOAD_OCTETS);
}

static size_t
tell_update(const struct story *story, struct evidence *evidence)
{
	const struct contact *best = NULL;

	for (size_t i = 0; i < story->count; i++) {
		const struct contact *contact = &story->contacts[i];

		if (contact->others == 0 && is_fetched(contact) &&
		    contact->fetch_minute == story->view->minute &&
		    (best == NULL || contact->fetches > best->fetches))
			best = contact;
	}
	*evidence = (struct evidence){ .measured = best == NULL ? 0 : best->fetches };
	if (best != NULL)
		add_peer(evidence, best);
	return tell(evidence, BEHAVIOUR_update, UPDATE_FETCHES);
}

/* The last download from another novel peer, not later than REPORT_S before; NULL: there is none.
 */
static const struct contact *
download_before(const struct story *story, const struct contact *report)
{
	const struct contact *found = NULL;

	for (size_t i = 0; i < story->count; i++) {
		const struct contact *contact = &story->contacts[i];
		int64_t since_s = begin_s(report) - begin_s(contact);

		if (!is_novel(contact) || !is_fetched(contact) || since_s <= 0 ||
		    since_s > REPORT_S ||
		    host_address_equal(&contact->service.peer, &report->service.peer))
			continue;
		if (found == NULL || begin_s(contact) > begin_s(found))
			found = contact;
	}
	return found;
}

static size_t
tell_report(const struct story *story, struct evidence *evidence)
{
	*evidence = (struct evidence){ 0 };
	for (size_t i = 0; i < story->count; i++) {
		const struct contact *contact = &story->contacts[i];
		uint32_t out = contact->service.octets[HOST_OUT];
		const struct contact *download;

		if (!is_novel(contact) || contact->first_minute != story->view->minute ||
		    contact->service.protocol != TCP || !has_answered(contact) ||
		    out <= contact->service.octets[HOST_IN] || out <= evidence->measured)
			continue;
		download = download_before(story, contact);
		if (download == NULL)
			continue;
		*evidence = (struct evidence){ .measured = out };
		add_peer(evidence, contact);
		add_peer(evidence, download);
	}
	return tell(evidence, BEHAVIOUR_success_report, REPORT_OCTETS);
}

/* The first novel contact that began in the newest minute; NULL: there is none. */
static const struct contact *
first_novel(const struct story *story)
{
	const struct contact *first = NULL;

	for (size_t i = 0; i < story->count; i++) {
		const struct contact *contact = &story->contacts[i];

		if (is_novel(contact) && has_answered(contact) &&
		    contact->first_minute == story->view->minute &&
		    (first == NULL || begin_s(contact) < begin_s(first)))
			first = contact;
	}
	return first;
}

static bool
is_check(const struct contact *contact, int64_t before_s)
{
	const struct host_peer *service = &contact->service;
	int64_t since_s = before_s - begin_s(contact);
	double octets = (double)service->octets[HOST_OUT] + service->octets[HOST_IN];

	return contact->is_new && contact->others >= CHECK_OTHERS && has_answered(contact) &&
	       service->port != DNS_PORT && since_s >= 0 && since_s <= CHECK_S &&
	       octets <= (double)CHECK_FLOW_OCTETS * MAX(service->flows, 1);
}

static size_t
tell_check(const struct story *story, struct evidence *evidence)
{
	const struct contact *novel = first_novel(story);

	*evidence = (struct evidence){ 0 };
	if (novel == NULL)
		return 0;
	for (size_t i = 0; i < story->count; i++) {
		if (!is_check(&story->contacts[i], begin_s(novel)))
			continue;
		evidence->measured++;
		add_peer(evidence, &story->contacts[i]);
	}
	add_peer(evidence, novel);
	return tell(evidence, BEHAVIOUR_connectivity_check, 1);
}

static bool
serves_names(const struct host_view *view)
{
	for (const struct host_minute *m = view->host->newest; m != NULL; m = m->older) {
		if (m->bin.port_flows[HOST_IN * HOST_BIN_PORT_CLASSES + PORT_CLASS_DNS] > 0)
			return true;
	}
	return false;
}

/* Queries at rare resolvers, by a host that has a usual one and is none itself. */
static size_t
tell_resolver(const struct story *story, struct evidence *evidence)
{
	bool usual = false, now = false;
	unsigned rare = 0;

	*evidence = (struct evidence){ 0 };
	if (serves_names(story->view))
		return 0;
	for (size_t i = 0; i < story->count; i++) {
		const struct contact *contact = &story->contacts[i];

		if (contact->service.port != DNS_PORT)
			continue;
		usual = usual || contact->others >= RESOLVER_OTHERS;
		if (!contact->is_rare)
			continue;
		rare++;
		now = now || contact->last_minute == story->view->minute;
		evidence->measured += contact->service.flows;
		add_peer(evidence, contact);
	}
	if (!usual || !now || rare > RESOLVERS_MOST)
		return 0;
	return tell(evidence, BEHAVIOUR_resolver_deviation, RESOLVER_QUERIES);
}

size_t
contact_expert_judge(const struct host_view *view, struct evidence *evidence)
{
	static size_t (*const tellers[])(const struct story *, struct evidence *) = {
		tell_download, tell_update, tell_report, tell_check, tell_resolver,
	};
	struct story story;
	size_t count = 0;

	if (!meets_rare_peer(view))
		return 0;
	story.view = view;
	story.count = contacts_collect(view, HOST_WINDOW_15, story.contacts);
	for (size_t i = 0; i < G_N_ELEMENTS(tellers); i++)
		count += tellers[i](&story, &evidence[count]);
	return count;
}
