/* SPDX-License-Identifier: Apache-2.0 */
#include "tcp/peer.h"

#include "core/hash.h"
#include "core/metric.h"
#include "tcp/conn.h"
#include "tcp/kept.h"
#include "tcp/shown.h"
#include "tcp/viewing.h"

#include <stdlib.h>
#include <unistd.h>

#define TTL_MAX 255u

static const struct md5_key *
key_of(const struct peer *p)
{
	const struct tcp_setup *s = p->io->setup;

	return &s->keys[p->config - s->config->peers.items];
}

static void
fill_options(struct peer *p)
{
	const struct tcp *t = p->io->tcp;
	const struct config *c = p->io->setup->config;
	const struct config_peer *k = p->config;
	struct session_options *o = &p->options;

	o->router_id = c->router_id;
	o->local_as = c->local_as;
	o->cluster_id = c->cluster_id;
	o->peer_as = k->as.items;
	o->n_peer_as = k->as.len;
	o->passive = (k->passive || peer_is_dynamic(p)) && !p->courted;
	o->family[ip_family_index(IP_V4)] = k->families & CONFIG_FAMILY_IPV4;
	o->family[ip_family_index(IP_V6)] = k->families & CONFIG_FAMILY_IPV6;
	o->add_path[ip_family_index(IP_V4)] = o->add_path[ip_family_index(IP_V6)] = k->add_path;
	o->extended = true;
	o->graceful_restart = c->graceful_restart.enabled;
	o->restart_time_s =
	    (uint16_t)((k->restart_time_ns ? k->restart_time_ns
	                                   : c->graceful_restart.restart_time_ns) /
	               NS_PER_S);
	o->restarting_until_ns = t->started_at + c->graceful_restart.restart_time_ns;
	o->hold_s = (uint16_t)(k->hold_time_ns / NS_PER_S);
	o->connect_retry_ns = k->connect_retry_ns;
	o->send_hold_ns = k->send_hold_ns;
	o->hostname = t->hostname;
	config_locate(c, k, &p->address, &p->shown.location);
	viewing_of(c, k, &p->shown.location, &p->address, &o->view);
	o->single_variant = viewing_single(&p->address);
	o->single_variants = SINGLE_VARIANTS;
	o->seed = hash_two(c->router_id, ip_hash(&p->address));
}

static struct peer **
bucket_of(struct io *io, const struct ip_addr *address)
{
	/* The low bits chose the thread. */
	return &io->bucket[(ip_hash(address) >> 32) % PEER_BUCKETS];
}

struct peer *
peer_new(struct io *io, const struct config_peer *config, const struct ip_addr *address)
{
	struct peer *p = must_calloc(1, sizeof(*p)), **bucket = bucket_of(io, address);

	p->io = io;
	p->config = config;
	p->address = *address;
	p->courted = (config->passive || peer_is_dynamic(p)) && kept_waits(io->tcp, address);
	fill_options(p);
	p->main = conn_new(p);
	p->bucket_next = *bucket;
	*bucket = p;
	shown_add(p);
	return p;
}

void
peer_make_configured(struct io *io, uint64_t now)
{
	const struct config_peers *peers = &io->setup->config->peers;

	for (uint32_t i = 0; i < peers->len; i++) {
		const struct config_peer *k = &peers->items[i];
		struct peer *p;

		if (k->address.family == IP_NONE || io_of(io->tcp, &k->address) != io ||
		    peer_find(io, &k->address))
			continue;
		p = peer_new(io, k, &k->address);
		p->options.draining = io->draining;
		if (!io->drained)
			peer_start(p, now);
		peer_settle(p, now);
	}
}

void
peer_reconfigure(struct peer *p, const struct config_peer *config)
{
	p->config = config;
	fill_options(p);
	shown_again(p);
}

void
peer_start(struct peer *p, uint64_t now)
{
	session_start(&p->main->session, now);
}

void
peer_free(struct peer *p)
{
	struct peer **at = bucket_of(p->io, &p->address);

	shown_remove(p);
	while (*at != p)
		at = &(*at)->bucket_next;
	*at = p->bucket_next;
	if (p->rival)
		conn_free(p->rival);
	conn_free(p->main);
	free(p);
}

