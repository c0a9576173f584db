/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/neighbours.h"

#include "cluster/cluster.h"
#include "core/clock.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/metric.h"
#include "ribout/filter.h"
#include "tcp/tcp.h"
#include "watch/reload.h"
#include "watch/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RETRY_NS  (30 * NS_PER_S)
#define RULES_MAX 1024u /* of one peer's filters together; more: the peer is left out */

/* ---- one peer ---- */

struct composing {
	struct neighbours *out;
	const struct config *file;
	const struct watch_sources *sources;
	struct config_peer *peers;
	uint32_t n, cap;
};

static const struct calico_object *
find_filter(const struct cluster *cluster, const char *name) RCU_READER
{
	for (uint32_t i = 0; i < cluster_calico_bound(cluster, RESOURCE_BGPFILTER); i++) {
		const struct calico_object *o = cluster_calico(cluster, RESOURCE_BGPFILTER, i);

		if (o && strcmp(o->object.name, name) == 0)
			return o;
	}
	return NULL;
}

static bool
concerns(const struct calico_rule *r, bool ebgp)
{
	return !r->no_match &&
	       (r->peer_type == PEER_TYPE_ANY || (r->peer_type == PEER_TYPE_EBGP) == ebgp);
}

static uint32_t
add_rules(const struct bgp_filter *f, bool ebgp, struct filter_rule_out *out, uint32_t n)
{
	_Static_assert(
	    (int)MATCH_ANY == (int)FILTER_ANY && (int)MATCH_EQUAL == (int)FILTER_EQUAL &&
	        (int)MATCH_NOT_EQUAL == (int)FILTER_NOT_EQUAL &&
	        (int)MATCH_IN == (int)FILTER_IN && (int)MATCH_NOT_IN == (int)FILTER_NOT_IN,
	    "one enum, seen from both sides");
	for (unsigned family = 0; family < IP_FAMILIES; family++)
		for (uint32_t i = 0; i < f->n_rules[family]; i++) {
			const struct calico_rule *r = &f->rules[family][i];

			if (!concerns(r, ebgp) || n == RULES_MAX)
				continue;
			out[n] = (struct filter_rule_out){.cidr = r->cidr,
			    .match = r->match,
			    .min_len = r->min_len,
			    .max_len = r->max_len,
			    .accept = r->accept};
			out[n++].cidr.addr.family = family == 0 ? IP_V4 : IP_V6;
		}
	return n;
}

/* The filters that the object names, one behind the other, as a number. A name that no object has is as good as none. */
static uint32_t
filter_of(const struct cluster *cluster, const struct bgp_peer *p, bool ebgp) RCU_READER
{
	static struct filter_rule_out rules[RULES_MAX];
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->filters.len; i++) {
		const struct calico_object *o = find_filter(cluster, p->filters.items[i]);

		if (o)
			n = add_rules(calico_filter(o), ebgp, rules, n);
	}
	return filter_number(rules, n);
}

static const char *
arena_text(struct arena *a, const char *text)
{
	return arena_strndup(a, text, strlen(text));
}

static const char *
password_of(struct composing *x, const struct bgp_peer *p)
{
	char path[4096];

	if (!p->secret_name)
		return NULL;
	snprintf(path, sizeof(path), "%s/%s/%s",
	    x->file->calico_peers.password_dir ? x->file->calico_peers.password_dir : ".",
	    p->secret_name, p->secret_key);
	return arena_text(&x->out->arena, path);
}

static bool
has_address(const struct composing *x, const struct ip_addr *a)
{
	for (uint32_t i = 0; i < x->n; i++)
		if (ip_equal(&x->peers[i].address, a))
			return true;
	return false;
}

static bool
has_name(const struct composing *x, const char *name)
{
	for (uint32_t i = 0; i < x->n; i++)
		if (strcmp(x->peers[i].name, name) == 0)
			return true;
	return false;
}

static const char *
name_for(struct composing *x, const char *name)
{
	char text[320];

	snprintf(text, sizeof(text), has_name(x, name) ? "calico-%s" : "%s", name);
	return arena_text(&x->out->arena, text);
}

static struct config_peer *
next_place(struct composing *x)
{
	if (x->n == x->cap) {
		x->cap = 2 * x->cap + 16;
		x->peers = must_realloc(x->peers, x->cap * sizeof(*x->peers));
	}
	return &x->peers[x->n];
}

static void
add_peer(struct composing *x, const struct cluster *cluster, const struct bgp_peer *p)
    RCU_READER
{
	const struct config *file = x->file;
	struct config_peer *k = next_place(x);
	uint32_t *as = arena_alloc(&x->out->arena, sizeof(*as));

	*as = p->as_number ? p->as_number : file->local_as;
	*k = (struct config_peer){.name = name_for(x, p->calico.object.name),
	    .address = p->address,
	    .port = p->port ? p->port : 179,
	    .as = {.items = as, .len = 1},
	    .hold_time_ns = 90 * NS_PER_S,
	    .connect_retry_ns = 5 * NS_PER_S,
	    .send_hold_ns = 480 * NS_PER_S,
	    .families = CONFIG_FAMILY_IPV4 | CONFIG_FAMILY_IPV6,
	    .add_path = true,
	    .view = file->calico_peers.view,
	    .view_index = file->calico_peers.view_index,
	    .ttl_security = p->ttl_security,
	    .restart_time_ns = p->restart_time_ns,
	    .password_file = password_of(x, p),
	    .export_filter = filter_of(cluster, p, *as != file->local_as)};
	if (k->password_file && access(k->password_file, R_OK) != 0) {
		log_error("a BGPPeer is left out: its password cannot be read",
		    f_str("peer", k->name), f_str("file", k->password_file),
		    f_str("error", strerror(errno)));
		x->out->incomplete = true;
		return;
	}
	if (k->export_filter == FILTER_TOO_MANY) {
		log_error("a BGPPeer is left out: there have been too many different filters; "
		          "restart this replica",
		    f_str("peer", k->name), f_u64("limit", FILTERS_MAX));
		return;
	}
	x->n++;
	x->out->n_calico++;
}

