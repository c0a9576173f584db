/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A step changes the cluster and lists the records that say so; load_next() hands them out one by
 * one. What is taken away comes back a while later, so that a load can run for ever and
 * no path changes twice in quick succession.
 */
#include "load.h"

#include <stdlib.h>
#include <string.h>

#define LAG         64     /* steps until what went away comes back */
#define EMPTY_STEPS 100000 /* in a row: nothing is left to be changed */

/* An endpoint that was evicted, to be put back. */
struct evicted {
	uint32_t service, slice;
	struct bench_endpoint endpoint;
};

struct load {
	const struct load_kind *kind;
	struct cluster *cluster;
	uint64_t random, step;
	uint32_t *order; /* the services, shuffled */
	struct change_list pending;
	size_t pending_at;
	struct load_delta *deltas; /* of all pending, in their order */
	uint32_t *delta_ends;      /* by pending index */
	uint32_t delta_count, delta_room, ends_room;
	struct evicted *evicted;
	uint32_t evicted_count, evicted_room;
	uint32_t node, zone; /* drains, zones: the one that is away */
	uint32_t replaced;   /* rolling: endpoints of the service at hand that are new */
	bool surged;         /* rolling: one more than wanted stands there */
};

/* List a slice whose deltas were added since the last one. */
static void
list(struct load *l, struct object_ref ref)
{
	change_list_add(&l->pending, ref);
	if (l->pending.count > l->ends_room) {
		l->ends_room = l->ends_room ? l->ends_room * 2 : 256;
		l->delta_ends =
		    must_realloc(l->delta_ends, l->ends_room * sizeof(*l->delta_ends));
	}
	l->delta_ends[l->pending.count - 1] = l->delta_count;
}

static void
list_slice(struct load *l, uint32_t service, uint32_t slice)
{
	list(l,
	    (struct object_ref){.resource = RESOURCE_SLICE, .index = service, .slice = slice});
}

static void
list_node(struct load *l, uint32_t node)
{
	list(l, (struct object_ref){.resource = RESOURCE_NODE, .index = node});
}

/* The service's one IPv4 slice that has endpoints, or UINT32_MAX. */
static uint32_t
slice_of(const struct bench_service *s)
{
	for (uint32_t i = 0; i < s->slice_count; i++)
		if (s->slices[i].family == IP_V4 && !s->slices[i].gone && s->slices[i].count)
			return i;
	return UINT32_MAX;
}

static unsigned
ready_on(const struct bench_service *s, uint32_t node)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < s->slice_count; i++)
		for (uint32_t k = 0; k < s->slices[i].count; k++)
			n += s->slices[i].family == IP_V4 &&
			     s->slices[i].endpoints[k].node == node &&
			     s->slices[i].endpoints[k].ready != TRI_FALSE;
	return n;
}

/*
 * One ready IPv4 endpoint came to the node, or left it, and the cluster says so already: note what
 * that means for the service's route. Only the first to come and the last to go mean anything.
 */
static void
note(struct load *l, uint32_t service, uint32_t node, bool present)
{
	const struct bench_service *s = &l->cluster->services[service];

	if (!s->external_local || s->gone || node >= l->cluster->node_count ||
	    l->cluster->nodes[node].gone || ready_on(s, node) != present)
		return;
	if (l->delta_count == l->delta_room) {
		l->delta_room = l->delta_room ? l->delta_room * 2 : 256;
		l->deltas = must_realloc(l->deltas, l->delta_room * sizeof(*l->deltas));
	}
	l->deltas[l->delta_count++] =
	    (struct load_delta){.service = service, .node = node, .present = present};
}

/*
 * Steps in blocks: `lag` services one after the other lose something, then the same ones get it back.
 * Returns which service this step is about; *down says which half, *block counts.
 */
