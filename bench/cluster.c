/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seeded generator and the cluster's container. Node n is 172.16.0.0/12 + n + 1, service n
 * is 10.96.0.0/12 + n + 1 (and the same offsets under fd00:10::/64 and fd00:96::/108), so an
 * address in a ToR's table tells a reader which object it came from.
 */
#include "cluster.h"

#include "core/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODE_V4     0xac100000u /* 172.16.0.0 */
#define SERVICE_V4  0x0a600000u /* 10.96.0.0 */
#define POD_V4      0x64400000u /* 100.64.0.0: endpoint addresses, 4 million of them */
#define POD_V4_MASK 0x003fffffu

static const char *const namespaces[] = {
    "shop", "pay", "search", "media", "mail", "maps", "auth", "data"};
static const char *const words[] = {
    "web", "api", "cart", "cache", "queue", "login", "index", "feed"};

uint32_t
cluster_random(uint64_t *state, uint32_t bound)
{
	*state += 0x9e3779b97f4a7c15ull;
	return (uint32_t)(((hash_mix(*state) >> 32) * bound) >> 32);
}

/* 16 bytes of `text` (an IPv6 network) with n in the last four. */
static struct ip_addr
v6_of(const char *text, uint32_t n)
{
	struct ip_addr a;
	bool ok = ip_parse(text, &a);

	must(ok);
	for (unsigned i = 0; i < 4; i++)
		a.bytes[12 + i] = (uint8_t)(n >> (24 - 8 * i));
	return a;
}

struct bench_slice *
cluster_add_slice(struct bench_service *s, uint8_t family)
{
	s->slices = must_realloc(s->slices, (s->slice_count + 1) * sizeof(*s->slices));
	struct bench_slice *slice = &s->slices[s->slice_count++];

	*slice = (struct bench_slice){.family = family};
	return slice;
}

struct bench_endpoint *
cluster_add_endpoint(struct bench_slice *slice, uint32_t node)
{
	if (slice->count == slice->room) {
		slice->room = slice->room ? slice->room * 2 : 4;
		slice->endpoints =
		    must_realloc(slice->endpoints, slice->room * sizeof(*slice->endpoints));
	}
	struct bench_endpoint *e = &slice->endpoints[slice->count++];

	*e = (struct bench_endpoint){.node = node, .ready = TRI_TRUE};
	return e;
}

static void
fill_node(struct bench_node *n, uint32_t i, const struct cluster_size *size)
{
	uint32_t rack = size->racks ? i % size->racks : 0;

	snprintf(n->name, sizeof(n->name), "node-%u", i + 1);
	snprintf(n->rack, sizeof(n->rack), "rack-%u", rack + 1);
	snprintf(n->zone, sizeof(n->zone), "zone-%u", size->zones ? rack % size->zones + 1 : 1);
	n->ip[0] = ip_v4(NODE_V4 + i + 1);
	if (size->dual_stack)
		n->ip[1] = v6_of("fd00:10::", i + 1);
}

/* One endpoint of a service on each of the given nodes, in slices of at most CLUSTER_SLICE_MAX. */
static void
fill_slices(struct bench_service *s, uint32_t service, uint8_t family, const uint32_t *nodes,
    uint32_t n)
{
	struct bench_slice *slice = NULL;

	for (uint32_t i = 0; i < n; i++) {
		if (!slice || slice->count == CLUSTER_SLICE_MAX)
			slice = cluster_add_slice(s, family);
		uint32_t pod = (uint32_t)hash_two(service, nodes[i]);

		cluster_add_endpoint(slice, nodes[i])->addr =
		    family == IP_V4 ? ip_v4(POD_V4 | (pod & POD_V4_MASK))
		                    : v6_of("fd00:64::", pod);
	}
}

static void
fill_service(
    struct bench_service *s, uint32_t i, const struct cluster_size *size, uint64_t *random)
{
	const char *ns = namespaces[i % COUNT_OF(namespaces)];
	const char *word = words[i / COUNT_OF(namespaces) % COUNT_OF(words)];
	uint32_t round = i / (uint32_t)(COUNT_OF(namespaces) * COUNT_OF(words));

