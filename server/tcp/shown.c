/* SPDX-License-Identifier: Apache-2.0 */
#include "tcp/shown.h"

#include "tcp/conn.h"
#include "tcp/kept.h"
#include "tcp/peer.h"

#include <stdio.h>
#include <string.h>

/* Lines per second about one peer's malformed messages. */
#define MALFORMED_BURST 2

static const char *
or_empty(const char *s)
{
	return s ? s : "";
}

/* What only another configuration changes. */
static void
show_settings(struct peer *p)
{
	const struct config_peer *k = p->config;
	struct peer_info *i = &p->shown.info;

	i->name = k->name;
	i->address = p->address;
	i->local_as = p->options.local_as;
	i->rack = p->shown.location.rack;
	i->zone = p->shown.location.zone;
	i->viewing = p->options.view;
	i->view = or_empty(k->view);
	i->dynamic = peer_is_dynamic(p);
	i->passive = p->options.passive;
	i->thread = p->io->index;
	i->host = p->shown.host;
	i->last_error = p->shown.last_error;
	i->notification_sent = p->shown.notification_sent;
	i->notification_received = p->shown.notification_received;
	i->state_name = session_state_names[i->state];
}

/* Configured ones in their order, those from ranges behind them as they came. */
static void
list(struct tcp *t, struct peer *p)
{
	bool dynamic = peer_is_dynamic(p);
	struct peer **at = dynamic ? t->listed_end : &t->listed;

	p->place =
	    dynamic ? UINT32_MAX : (uint32_t)(p->config - p->io->setup->config->peers.items);
	while (*at && (*at)->place <= p->place)
		at = &(*at)->listed_next;
	p->listed_next = *at;
	p->listed_prev = at;
	if (*at)
		(*at)->listed_prev = &p->listed_next;
	else
		t->listed_end = &p->listed_next;
	*at = p;
}

static void
unlist(struct tcp *t, struct peer *p)
{
	*p->listed_prev = p->listed_next;
	if (p->listed_next)
		p->listed_next->listed_prev = p->listed_prev;
	else
		t->listed_end = p->listed_prev;
}

void
shown_add(struct peer *p)
{
	struct tcp *t = p->io->tcp;

	show_settings(p);
	atomic_fetch_add_explicit(&t->n_peers, 1, memory_order_relaxed);
	pthread_mutex_lock(&t->registry_lock);
	list(t, p);
	pthread_mutex_unlock(&t->registry_lock);
}

void
shown_remove(struct peer *p)
{
	struct tcp *t = p->io->tcp;

	if (p->shown.info.state == SESSION_ESTABLISHED)
		atomic_fetch_sub_explicit(&t->n_established, 1, memory_order_relaxed);
	pthread_mutex_lock(&t->registry_lock);
	unlist(t, p);
	pthread_mutex_unlock(&t->registry_lock);
	atomic_fetch_sub_explicit(&t->n_peers, 1, memory_order_relaxed);
}

void
shown_again(struct peer *p)
{
	struct tcp *t = p->io->tcp;

	pthread_mutex_lock(&t->registry_lock);
	unlist(t, p);
	show_settings(p);
	list(t, p);
	pthread_mutex_unlock(&t->registry_lock);
}

/* ---- what changes ---- */

static void
log_up(const struct peer *p, const struct session *s)
{
	const struct negotiated *n = &s->agreed;

	log_info("peer up", f_str("peer", p->config->name), f_ip("address", p->address),
	    f_u64("as", s->remote.as), f_u64("hold_time", n->hold_time),
	    f_bool("ipv4", n->families[ip_family_index(IP_V4)]),
	    f_bool("ipv6", n->families[ip_family_index(IP_V6)]),
	    f_bool("add_path", n->add_path_tx[0] || n->add_path_tx[1]),
	    f_bool("graceful_restart", n->gr), f_u64("group", group_id(s->cursor.group)));
}

static void
log_changes(struct peer *p, const struct session *s)
{
	const struct session_history *h = &p->history;

	if (h->flaps != p->seen_down)
		log_warn("peer down", f_str("peer", p->config->name),
		    f_ip("address", p->address), f_str("reason", h->last_error));
	else if (strcmp(h->last_error, p->shown.last_error) != 0) /* once, not each attempt */
		log_info("connection ended", f_str("peer", p->config->name),
		    f_ip("address", p->address), f_str("reason", h->last_error));
	if (h->established != p->seen_up && s->has_cursor)
		log_up(p, s);
	p->seen_down = h->flaps;
	p->seen_up = h->established;
}

static void
log_malformed(struct peer *p, uint64_t now)
{
	uint32_t suppressed;

	if (log_allow(&p->log_limit, MALFORMED_BURST, now, &suppressed))
		log_warn("malformed message", f_str("peer", p->config->name),
		    f_ip("address", p->address), f_str("what", p->history.malformed),
		    f_u64("suppressed", suppressed));
}

static void
copy_text(char to[SESSION_TEXT_MAX], const char from[SESSION_TEXT_MAX])
{
	memcpy(to, from, SESSION_TEXT_MAX);
}

