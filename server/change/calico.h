/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calico's own objects (crd.projectcalico.org), as far as a central reflector can act on them, for
 * clusters that move in from Calico. Immutable like every object of the stream; a spec with a value
 * that cannot be meant is refused as a whole, so what stands here is good. calico.def says of each
 * field whether it is acted on.
 */
#pragma once

#include "change/object.h"
#include "config/config.h"

enum calico_field {
#define CALICO(resource, id, field, used, why) CALICO_##resource##_##id,
#include "change/calico.def"
#undef CALICO
	CALICO_FIELDS
};
_Static_assert(CALICO_FIELDS <= 64, "a set of fields is one word");

struct calico_row {
	enum resource resource;
	bool used;
	const char *field, *why;
};
extern const struct calico_row calico_rows[CALICO_FIELDS];

/* What all of them begin with. */
struct calico_object {
	struct object object;
	uint64_t spec_hash;         /* equal: the specs say the same */
	uint64_t fields;            /* bit per enum calico_field that the spec has */
	const char *const *unknown; /* fields of the spec that no row has */
	uint16_t n_unknown;
};

static inline bool
calico_has(const struct calico_object *o, enum calico_field field)
{
	return o->fields >> field & 1;
}

#define CALICO_DEFAULT "default" /* name of the BGPConfiguration that is the cluster's */

/* BGPConfiguration. Only the one named CALICO_DEFAULT is the whole cluster's. */
struct bgp_configuration {
	struct calico_object calico;
	struct config_prefixes cluster_ips, external_ips, load_balancer_ips;
	struct config_taggings communities; /* prefixAdvertisements, names resolved */
	bool load_balancer_aggregation;     /* true also where the spec does not say */
	uint32_t as_number;                 /* 0: not said */
	uint16_t listen_port;               /* 0: not said */
};

/* BGPPeer. */
struct bgp_peer {
	struct calico_object calico;
	struct ip_addr address;               /* family IP_NONE: none (it selects peers) */
	uint16_t port;                        /* 0: not said */
	uint32_t as_number;                   /* 0: not said */
	const char *secret_name, *secret_key; /* NULL: no password */
	struct config_strings filters;        /* names of BGPFilters, in order */
	uint8_t ttl_security;                 /* hops; 0: off */
	uint64_t restart_time_ns;             /* 0: not said */
};

enum calico_match { MATCH_ANY, MATCH_EQUAL, MATCH_NOT_EQUAL, MATCH_IN, MATCH_NOT_IN };
enum calico_peer_type { PEER_TYPE_ANY, PEER_TYPE_EBGP, PEER_TYPE_IBGP };

/* One rule of exportV4 or exportV6. */
struct calico_rule {
	struct ip_prefix cidr; /* where match is not MATCH_ANY */
	uint8_t match;         /* enum calico_match */
	uint8_t min_len, max_len;
	uint8_t peer_type;    /* enum calico_peer_type */
	bool accept;          /* else reject */
	const char *no_match; /* the condition that none of our routes meets; NULL: none such */
	const char *left_out; /* a part of the rule that is not acted on; NULL: none such */
};

/* BGPFilter. */
struct bgp_filter {
	struct calico_object calico;
	const struct calico_rule *rules[IP_FAMILIES]; /* what is exported, in order */
	uint16_t n_rules[IP_FAMILIES];
};

/* IPPool. */
struct ip_pool {
	struct calico_object calico;
	struct ip_prefix cidr;
	bool no_export; /* disableBGPExport */
};

#define CALICO_RESOURCES 4u /* from RESOURCE_BGPCONFIG on */

static inline bool
resource_is_calico(enum resource r)
{
	return r >= RESOURCE_BGPCONFIG && r <= RESOURCE_IPPOOL;
}

/* The object as what it is; NULL stays NULL, another resource is a bug (must). */
struct calico_object *object_calico(struct object *o);
const struct bgp_configuration *calico_configuration(const struct calico_object *o);
const struct bgp_peer *calico_peer(const struct calico_object *o);
const struct bgp_filter *calico_filter(const struct calico_object *o);
const struct ip_pool *calico_pool(const struct calico_object *o);
