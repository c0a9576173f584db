/* SPDX-License-Identifier: Apache-2.0 */
#include "tcp/setup.h"

#include "core/log.h"
#include "tcp/conn.h"
#include "tcp/listen.h"
#include "tcp/password.h"
#include "tcp/peer.h"
#include "tcp/viewing.h"

#include <stdlib.h>
#include <string.h>

struct tcp_setup *
tcp_setup_new(const struct config *config, char *why, size_t size)
{
	struct tcp_setup *s = must_calloc(1, sizeof(*s));

	s->config = config;
	s->keys = must_calloc(config->peers.len + 1, sizeof(s->keys[0]));
	if (password_read_all(config, s->keys, why, size))
		return s;
	tcp_setup_free(s);
	return NULL;
}

void
tcp_setup_free(struct tcp_setup *s)
{
	if (!s)
		return;
	explicit_bzero(s->keys, (s->config->peers.len + 1) * sizeof(s->keys[0]));
	free(s->keys);
	free(s);
}

void
setup_first(struct tcp *t, struct tcp_setup *setup)
{
	t->setup = setup;
	for (unsigned i = 0; i < t->n_io; i++)
		t->io[i].setup = setup;
}

bool
tcp_settled(struct tcp *t)
{
	return atomic_load_explicit(&t->n_behind, memory_order_acquire) == 0;
}

void
tcp_configure(struct tcp *t, struct tcp_setup *setup)
{
	must(tcp_settled(t));
	tcp_setup_free(t->setup_before);
	t->setup_before = t->setup;
	atomic_store_explicit(&t->n_behind, t->n_io, memory_order_relaxed);
	pthread_mutex_lock(&t->registry_lock);
	t->setup = setup;
	pthread_mutex_unlock(&t->registry_lock);
	for (unsigned i = 0; i < t->n_io; i++)
		waker_wake(&t->io[i].waker);
}

static bool
same_numbers(const struct config_asns *a, const struct config_asns *b)
{
	return a->len == b->len &&
	       memcmp(a->items, b->items, a->len * sizeof(a->items[0])) == 0;
}

static const struct md5_key *
key_of(const struct tcp_setup *s, const struct config_peer *k)
{
	return &s->keys[k - s->config->peers.items];
}

/* What a session is made of is another: it has to begin anew. */
static bool
is_another(const struct tcp_setup *old, const struct tcp_setup *fresh,
    const struct config_peer *a, const struct config_peer *b)
{
	return !same_numbers(&a->as, &b->as) || a->hold_time_ns != b->hold_time_ns ||
	       a->restart_time_ns != b->restart_time_ns || a->families != b->families ||
	       a->add_path != b->add_path || a->multihop != b->multihop ||
	       a->ttl_security != b->ttl_security || !ip_equal(&a->source, &b->source) ||
	       memcmp(key_of(old, a), key_of(fresh, b), sizeof(struct md5_key)) != 0;
}

static void
view_under(const struct tcp_setup *s, const struct config_peer *k,
    const struct ip_addr *address, struct view *out)
{
	struct config_location at;

	config_locate(s->config, k, address, &at);
	viewing_of(s->config, k, &at, address, out);
}

/* The same question for the plan and for the threads. */
static enum tcp_fate
fate_of(
    const struct tcp_setup *old, const struct tcp_setup *fresh, const struct ip_addr *address)
{
	const struct config_peer *a = config_peer_find(old->config, address);
	const struct config_peer *b = config_peer_find(fresh->config, address);
	struct view before, after;

	if (!a || !b)
		return b ? TCP_STAYS : TCP_ENDS;
	view_under(old, a, address, &before);
	view_under(fresh, b, address, &after);
	return is_another(old, fresh, a, b) || memcmp(&before, &after, sizeof(before)) != 0
	           ? TCP_RESTARTS
	           : TCP_STAYS;
}

enum tcp_fate
tcp_fate(const struct tcp *t, const struct tcp_setup *fresh, const struct ip_addr *address)
{
	return fate_of(t->setup, fresh, address);
}

/* ---- on an io thread ---- */

static void
end_session(struct conn *c, uint8_t subcode, uint64_t now) ON_IO
{
	session_stop(&c->session, subcode, NULL, now);
}

static void
remove_peer(struct peer *p, uint64_t now) ON_IO
{
	log_info("peer removed from the configuration", f_str("peer", p->config->name),
	    f_ip("address", p->address));
	end_session(p->main, NOTIFY_CEASE_DECONFIGURED, now);
	if (p->rival)
		end_session(p->rival, NOTIFY_CEASE_DECONFIGURED, now);
	p->removed = true;
	peer_settle(p, now);
}

static void
reset_peer(struct peer *p, uint64_t now) ON_IO
{
	bool stopped = p->main->session.stopped; /* by an operator: that holds on */

	log_info("peer changed in the configuration: its session begins anew",
	    f_str("peer", p->config->name), f_ip("address", p->address));
	end_session(p->main, NOTIFY_CEASE_CONFIG_CHANGE, now);
	if (p->rival)
		end_session(p->rival, NOTIFY_CEASE_CONFIG_CHANGE, now);
	if (!stopped)
		session_start(&p->main->session, now);
}

static void
switch_peer(struct peer *p, const struct tcp_setup *old, uint64_t now) ON_IO
{
	const struct tcp_setup *fresh = p->io->setup;
	enum tcp_fate fate = fate_of(old, fresh, &p->address);

	if (fate == TCP_ENDS) {
		remove_peer(p, now);
		return;
	}
	peer_reconfigure(p, config_peer_find(fresh->config, &p->address));
	if (fate == TCP_RESTARTS)
		reset_peer(p, now);
	peer_settle(p, now);
}

static void
switch_all(struct io *io, const struct tcp_setup *old, uint64_t now) ON_IO
{
	for (unsigned i = 0; i < PEER_BUCKETS; i++)
		for (struct peer *p = io->bucket[i], *next; p; p = next) {
			next = p->bucket_next;
			switch_peer(p, old, now);
		}
}

void
setup_take(struct io *io, uint64_t now)
{
	struct tcp *t = io->tcp;
	struct tcp_setup *old = io->setup, *fresh;

	pthread_mutex_lock(&t->registry_lock);
	fresh = t->setup;
	pthread_mutex_unlock(&t->registry_lock);
	if (fresh == old)
		return;
	io->setup = fresh;
	if (io->index == 0)
		listen_follow(t, old, fresh);
	switch_all(io, old, now);
	peer_make_configured(io, now);
	atomic_fetch_sub_explicit(&t->n_behind, 1, memory_order_release);
}
