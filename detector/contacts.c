#include "detector/contacts.h"

#include <glib.h>
#include <math.h>

#include "detector/prevalence.h"

enum {
	TINY_OCTETS = 1500,  /* of both directions, a flow */
	UPLOAD_OCTETS = 300, /* out */
	LARGE_OCTETS = CONTACT_FETCH_OCTETS,
	REPEATED_FLOWS = 3,
	SENT_WORDS = SERVICE_SENT_WORDS,
};

static uint32_t
sum32(uint32_t a, uint32_t b)
{
	return a + b < a ? UINT32_MAX : a + b;
}

static bool
is_fetch(const struct host_peer *service)
{
	return service->seconds != 0 && service->octets[HOST_IN] >= CONTACT_FETCH_OCTETS;
}

static void
join(struct contact *into, const struct service_row *row)
{
	const struct host_peer *other = &row->peer;

	into->service.octets[HOST_OUT] =
		sum32(into->service.octets[HOST_OUT], other->octets[HOST_OUT]);
	into->service.octets[HOST_IN] =
		sum32(into->service.octets[HOST_IN], other->octets[HOST_IN]);
	into->service.flows = (uint16_t)MIN(into->service.flows + other->flows, UINT16_MAX);
	into->service.kinds |= other->kinds;
	into->minutes += other->seconds != 0;
	into->last_minute = row->minute;
	if (!is_fetch(other))
		return;
	into->fetches += into->fetch_minute == 0 || row->minute > into->fetch_minute + 1;
	into->fetch_minute = row->minute;
}

/* What the service's rows of the window make; false: there are none. */
static bool
gather(const struct host_services *services, const struct host_service *service, unsigned minutes,
       struct contact *contact)
{
	bool found = false;

	for (uint16_t at = service->first; at != SERVICE_NONE; at = services->rows[at].next) {
		const struct service_row *row = &services->rows[at];

		if (row->minute + minutes <= services->minute)
			continue;
		if (found) {
			join(contact, row);
			continue;
		}
		*contact = (struct contact){
			.service = row->peer,
			.first_minute = row->minute,
			.last_minute = row->minute,
			.fetch_minute = is_fetch(&row->peer) ? row->minute : 0,
			.fetches = is_fetch(&row->peer),
			.minutes = row->peer.seconds != 0,
		};
		found = true;
	}
	return found;
}

/* Services that the host had begun flows to before the window, as a bitmap like those of the bins.
 */
static void
sent_before(const struct host_view *view, enum host_window_length window,
            uint64_t sent[static SENT_WORDS])
{
	static const enum service_age before[HOST_WINDOWS] = { AGE_1, AGE_5, AGE_15 };
	const struct host_past *past = &view->host->past;

	host_services_sent(view->services, before[window], SERVICE_AGES, sent);
	for (int i = 0; i < SENT_WORDS && past->sent != NULL; i++)
		sent[i] |= past->sent[0][i] | past->sent[1][i];
}

/* Did the host have to do with the peer before the window, by whatever service?  Newer rows come
 * first. */
static bool
was_met_before(const struct host_services *services, const struct host_address *peer,
               unsigned minutes)
{
	for (size_t i = services->row_count; i > 0; i--) {
		const struct service_row *row = &services->rows[i - 1];

		if (row->minute + minutes > services->minute)
			return false;
		if (host_address_equal(&row->peer.peer, peer))
			return true;
	}
	return false;
}

size_t
contacts_collect(const struct host_view *view, enum host_window_length window,
                 struct contact *contacts)
{
	const struct host_services *services = view->services;
	uint64_t before[SENT_WORDS];
	size_t count = 0;

	sent_before(view, window, before);
	for (size_t i = 0; i < services->count; i++)
		count += gather(services, &services->services[i], host_window_minutes[window],
		                &contacts[count]);
	for (size_t i = 0; i < count; i++) {
		uint64_t hash = contacts[i].service.hash;

		contacts[i].is_new = !(before[hash >> 6 & (SENT_WORDS - 1)] >> (hash & 63) & 1) &&
		                     !was_met_before(services, &contacts[i].service.peer,
		                                     host_window_minutes[window]);
		if (view->prevalence != NULL)
			contacts[i].others = prevalence_others(
				view->prevalence, &contacts[i].service.peer, &view->host->host);
		contacts[i].is_rare = contacts[i].others <= CONTACT_RARE_OTHERS;
	}
	return count;
}

static bool
is_web(uint16_t port)
{
	return port == 80 || port == 443 || port == 8080;
}

/* Ports of TCP that people use by name: what is left is odd. */
static bool
is_common(uint16_t port)
{
	static const uint16_t common[] = { 20,  21,  22, 25,   53,   110,  143,  443,  465,  587,
		                           993, 995, 80, 1863, 3128, 5190, 5222, 5223, 8080, 8443 };

	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
		if (common[i] == port)
			return true;
	}
	return false;
}

