/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EndpointSlice to `struct slice` and its transient node names. What absent conditions mean is
 * resolved here, once: ready absent is ready, serving absent is as ready, terminating absent
 * is not terminating (Kubernetes' EndpointConditions).
 */
#include "change/build.h"

/* A slice has at most 1,000 endpoints by the API; each of its zones beyond this has no name. */
#define SLICE_MAX_ENDPOINTS 100000u
#define SLICE_MAX_ZONES     256u

struct picked {
	const struct raw_endpoint *raw;
	struct ip_addr ip;
	uint32_t node_len; /* of its node's name; 0: it has none */
	uint16_t zone;
	bool shares_node; /* its neighbour's, whose text it uses */
};

struct picks {
	struct picked *at;
	uint32_t n;
	const char **zones;
	uint16_t n_zones;
};

static uint8_t
family_of(const char *address_type)
{
	if (strcmp(address_type, "IPv4") == 0)
		return IP_V4;
	return strcmp(address_type, "IPv6") == 0 ? IP_V6 : IP_NONE;
}

static uint16_t
zone_index(struct picks *p, const char *zone)
{
	if (!zone || !*zone)
		return ENDPOINT_ZONE_NONE;
	for (uint16_t i = 0; i < p->n_zones; i++) {
		if (strcmp(p->zones[i], zone) == 0)
			return i;
	}
	if (p->n_zones == SLICE_MAX_ZONES)
		return ENDPOINT_ZONE_NONE;
	p->zones[p->n_zones] = zone;
	return p->n_zones++;
}

/* Endpoints of one node often stand together: such neighbours share the text. */
static void
note_node(const struct picks *p, struct picked *to)
{
	const char *name = to->raw->node_name;

	to->node_len = name ? (uint32_t)strlen(name) : 0;
	to->shares_node = p->n > 0 && to->node_len && to->node_len == to[-1].node_len &&
	                  memcmp(name, to[-1].raw->node_name, to->node_len) == 0;
}

/* Those whose address is one of the slice's family; the others are counted. */
static struct picks
pick_endpoints(struct decoder *d, const struct raw_slice *in, uint8_t family)
{
	struct picks p = {.n = 0};

	p.at = arena_alloc(&d->scratch, in->n_endpoints * sizeof(*p.at));
	p.zones = arena_alloc(&d->scratch, SLICE_MAX_ZONES * sizeof(*p.zones));
	for (size_t i = 0; i < in->n_endpoints && family != IP_NONE; i++) {
		struct picked *to = &p.at[p.n];

		to->raw = &in->endpoints[i];
		if (!to->raw->address || !ip_parse(to->raw->address, &to->ip) ||
		    to->ip.family != family) {
			d->dropped++;
			continue;
		}
		to->zone = zone_index(&p, to->raw->zone);
		note_node(&p, to);
		p.n++;
	}
	return p;
}

static uint8_t
resolve_flags(const struct raw_endpoint *e)
{
	bool ready = e->ready != CONDITION_FALSE;
	bool serving = e->serving == CONDITION_UNKNOWN ? ready : e->serving == CONDITION_TRUE;
	unsigned flags = 0;

	if (ready)
		flags |= ENDPOINT_READY;
	if (serving)
		flags |= ENDPOINT_SERVING;
	if (e->terminating == CONDITION_TRUE)
		flags |= ENDPOINT_TERMINATING;
	return (uint8_t)flags;
}

static struct slice_names *
names_build(const struct picks *p, uint32_t *bytes)
{
	size_t fixed = sizeof(struct slice_names) + p->n * sizeof(uint32_t), texts = 0;
	struct slice_names *names;
	size_t at = fixed;

	for (uint32_t i = 0; i < p->n; i++) {
		if (p->at[i].node_len && !p->at[i].shares_node)
			texts += sizeof(uint64_t) + p->at[i].node_len + 1;
	}
	if (texts == 0)
		return NULL;
	names = must_alloc(fixed + texts);
	names->n = p->n;
	for (uint32_t i = 0; i < p->n; i++) {
		const struct picked *from = &p->at[i];
		uint64_t hash;

		names->offset[i] = from->shares_node ? names->offset[i - 1] : 0;
		if (!from->node_len || from->shares_node)
			continue;
		hash = object_hash("", 0, from->raw->node_name, from->node_len);
		memcpy((char *)names + at, &hash, sizeof(hash));
		at += sizeof(hash);
		memcpy((char *)names + at, from->raw->node_name, from->node_len + 1);
		names->offset[i] = (uint32_t)at;
		at += from->node_len + 1;
	}
	*bytes += (uint32_t)(fixed + texts);
	return names;
}

static void
put_endpoints(struct slice *s, const struct picks *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		struct endpoint *e = slice_endpoint_mut(s, i);

		e->node = ENDPOINT_NODE_NONE;
		e->zone = p->at[i].zone;
		e->flags = resolve_flags(p->at[i].raw);
		e->reserved = 0;
		memcpy(e->addr, p->at[i].ip.bytes, ip_bits(s->family) / 8);
	}
}

static const char *
service_name(const struct raw_pairs *labels)
{
	const char *name = NULL;

	for (size_t i = 0; i < labels->n; i++) {
		if (strcmp(labels->at[i].key, "kubernetes.io/service-name") == 0)
			name = labels->at[i].value;
	}
	return name && *name ? name : NULL;
}

bool
slice_build(
    struct decoder *d, const struct raw_object *raw, struct change *c, struct decode_error *why)
{
	const char *service = service_name(&raw->meta.labels);
	size_t stride, texts = size_text(service);
	struct picks p;
	struct block b;
	struct slice *s;
	const char **zones;
	uint8_t family;

	if (!raw->slice.address_type || !*raw->slice.address_type)
		return decode_refuse(why, FAULT_UNDECODABLE, "the slice has no addressType");
	if (raw->slice.n_endpoints > SLICE_MAX_ENDPOINTS)
		return decode_refuse(why, FAULT_OVERSIZED,
		    "the slice has more than %u endpoints", SLICE_MAX_ENDPOINTS);
	family = family_of(raw->slice.address_type);
	p = pick_endpoints(d, &raw->slice, family);
	stride = sizeof(struct endpoint) + (family == IP_NONE ? 0 : ip_bits(family) / 8);
	for (uint16_t i = 0; i < p.n_zones; i++)
		texts += size_text(p.zones[i]);

	s = block_new(&b, raw, c, sizeof(*s),
	    size_array(p.n, stride) + size_array(p.n_zones, sizeof(*zones)), texts);
	s->family = family;
	s->service = service ? block_text(&b, service) : NULL;
	s->first = block_array(&b, NULL, p.n, stride);
	s->n_endpoints = p.n;
	zones = block_array(&b, NULL, p.n_zones, sizeof(*zones));
	for (uint16_t i = 0; i < p.n_zones; i++)
		zones[i] = block_text(&b, p.zones[i]);
	s->zones = zones;
	s->n_zones = p.n_zones;
	put_endpoints(s, &p);
	c->names = names_build(&p, &c->bytes);
	return true;
}