	snprintf(s->ns, sizeof(s->ns), "%s", ns);
	if (round == 0)
		snprintf(s->name, sizeof(s->name), "%s", word);
	else
		snprintf(s->name, sizeof(s->name), "%s-%u", word, round + 1);
	s->cluster_ips[0] = ip_v4(SERVICE_V4 + i + 1);
	s->external_local = cluster_random(random, 100) < size->local;
	if (cluster_random(random, 100) < size->dual_stack)
		s->cluster_ips[1] = v6_of("fd00:96::", i + 1);
}

struct cluster *
cluster_new_empty(uint32_t nodes, uint32_t services)
{
	struct cluster *c = must_calloc(1, sizeof(*c));

	c->node_count = nodes;
	c->service_count = services;
	c->nodes = must_calloc(nodes + 1, sizeof(*c->nodes));
	c->services = must_calloc(services + 1, sizeof(*c->services));
	return c;
}

struct cluster *
cluster_new(const struct cluster_size *size)
{
	must(size->nodes <= CLUSTER_NODES_MAX && size->services <= CLUSTER_SERVICES_MAX);
	struct cluster *c = cluster_new_empty(size->nodes, size->services);
	uint32_t hops = size->next_hops < size->nodes ? size->next_hops : size->nodes;
	uint32_t *deck = must_calloc(size->nodes + 1, sizeof(*deck));
	uint64_t random = size->seed;

	c->seed = size->seed;
	for (uint32_t i = 0; i < size->nodes; i++) {
		fill_node(&c->nodes[i], i, size);
		deck[i] = i;
	}
	for (uint32_t i = 0; i < size->services; i++) {
		struct bench_service *s = &c->services[i];

		fill_service(s, i, size, &random);
		/* The first `hops` cards of a deck that is shuffled only as far as they reach. */
		for (uint32_t k = 0; k < hops; k++) {
			uint32_t other = k + cluster_random(&random, size->nodes - k);
			uint32_t card = deck[other];

			deck[other] = deck[k];
			deck[k] = card;
		}
		for (unsigned f = 0; f < IP_FAMILIES; f++)
			if (s->cluster_ips[f].family != IP_NONE)
				fill_slices(s, i, s->cluster_ips[f].family, deck, hops);
	}
	free(deck);
	return c;
}

void
cluster_free(struct cluster *c)
{
	if (!c)
		return;
	for (uint32_t i = 0; i < c->service_count; i++) {
		for (uint32_t k = 0; k < c->services[i].slice_count; k++)
			free(c->services[i].slices[k].endpoints);
		free(c->services[i].slices);
	}
	free(c->services);
	free(c->nodes);
	free(c);
}

char *
cluster_slice_name(const struct bench_service *s, uint32_t i, char *buf)
{
	/* Real ones end in five random letters; ours say which slice of the service it is. */
	snprintf(buf, (size_t)CLUSTER_NAME_MAX * 2, "%s-s%u", s->name, i + 1);
	return buf;
}

uint32_t
cluster_find_node(const struct cluster *c, const char *name)
{
	for (uint32_t i = 0; i < c->node_count; i++)
		if (!c->nodes[i].gone && strcmp(c->nodes[i].name, name) == 0)
			return i;
	return UINT32_MAX;
}

uint32_t
cluster_find_service(const struct cluster *c, const char *service)
{
	const char *slash = strchr(service, '/');

	if (!slash)
		return UINT32_MAX;
	for (uint32_t i = 0; i < c->service_count; i++) {
		const struct bench_service *s = &c->services[i];

		if (!s->gone && strlen(s->ns) == (size_t)(slash - service) &&
		    strncmp(s->ns, service, (size_t)(slash - service)) == 0 &&
		    strcmp(s->name, slash + 1) == 0)
			return i;
	}
	return UINT32_MAX;
}