static void
add_contact(const struct contact *contact, double *v)
{
	const struct host_peer *service = &contact->service;
	double flows = fmax(service->flows, 1), out = service->octets[HOST_OUT],
	       in = service->octets[HOST_IN];
	bool tcp = service->protocol == 6, silent = !(service->kinds & TOUCH_HEARD);

	v[CONTACT_COUNT] += 1;
	v[CONTACT_FLOWS] += service->flows;
	v[CONTACT_SILENT] += silent;
	v[CONTACT_TCP_SILENT] += silent && tcp;
	v[CONTACT_REFUSED] += (service->kinds & TOUCH_REFUSED) != 0;
	v[CONTACT_RETRIED] += silent && service->flows >= 2;
	v[CONTACT_RETRIES_MOST] = fmax(v[CONTACT_RETRIES_MOST], silent ? service->flows : 0);
	v[CONTACT_HTTP] += tcp && service->port == 80;
	v[CONTACT_HTTPS] += tcp && service->port == 443;
	v[CONTACT_UDP] += service->protocol == 17;
	v[CONTACT_ODD_PORT] += tcp && !is_common(service->port);
	v[CONTACT_HIGH_PORT] += tcp && service->port >= 1024 && !is_web(service->port);
	v[CONTACT_TINY] += tcp && !silent && (out + in) / flows < TINY_OCTETS;
	v[CONTACT_UPLOAD] += !silent && out > in && out >= UPLOAD_OCTETS;
	v[CONTACT_PUSH] += !silent && out / flows >= UPLOAD_OCTETS && in < 3 * out;
	v[CONTACT_LARGE] += in >= LARGE_OCTETS;
	v[CONTACT_REPEATED] += service->flows >= REPEATED_FLOWS;
	v[CONTACT_OCTETS_OUT] += out;
	v[CONTACT_OCTETS_IN] += in;
	v[CONTACT_OCTETS_OUT_MOST] = fmax(v[CONTACT_OCTETS_OUT_MOST], out);
	v[CONTACT_OCTETS_IN_MOST] = fmax(v[CONTACT_OCTETS_IN_MOST], in);
	if (tcp && !silent)
		v[CONTACT_RATIO_MOST] =
			fmax(v[CONTACT_RATIO_MOST], 6 + fmin(log1p(out) - log1p(in), 6));
}

static bool
is_chosen(const struct contact *contact, enum contact_choice choice)
{
	if (contact->service.port == 53)
		return false;
	return choice == CONTACTS_ALL || (contact->is_new && contact->is_rare);
}

/* Counts become logarithms and shares, so that one busy window is not a hundred times another. */
static void
settle_shape(double *v)
{
	static const enum contact_feature octets[] = { CONTACT_OCTETS_OUT, CONTACT_OCTETS_IN,
		                                       CONTACT_OCTETS_OUT_MOST,
		                                       CONTACT_OCTETS_IN_MOST };
	double count = v[CONTACT_COUNT] + 1;

	v[CONTACT_SILENT_SHARE] = v[CONTACT_SILENT] / count;
	v[CONTACT_HTTP_SHARE] = v[CONTACT_HTTP] / count;
	v[CONTACT_HTTPS_SHARE] = v[CONTACT_HTTPS] / count;
	v[CONTACT_ODD_SHARE] = v[CONTACT_ODD_PORT] / count;
	v[CONTACT_TINY_SHARE] = v[CONTACT_TINY] / count;
	if (v[CONTACT_COUNT] > 0)
		v[CONTACT_RATIO] = fmax(
			-5, fmin(5, log1p(v[CONTACT_OCTETS_OUT]) - log1p(v[CONTACT_OCTETS_IN])));
	v[CONTACT_FLOW_OCTETS_OUT] = log1p(v[CONTACT_OCTETS_OUT] / fmax(v[CONTACT_FLOWS], 1) / 50);
	v[CONTACT_FLOW_OCTETS_IN] = log1p(v[CONTACT_OCTETS_IN] / fmax(v[CONTACT_FLOWS], 1) / 50);
	for (size_t i = 0; i < sizeof(octets) / sizeof(octets[0]); i++)
		v[octets[i]] = log1p(v[octets[i]] / 500);
	for (int i = CONTACT_COUNT; i <= CONTACT_REPEATED; i++)
		v[i] = log1p(v[i]);
}

void
contacts_shape(const struct contact *contacts, size_t count, enum contact_choice choice,
               double *values)
{
	for (int i = 0; i < CONTACT_FEATURES; i++)
		values[i] = 0;
	for (size_t i = 0; i < count; i++) {
		if (is_chosen(&contacts[i], choice))
			add_contact(&contacts[i], values);
	}
	settle_shape(values);
}

size_t
contacts_shapes(const struct host_view *view,
                struct contact_shape shapes[static CONTACT_SHAPES_MAX])
{
	struct contact contacts[CONTACTS_MAX];
	size_t found = contacts_collect(view, HOST_WINDOW_5, contacts), count = 0;

	for (size_t i = 0; i < found && count < CONTACT_SHAPES_MAX; i++) {
		const struct contact *contact = &contacts[i];
		uint64_t seconds = contact->service.seconds;

		if (!is_chosen(contact, CONTACTS_NEW_AND_RARE) || seconds == 0)
			continue;
		shapes[count].begun_ms = (int64_t)contact->first_minute * HOST_BIN_MS +
		                         1000LL * __builtin_ctzll(seconds);
		shapes[count].is_active = contact->last_minute == view->minute;
		contacts_shape(contact, 1, CONTACTS_ALL, shapes[count].values);
		count++;
	}
	return count;
}