/* ---- all of them ---- */

static int
by_name(const void *a, const void *b)
{
	const struct calico_object *const *x = a, *const *y = b;

	return strcmp((*x)->object.name, (*y)->object.name);
}

/* In the order of their names: of two objects with one address the first counts, on both replicas. */
static void
add_cluster(struct composing *x, const struct cluster *cluster) RCU_READER
{
	uint32_t bound = cluster_calico_bound(cluster, RESOURCE_BGPPEER), n = 0;
	const struct calico_object **all =
	    must_calloc(bound + 1, sizeof(struct calico_object *));

	for (uint32_t i = 0; i < bound; i++) {
		all[n] = cluster_calico(cluster, RESOURCE_BGPPEER, i);
		n += all[n] != NULL;
	}
	qsort(all, n, sizeof(*all), by_name);
	for (uint32_t i = 0; i < n; i++) {
		const struct bgp_peer *p = calico_peer(all[i]);

		if (p->address.family != IP_NONE && !has_address(x, &p->address))
			add_peer(x, cluster, p);
	}
	free(all);
}

static uint64_t
hash_of(const struct cluster *cluster, enum resource resource) RCU_READER
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < cluster_calico_bound(cluster, resource); i++) {
		const struct calico_object *o = cluster_calico(cluster, resource, i);

		if (o) /* a sum: the order of the table does not count */
			sum += hash_two(
			    o->spec_hash, hash_bytes(o->object.name, o->object.name_len));
	}
	return sum;
}

uint64_t
neighbours_hash(const struct watch_sources *sources)
{
	uint64_t hash = 0;

	rcu_enter();
	for (uint32_t i = 0; i < sources->n_clusters; i++) {
		hash = hash_two(hash, hash_of(sources->clusters[i].cluster, RESOURCE_BGPPEER));
		hash =
		    hash_two(hash, hash_of(sources->clusters[i].cluster, RESOURCE_BGPFILTER));
	}
	rcu_leave();
	return hash;
}

struct neighbours *
neighbours_new(const struct config *config, const struct watch_sources *sources)
{
	struct neighbours *n = must_calloc(1, sizeof(*n));
	struct composing x = {.out = n, .file = config, .sources = sources};

	arena_init(&n->arena);
	n->made_ns = clock_mono_ns();
	n->config = *config;
	if (!config->calico_peers.enabled)
		return n;
	x.n = x.cap = config->peers.len;
	x.peers = must_calloc(x.cap + 1, sizeof(*x.peers));
	if (x.n)
		memcpy(x.peers, config->peers.items, x.n * sizeof(*x.peers));
	n->hash =
	    neighbours_hash(sources); /* before: what changes meanwhile is seen the next time */
	rcu_enter();
	for (uint32_t i = 0; i < sources->n_clusters; i++)
		add_cluster(&x, sources->clusters[i].cluster);
	rcu_leave();
	n->config.peers.items = arena_alloc(&n->arena, (x.n + 1) * sizeof(*x.peers));
	memcpy((void *)(uintptr_t)n->config.peers.items, x.peers, x.n * sizeof(*x.peers));
	n->config.peers.len = x.n;
	free(x.peers);
	return n;
}

void
neighbours_free(struct neighbours *n)
{
	if (n)
		arena_fini(&n->arena);
	free(n);
}

/* The new ones take the place of the present ones in tcp. False: not now, or a mistake. */
static bool
take_place(struct watch_sources *s, struct neighbours *fresh) ON_WATCH
{
	struct reloader *r = s->reloader;
	struct tcp_setup *setup;
	char why[512];

	if (r->peers && 2 * fresh->n_calico < r->peers->n_calico) {
		log_error(
		    "more than half of Calico's BGPPeers are gone: their sessions are kept; "
		    "helioctl reload --force lets them go",
		    f_u64("before", r->peers->n_calico), f_u64("now", fresh->n_calico));
		return false;
	}
	setup = tcp_setup_new(&fresh->config, why, sizeof(why));
	if (!setup) {
		log_error("Calico's BGPPeers cannot be followed", f_str("why", why));
		return false;
	}
	log_info("peers follow Calico's BGPPeers", f_u64("peers", fresh->n_calico));
	reloader_configure(r, s->tcp, setup, fresh);
	return true;
}

static bool
is_to_be_tried_again(const struct neighbours *n)
{
	return n && n->incomplete && clock_mono_ns() - n->made_ns > RETRY_NS;
}

void
neighbours_follow(struct watch_sources *sources)
{
	struct reloader *r = sources->reloader;
	struct neighbours *fresh;
	uint64_t hash;

	if (!r || !r->now->calico_peers.enabled || !tcp_settled(sources->tcp))
		return;
	hash = neighbours_hash(sources);
	if (hash == r->peers_hash && !is_to_be_tried_again(r->peers))
		return;
	r->peers_hash = hash; /* also what is refused is refused once */
	fresh = neighbours_new(r->now, sources);
	if (!take_place(sources, fresh))
		neighbours_free(fresh);
}