static void
show_session(struct peer_info *i, const struct conn *c)
{
	const struct session *s = &c->session;
	bool up = s->state == SESSION_ESTABLISHED;

	i->port = c->remote_port;
	i->local = c->local;
	i->local_port = c->local_port;
	i->outgoing = s->outgoing;
	i->router_id = s->remote.router_id;
	i->as = s->remote.as;
	if (!i->as && s->options->n_peer_as == 1)
		i->as = s->options->peer_as[0];
	i->state = s->state;
	i->state_name = session_state_names[s->state];
	i->hold_time = up ? s->agreed.hold_time : 0;
	i->extended = up && s->agreed.extended_tx;
	i->graceful_restart = up && s->agreed.gr;
	i->group = s->has_cursor ? group_id(s->cursor.group) : 0;
	i->viewing = s->has_cursor ? group_format(s->cursor.group)->view : s->options->view;
	for (unsigned f = 0; f < IP_FAMILIES; f++) {
		i->families[f] = up && s->agreed.families[f];
		i->add_path[f] = up && s->agreed.families[f] && s->agreed.add_path_tx[f];
	}
}

static void
show_changes(struct peer *p, const struct conn *c)
{
	const struct session_history *h = &p->history;
	struct peer_shown *shown = &p->shown;
	struct peer_info *i = &shown->info;

	show_session(i, c);
	i->state_since_ns = h->changed_at;
	i->established = h->established;
	i->flaps = h->flaps;
	i->established_wall_ns = i->state == SESSION_ESTABLISHED
	                             ? clock_wall_ns() - (clock_mono_ns() - h->established_at)
	                             : 0;
	snprintf(shown->host, sizeof(shown->host), "%s", c->session.remote.capabilities.host);
	copy_text(shown->last_error, h->last_error);
	copy_text(shown->notification_sent, h->notification_sent);
	copy_text(shown->notification_received, h->notification_received);
}

static void
count_established(struct tcp *t, enum session_state was, enum session_state is)
{
	if (was != SESSION_ESTABLISHED && is == SESSION_ESTABLISHED)
		atomic_fetch_add_explicit(&t->n_established, 1, memory_order_relaxed);
	if (was == SESSION_ESTABLISHED && is != SESSION_ESTABLISHED)
		atomic_fetch_sub_explicit(&t->n_established, 1, memory_order_relaxed);
}

void
shown_update(struct peer *p, uint64_t now)
{
	struct tcp *t = p->io->tcp;
	const struct session_history *h = &p->history;
	const struct conn *c = p->main;
	uint64_t malformed = atomic_load_explicit(&h->malformed_in, memory_order_relaxed);
	enum session_state was = p->shown.info.state;

	if (malformed != p->seen_malformed)
		log_malformed(p, now);
	p->seen_malformed = malformed;
	if (h->changes == p->seen_changes)
		return;
	p->seen_changes = h->changes;
	if (p->rival && p->rival->session.state > c->session.state)
		c = p->rival;
	log_changes(p, &c->session);
	pthread_mutex_lock(&t->registry_lock);
	show_changes(p, c);
	pthread_mutex_unlock(&t->registry_lock);
	count_established(t, was, p->shown.info.state);
	if ((was == SESSION_ESTABLISHED) != (p->shown.info.state == SESSION_ESTABLISHED))
		kept_changed(p->io, now);
}

/* ---- watch ---- */

static void
add_counters(const struct tcp *t, const struct session_history *h, struct peer_info *i)
{
	uint64_t now = clock_mono_ns(), version = table_version(t->table);

#define READ(counter) atomic_load_explicit(&h->counter, memory_order_relaxed)
	i->messages_in = READ(messages_in);
	i->messages_out = READ(messages_out);
	i->bytes_in = READ(bytes_in);
	i->bytes_out = READ(bytes_out);
	i->updates_in = READ(updates_in);
	i->refreshes_in = READ(refreshes_in);
	i->malformed_in = READ(malformed_in);
	i->paths_sent = READ(paths_sent);
	i->reached = READ(reached);
#undef READ
	if (i->state != SESSION_ESTABLISHED)
		return;
	i->behind = version > i->reached ? version - i->reached : 0;
	i->uptime_ns = now > i->state_since_ns ? now - i->state_since_ns : 0;
}

static void
list_peer(const struct tcp *t, const struct peer *p,
    void (*fn)(void *ctx, const struct peer_info *), void *ctx)
{
	struct peer_info info = p->shown.info;

	add_counters(t, &p->history, &info);
	fn(ctx, &info);
}

void
tcp_each_peer(struct tcp *t, void (*fn)(void *ctx, const struct peer_info *), void *ctx)
{
	pthread_mutex_lock(&t->registry_lock);
	for (const struct peer *p = t->listed; p; p = p->listed_next)
		list_peer(t, p, fn, ctx);
	pthread_mutex_unlock(&t->registry_lock);
}

struct tcp_totals
tcp_totals(const struct tcp *t)
{
	struct tcp *rw = (struct tcp *)(uintptr_t)t;

	return (struct tcp_totals){
	    .peers = atomic_load_explicit(&rw->n_peers, memory_order_relaxed),
	    .established = atomic_load_explicit(&rw->n_established, memory_order_relaxed),
	};
}
