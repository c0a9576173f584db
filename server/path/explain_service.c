/* SPDX-License-Identifier: Apache-2.0 */
/* Explaining the services that have an address: policy, endpoints, slices, nodes. */
#include "path/attributes.h"
#include "path/explaining.h"

#include <string.h>

static void
tally_endpoint(struct tally *t, enum rank rank)
{
	t->endpoints++;
	t->ready += rank == RANK_READY;
	t->draining += rank == RANK_DRAINING;
}

static void
tally_add(struct tally *t, const struct tally *more)
{
	t->endpoints += more->endpoints;
	t->ready += more->ready;
	t->draining += more->draining;
}

/* The slice's endpoints, also by node. A node that came after the call began is left out. */
static struct tally
tally_slice(struct explaining *x, const struct slice *s)
{
	struct tally t = {0};

	for (uint32_t i = 0; i < s->n_endpoints; i++) {
		const struct endpoint *e = slice_endpoint(s, i);
		enum rank rank = decide_endpoint(e->flags);

		tally_endpoint(&t, rank);
		if (e->node < x->n_nodes)
			tally_endpoint(&x->on_node[e->node], rank);
	}
	return t;
}

static struct tally
tally_slices(struct explaining *x, const struct service_slices *slices) RCU_READER
{
	struct tally sum = {0};

	memset(x->on_node, 0, x->n_nodes * sizeof(*x->on_node));
	for (uint32_t i = 0; slices && i < slices->n; i++) {
		const struct slice *s = cluster_slice(x->cluster, slices->slice[i]);
		struct tally t;

		if (!s || s->family != x->prefix->addr.family)
			continue;
		t = tally_slice(x, s);
		tally_add(&sum, &t);
	}
	return sum;
}

static void
tell_slices(struct explaining *x, const struct service_slices *slices) RCU_READER
{
	for (uint32_t i = 0; slices && i < slices->n; i++) {
		const struct slice *s = cluster_slice(x->cluster, slices->slice[i]);
		struct tally t = {0};

		if (!s)
			continue;
		if (s->family != x->prefix->addr.family) {
			explain_tell(x,
			    (struct explain_step){.kind = EXPLAIN_SLICE,
			        .reason = REASON_FAMILY_NOT_SERVED,
			        .path_class = x->path_class,
			        .ns = s->object.ns,
			        .name = s->object.name},
			    "slice %s/%s is of another address family", s->object.ns,
			    s->object.name);
			continue;
		}
		for (uint32_t k = 0; k < s->n_endpoints; k++)
			tally_endpoint(&t, decide_endpoint(slice_endpoint(s, k)->flags));
		explain_tell(x,
		    (struct explain_step){.kind = EXPLAIN_SLICE,
		        .reason = t.ready + t.draining ? REASON_OK : REASON_NO_USABLE_ENDPOINT,
		        .advertised = t.ready + t.draining > 0,
		        .path_class = x->path_class,
		        .ns = s->object.ns,
		        .name = s->object.name,
		        .endpoints = t.endpoints,
		        .ready = t.ready,
		        .draining = t.draining},
		    "slice %s/%s: endpoints %u, ready %u, serving while terminating %u",
		    s->object.ns, s->object.name, t.endpoints, t.ready, t.draining);
	}
}

/* The best rank in the scope: what decide_nexthop() measures a node by. */
static enum rank
best_rank(const struct explaining *x, enum scope scope, enum pool pool, const struct tally *sum)
{
	struct tally t = {0};

	for (uint32_t i = 0; scope == SCOPE_LOCAL && i < x->n_nodes; i++) {
		if (decide_serves(&x->decisions[i], scope, pool, x->prefix->addr.family) ==
		    REASON_OK)
			tally_add(&t, &x->on_node[i]);
	}
	if (scope != SCOPE_LOCAL)
		t = *sum;
	return tally_rank(&t);
}

static void
on_problem(void *ctx, const char *annotation, const char *value)
{
	struct explaining *x = ctx;

	explain_tell(x,
	    (struct explain_step){.kind = EXPLAIN_ATTRIBUTE,
	        .reason = REASON_BAD_ANNOTATION,
	        .path_class = x->path_class,
	        .ns = x->service->object.ns,
	        .name = x->service->object.name},
	    "annotation %s of service %s/%s %s: \"%.100s\"", annotation, x->service->object.ns,
	    x->service->object.name, reason_rows[REASON_BAD_ANNOTATION].sentence, value);
}

static void
explain_service(struct explaining *x, uint32_t index, const struct service *s,
    enum path_class path_class) RCU_READER
{
	const struct service_slices *slices = cluster_service_slices(x->cluster, index);
	struct service_decision d = decide_service(&x->now, s, &x->prefix->addr, path_class);
	struct tally sum = tally_slices(x, slices);
	enum rank best = best_rank(x, d.scope, class_pool(path_class), &sum);
	struct path_attributes unused;
	uint32_t in = 0;

	x->service = s;
	x->path_class = path_class;
	if (d.scope != SCOPE_NONE) {
		in = explain_count_nodes(x, d.scope, class_pool(path_class), best);
		if (in == 0)
			d.reason = sum.ready + sum.draining ? REASON_NO_ELIGIBLE_NODE
			                                    : REASON_NO_USABLE_ENDPOINT;
	}
	if (in)
		explain_owner(x, s);
	if (x->verdict == REASON_NOT_OURS)
		x->verdict = d.reason;
	explain_tell(x,
	    (struct explain_step){.kind = EXPLAIN_SERVICE,
	        .reason = d.reason,
	        .advertised = in > 0,
	        .path_class = path_class,
	        .ns = s->object.ns,
	        .name = s->object.name,
	        .endpoints = sum.endpoints,
	        .ready = sum.ready,
	        .draining = sum.draining},
	    "service %s/%s has it as %s; it %s", s->object.ns, s->object.name,
	    path_class_names[path_class], reason_rows[d.reason].sentence);
	attributes_of_prefix(x->now.rules, x->prefix, path_class, &unused);
	attributes_of_service(s, &unused, on_problem, x);
	tell_slices(x, slices);
	if (d.scope != SCOPE_NONE)
		explain_tell_nodes(x, d.scope, class_pool(path_class), best);
}

/* Which classes the service has the sought address as. */
struct seeking {
	const struct ip_addr *addr;
	uint8_t classes; /* bit per class */
};

static void
seek(void *ctx, const struct ip_addr *a, enum path_class path_class)
{
	struct seeking *k = ctx;

	if (ip_equal(a, k->addr))
		k->classes |= (uint8_t)(1u << path_class);
}

void
explain_services(struct explaining *x)
{
	uint32_t bound = cluster_services_bound(x->cluster);

	if (x->prefix->len != ip_bits(x->prefix->addr.family))
		return;
	for (uint32_t i = 0; i < bound; i++) {
		const struct service *s = cluster_service(x->cluster, i);
		struct seeking k = {.addr = &x->prefix->addr};

		if (!s)
			continue;
		service_addresses_each(s, seek, &k);
		for (int c = 0; k.classes && c < PATH_CLASS_COUNT; c++) {
			if (k.classes >> c & 1)
				explain_service(x, i, s, (enum path_class)c);
		}
	}
}