static uint32_t
lagged(const struct load *l, bool *down, uint64_t *block)
{
	uint32_t n = l->cluster->service_count, lag = n < LAG ? n : LAG;
	uint64_t at = l->step % (2 * lag);

	*block = l->step / (2 * lag);
	*down = at < lag;
	return l->order[(*block * lag + at % lag) % n];
}

static void
step_endpoint(struct load *l)
{
	uint64_t block;
	bool down;
	uint32_t service = lagged(l, &down, &block);
	struct bench_service *s = &l->cluster->services[service];
	uint32_t slice = slice_of(s);

	if (slice == UINT32_MAX)
		return;
	struct bench_endpoint *e = &s->slices[slice].endpoints[block % s->slices[slice].count];

	if ((e->ready == TRI_FALSE) == down)
		return;
	e->ready = down ? TRI_FALSE : TRI_TRUE;
	note(l, service, e->node, !down);
	list_slice(l, service, slice);
}

/* A new pod first, then an old one goes: the service always has as many as it should. */
static void
step_rolling(struct load *l)
{
	uint32_t service = l->order[l->step % l->cluster->service_count];
	struct bench_service *s = &l->cluster->services[service];
	uint32_t slice = slice_of(s), node;

	l->step--; /* the same service until all of its endpoints are new */
	if (slice != UINT32_MAX && !l->surged) {
		node = scenario_free_node(l->cluster, service, &l->random);
		if (node != UINT32_MAX && l->replaced < s->slices[slice].count) {
			struct ip_addr addr = s->slices[slice].endpoints[0].addr;

			cluster_add_endpoint(&s->slices[slice], node)->addr = addr;
			note(l, service, node, true);
			list_slice(l, service, slice);
			l->surged = true;
			return;
		}
	}
	if (slice != UINT32_MAX && l->surged) {
		struct bench_slice *p = &s->slices[slice];

		struct bench_endpoint old = p->endpoints[0];

		memmove(p->endpoints, p->endpoints + 1, --p->count * sizeof(*p->endpoints));
		if (old.ready != TRI_FALSE)
			note(l, service, old.node, false);
		list_slice(l, service, slice);
		l->surged = false;
		l->replaced++;
		return;
	}
	l->step++;
	l->replaced = 0;
}

static void
keep_evicted(struct load *l, uint32_t service, uint32_t slice, const struct bench_endpoint *e)
{
	if (l->evicted_count == l->evicted_room) {
		l->evicted_room = l->evicted_room ? l->evicted_room * 2 : 256;
		l->evicted = must_realloc(l->evicted, l->evicted_room * sizeof(*l->evicted));
	}
	l->evicted[l->evicted_count++] =
	    (struct evicted){.service = service, .slice = slice, .endpoint = *e};
}

static void
drain_node(struct load *l)
{
	struct cluster *c = l->cluster;

	l->node = cluster_random(&l->random, c->node_count);
	for (uint32_t i = 0;
	     i < c->node_count && (c->nodes[l->node].gone || c->nodes[l->node].deleting); i++)
		l->node = (l->node + 1) % c->node_count;
	c->nodes[l->node].cordoned = c->nodes[l->node].deleting = true;
	list_node(l, l->node);
	for (uint32_t i = 0; i < c->service_count; i++) {
		for (uint32_t k = 0; k < c->services[i].slice_count; k++) {
			struct bench_slice *s = &c->services[i].slices[k];
			uint32_t kept = 0;
			bool ready = false;

			for (uint32_t e = 0; e < s->count; e++) {
				if (s->endpoints[e].node != l->node) {
					s->endpoints[kept++] = s->endpoints[e];
					continue;
				}
				keep_evicted(l, i, k, &s->endpoints[e]);
				ready = ready || s->endpoints[e].ready != TRI_FALSE;
			}
			if (kept == s->count)
				continue;
			s->count = kept;
			if (s->family == IP_V4 && ready)
				note(l, i, l->node, false);
			list_slice(l, i, k);
		}
	}
}