struct peer *
peer_find(struct io *io, const struct ip_addr *address)
{
	struct peer *p = *bucket_of(io, address);

	while (p && !ip_equal(&p->address, address))
		p = p->bucket_next;
	return p;
}

int
peer_prepare_socket(const struct peer *p, int fd, bool connecting)
{
	const struct config_peer *k = p->config;
	const struct md5_key *key = key_of(p);
	struct ip_prefix range = ip_host_prefix(&p->address);
	int error = socket_tune(fd);

	/* An accepted connection has inherited its key from the listener. */
	if (!error && connecting && key->len)
		error = socket_set_md5(fd, &range, key);
	if (!error && k->multihop)
		error = socket_set_ttl(fd, p->address.family, k->multihop);
	if (!error && k->ttl_security)
		error = socket_set_ttl(fd, p->address.family, TTL_MAX);
	if (!error && k->ttl_security)
		error =
		    socket_set_min_ttl(fd, p->address.family, TTL_MAX + 1 - k->ttl_security);
	return error;
}

/* A second connection: a place beside the main one. */
static struct conn *
make_rival(struct peer *p, uint64_t now) ON_IO
{
	/* A third one: the peer has given up the second. */
	if (p->rival)
		conn_free(p->rival);
	p->rival = conn_new(p);
	session_set_rivals(&p->main->session, &p->rival->session);
	session_await(&p->rival->session, now);
	return p->rival;
}

static struct conn *
place_for(struct peer *p, uint64_t now) ON_IO
{
	if (session_accepts(&p->main->session))
		return p->main;
	if (!conn_is_open(p->main)) /* Idle: damped after errors */
		return NULL;
	if (p->rival && p->rival->session.state == SESSION_ESTABLISHED)
		return NULL; /* the main one is just closing */
	return make_rival(p, now);
}

void
peer_accept(struct peer *p, int fd, uint16_t port, uint64_t now)
{
	struct conn *c = place_for(p, now);

	if (!c || peer_prepare_socket(p, fd, false)) {
		metric_inc(
		    p->rival ? METRIC_BGP_REJECTED_DUPLICATE : METRIC_BGP_REJECTED_DAMPED);
		close(fd);
	} else {
		conn_accept(c, fd, port, now);
	}
	peer_settle(p, now);
}

/* One of two connections has gone: what is left is the main one, without a rival. */
static void
settle_roles(struct peer *p) ON_IO
{
	struct conn *rest = p->rival;

	if (!rest || (conn_is_open(p->main) && conn_is_open(rest)))
		return;
	if (conn_is_open(rest)) {
		p->rival = p->main;
		p->main = rest;
	}
	conn_free(p->rival);
	p->rival = NULL;
}

/* Connected, or damped: a peer from a range is remembered for as long as it is held off. */
static bool
is_needed(const struct peer *p)
{
	if (p->removed)
		return conn_is_open(p->main);
	return !peer_is_dynamic(p) || p->courted || conn_is_open(p->main) ||
	       p->main->session.state == SESSION_IDLE;
}

/* Courting is over when it has said yes, or when it no longer keeps our routes. */
static void
settle_courting(struct peer *p, uint64_t now)
{
	if (!p->courted || (p->main->session.state != SESSION_ESTABLISHED &&
	                       now < p->options.restarting_until_ns))
		return;
	p->courted = false;
	p->options.passive = true;
}

void
peer_settle(struct peer *p, uint64_t now)
{
	conn_settle(p->main, now);
	if (p->rival)
		conn_settle(p->rival, now);
	settle_roles(p);
	settle_courting(p, now);
	shown_update(p, now);
	if (!is_needed(p))
		peer_free(p);
}

static void
shut_down(struct conn *c, uint64_t now) ON_IO
{
	if (session_survives_drop(&c->session))
		session_drop(&c->session, "heliographd restarts", now);
	else
		session_stop(&c->session, NOTIFY_CEASE_SHUTDOWN, "heliographd ends", now);
}

void
peer_shut_down(struct peer *p, uint64_t now)
{
	shut_down(p->main, now);
	if (p->rival)
		shut_down(p->rival, now);
	peer_settle(p, now);
}
