#include "tests/support/host_views.h"

enum { HOSTS = 1000, MINUTES = 60, PEERS = 4096, OTHERS = 0x0a090000, TCP = 6 };

struct HostViews {
	HostHistory *history;
	Prevalence *prevalence;
	struct host_window windows[HOST_WINDOWS];
	struct host_services services;
	struct host_view view;
};

HostViews *
host_views_new(void)
{
	HostViews *views = g_new0(HostViews, 1);
	struct host_history_limits limits = { HOSTS, MINUTES, HOST_VIEWS_KEY, 0 };

	views->history = host_history_new(&limits);
	views->prevalence = prevalence_new(PEERS, HOST_VIEWS_KEY);
	return views;
}

void
host_views_free(HostViews *views)
{
	host_history_free(views->history);
	prevalence_free(views->prevalence);
	g_free(views);
}

static void
count_flow(struct host_bin *bin, const struct exchange *exchange)
{
	enum host_direction direction = exchange->called ? HOST_IN : HOST_OUT;
	uint8_t protocol = exchange->protocol != 0 ? exchange->protocol : TCP;

	bin->exporters[0] = 1;
	bin->directions[0] = exchange->directions != 0 ? exchange->directions : 3;
	bin->flows[direction] = !exchange->goes_on;
	bin->packets[HOST_OUT] = exchange->packets != 0 ? exchange->packets : exchange->out > 0;
	bin->protocol_packets[HOST_OUT * 4 + host_protocol(protocol)] =
		(uint32_t)bin->packets[HOST_OUT];
	bin->packets[HOST_IN] = exchange->in > 0;
	bin->octets[HOST_OUT] = exchange->out;
	bin->octets[HOST_IN] = exchange->in;
	bin->protocol_flows[direction * 4 + host_protocol(protocol)] = bin->flows[direction];
	bin->port_flows[direction * HOST_BIN_PORT_CLASSES + host_port_class(exchange->port)] =
		!exchange->goes_on;
	bin->syn_only_flows[direction] =
		protocol == TCP && (exchange->called ? exchange->out : exchange->in) == 0;
}

static struct host_touch
touch_of(const struct exchange *exchange, enum host_direction direction)
{
	bool begins = !exchange->goes_on && (direction == HOST_IN) == exchange->called;
	struct host_touch touch = { .peer = host_address_from_ipv4(exchange->peer),
		                    .octets = direction == HOST_OUT ? exchange->out : exchange->in,
		                    .port = exchange->port,
		                    .kinds = begins ? TOUCH_BEGUN : 0,
		                    .protocol = exchange->protocol != 0 ? exchange->protocol : TCP,
		                    .first_quarter = (uint8_t)(4 * exchange->second),
		                    .last_quarter = (uint8_t)(4 * exchange->second) };

	if (direction == HOST_IN)
		touch.kinds |= TOUCH_IN;
	if (begins && exchange->small)
		touch.kinds |= exchange->in == 0 ? TOUCH_SMALL | TOUCH_FAILING : TOUCH_SMALL;
	if (exchange->called)
		touch.kinds |= TOUCH_SERVED;
	else
		touch.kinds |= direction == HOST_OUT ? TOUCH_SENT : TOUCH_HEARD;
	return touch;
}

void
host_views_add(HostViews *views, const struct exchange *exchange)
{
	struct host_address host = host_address_from_ipv4(exchange->host);
	uint32_t minute = HOST_VIEWS_MINUTE + exchange->minute;
	struct ring_bin part = { .export_ms = ((int64_t)minute + 1) * HOST_BIN_MS };

	host_bin_init(&part.bin, &host, minute);
	host_bin_extension_init(&part.extension);
	host_bin_extend(&part.bin, &part.extension, HOST_VIEWS_KEY);
	count_flow(&part.bin, exchange);
	for (int direction = HOST_OUT; direction <= HOST_IN; direction++) {
		struct host_touch touch = touch_of(exchange, (enum host_direction)direction);

		if (touch.octets > 0)
			host_bin_touch(&part.bin, &part.extension, &touch, HOST_VIEWS_KEY);
	}
	host_history_add(views->history, &part);
	prevalence_add(views->prevalence, &part.bin, &part.extension);
}

void
host_views_make_known(HostViews *views, uint32_t peer, uint16_t port, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct exchange exchange = {
			.host = OTHERS + i, .peer = peer, .port = port, .out = 100, .in = 100
		};

		host_views_add(views, &exchange);
	}
}

const struct host_view *
host_views_at(HostViews *views, uint32_t host, uint32_t minute)
{
	struct host_address address = host_address_from_ipv4(host);
	struct known_host *known = host_history_find(views->history, &address);
	const struct history_depth everything = { 0, 0, 0 };

	g_assert_nonnull(known);
	host_history_open(views->history, known, HOST_VIEWS_MINUTE + minute, &everything);
	host_services_collect(&views->services, known, HOST_VIEWS_MINUTE + minute, HOST_VIEWS_KEY);
	views->view = (struct host_view){ .host = known,
		                          .minute = HOST_VIEWS_MINUTE + minute,
		                          .history_minutes = 30,
		                          .prevalence = views->prevalence,
		                          .sketch_key = HOST_VIEWS_KEY,
		                          .windows = views->windows,
		                          .services = &views->services };
	for (int i = 0; i < HOST_WINDOWS; i++)
		host_window_merge(&views->windows[i], views->view.host, views->view.minute,
		                  host_window_minutes[i], HOST_VIEWS_KEY);
	for (const struct host_minute *m = known->newest; m != NULL; m = m->older)
		views->view.hears = views->view.hears || (m->bin.directions[0] >> HOST_IN & 1);
	return &views->view;
}