static void
step_drains(struct load *l)
{
	struct cluster *c = l->cluster;

	if (l->step % 2 == 0) {
		drain_node(l);
		return;
	}
	c->nodes[l->node].cordoned = c->nodes[l->node].deleting = false;
	list_node(l, l->node);
	for (uint32_t i = 0; i < l->evicted_count; i++) {
		const struct evicted *e = &l->evicted[i];
		struct bench_slice *s = &c->services[e->service].slices[e->slice];

		*cluster_add_endpoint(s, l->node) = e->endpoint;
		if (s->family == IP_V4 && e->endpoint.ready != TRI_FALSE)
			note(l, e->service, l->node, true);
		list_slice(l, e->service, e->slice);
	}
	l->evicted_count = 0;
}

/* As the node controller does it: nodes NotReady (which withdraws nothing), their endpoints not ready. */
static void
step_zones(struct load *l)
{
	struct cluster *c = l->cluster;
	bool down = l->step % 2 == 0;

	if (down)
		l->zone = cluster_random(&l->random, c->node_count);
	const char *zone = c->nodes[l->zone].zone;

	for (uint32_t i = 0; i < c->node_count; i++) {
		if (c->nodes[i].gone || strcmp(c->nodes[i].zone, zone) != 0)
			continue;
		c->nodes[i].not_ready = down;
		list_node(l, i);
	}
	for (uint32_t i = 0; i < c->service_count; i++) {
		for (uint32_t k = 0; k < c->services[i].slice_count; k++) {
			struct bench_slice *s = &c->services[i].slices[k];
			bool touched = false;

			for (uint32_t e = 0; e < s->count; e++) {
				uint32_t node = s->endpoints[e].node;

				if (node >= c->node_count ||
				    strcmp(c->nodes[node].zone, zone) != 0 ||
				    (s->endpoints[e].ready == TRI_FALSE) == down)
					continue;
				s->endpoints[e].ready = down ? TRI_FALSE : TRI_TRUE;
				touched = true;
				if (s->family == IP_V4)
					note(l, i, node, !down);
			}
			if (touched)
				list_slice(l, i, k);
		}
	}
}

/* Twice as many endpoints at once; and back. */
static void
step_scale_up(struct load *l)
{
	uint64_t block;
	bool up;
	uint32_t service = lagged(l, &up, &block);
	struct bench_service *s = &l->cluster->services[service];
	uint32_t slice = slice_of(s), n = slice == UINT32_MAX ? 0 : s->slices[slice].count;

	if (n == 0)
		return;
	if (up) {
		for (uint32_t i = 0; i < n; i++) {
			uint32_t node = scenario_free_node(l->cluster, service, &l->random);
			struct ip_addr addr = s->slices[slice].endpoints[0].addr;

			/* Where there is no node without one, a second pod on a node changes no route. */
			if (node == UINT32_MAX)
				node = s->slices[slice].endpoints[i].node;
			cluster_add_endpoint(&s->slices[slice], node)->addr = addr;
			if (node != s->slices[slice].endpoints[i].node)
				note(l, service, node, true);
		}
	} else {
		uint32_t kept = n / 2;

		s->slices[slice].count = kept;
		for (uint32_t i = kept; i < n; i++)
			if (s->slices[slice].endpoints[i].ready != TRI_FALSE)
				note(l, service, s->slices[slice].endpoints[i].node, false);
	}
	list_slice(l, service, slice);
}

static void
step_relist(struct load *l)
{
	struct change_list all = {0};

	scenario_list_all(l->cluster, &all);
	for (size_t i = 0; i < all.count; i++)
		list(l, all.refs[i]);
	change_list_fini(&all);
}

/* Every endpoint of a service goes to another node: as many paths a record as there can be. */
static void
step_churn(struct load *l)
{
	struct cluster *c = l->cluster;
	uint32_t service = l->order[l->step % c->service_count];
	uint32_t slice = slice_of(&c->services[service]);

	if (slice == UINT32_MAX || c->node_count < 2)
		return;
	struct bench_slice *s = &c->services[service].slices[slice];
	uint32_t by = 1 + cluster_random(&l->random, c->node_count - 1);
	uint32_t *before = must_calloc(s->count, sizeof(*before));

	for (uint32_t i = 0; i < s->count; i++) {
		before[i] =
		    s->endpoints[i].ready == TRI_FALSE ? CLUSTER_NO_NODE : s->endpoints[i].node;
		if (s->endpoints[i].node < c->node_count)
			s->endpoints[i].node = (s->endpoints[i].node + by) % c->node_count;
	}
	for (uint32_t i = 0; i < s->count; i++) {
		bool stayed = s->endpoints[i].ready == TRI_FALSE;

		for (uint32_t k = 0; k < s->count && !stayed; k++)
			stayed = before[k] == s->endpoints[i].node;
		note(l, service, before[i], false);
		if (!stayed)
			note(l, service, s->endpoints[i].node, true);
	}
	free(before);
	list_slice(l, service, slice);
}

const struct load_kind load_kinds[] = {
    {.name = "endpoint",
        .what = "one endpoint of a service stops being ready, and is again",
        .step = step_endpoint},
    {.name = "rolling",
        .what = "rolling deployments: endpoints are replaced one at a time",
        .step = step_rolling},
    {.name = "drains",
        .what = "nodes are drained, and come back",
        .step = step_drains,
        .burst = true},
    {.name = "zones",
        .what = "a zone is lost, and comes back",
        .step = step_zones,
        .burst = true},
    {.name = "scale-up",
        .what = "services get twice as many endpoints, and back",
        .step = step_scale_up},
    {.name = "relist",
        .what = "every record is written again, unchanged",
        .step = step_relist,
        .once = true,
        .neutral = true},
    {.name = "restart",
        .what = "a new publisher lists everything between sync records",
        .step = step_relist,
        .once = true,
        .neutral = true,
        .listing = true},
    {.name = "churn",
        .what = "services move to other nodes as a whole, one after the other",
        .step = step_churn},
};

const unsigned load_kind_count = COUNT_OF(load_kinds);

const struct load_kind *
load_kind_find(const char *name)
{
	for (unsigned i = 0; i < load_kind_count; i++)
		if (strcmp(load_kinds[i].name, name) == 0)
			return &load_kinds[i];
	return NULL;
}

struct load *
load_new(const struct load_kind *kind, struct cluster *c)
{
	struct load *l = must_calloc(1, sizeof(*l));

	l->kind = kind;
	l->cluster = c;
	l->random = c->seed ^ 0x10ad;
	l->order = must_calloc(c->service_count + 1, sizeof(*l->order));
	for (uint32_t i = 0; i < c->service_count; i++) {
		uint32_t at = cluster_random(&l->random, i + 1);

		l->order[i] = l->order[at];
		l->order[at] = i;
	}
	return l;
}

void
load_free(struct load *l)
{
	if (!l)
		return;
	change_list_fini(&l->pending);
	free(l->order);
	free(l->deltas);
	free(l->delta_ends);
	free(l->evicted);
	free(l);
}

bool
load_at_rest(const struct load *l)
{
	return l->pending_at == l->pending.count;
}

bool
load_next(struct load *l, struct load_change *out)
{
	if (l->cluster->service_count == 0 || l->cluster->node_count == 0)
		return false;
	for (uint32_t empty = 0; load_at_rest(l); empty++) {
		if (empty == EMPTY_STEPS || (l->kind->once && l->step))
			return false;
		l->pending.count = l->pending_at = 0;
		l->delta_count = 0;
		l->kind->step(l);
		l->step++;
	}
	size_t at = l->pending_at++;
	uint32_t first = at ? l->delta_ends[at - 1] : 0;

	*out = (struct load_change){.ref = l->pending.refs[at],
	    .deltas = l->deltas + first,
	    .delta_count = l->delta_ends[at] - first};
	return true;
}
