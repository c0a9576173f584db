/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prefixes and who claims them: aggregates of the configuration, addresses of services, pod
 * CIDRs of nodes. A prefix lives while somebody claims it, so several services that share an
 * address are a reference-counted union. Each claimant keeps its list of claims; replacing it
 * makes every prefix of the old and the new list dirty. The writer's.
 */
#pragma once

#include "core/rcumap.h"
#include "path/attribute_ids.h"
#include "path/rules.h"

/* One claimant of one prefix. */
struct owner {
	uint32_t index;     /* of the service or node; aggregates: 0 */
	uint8_t path_class; /* enum path_class; tells what index is */
	uint8_t pool;       /* enum pool */
};

struct owned_prefix {
	struct ip_prefix prefix;
	struct owner *owners;
	uint32_t n_owners;
	uint32_t attributes; /* held; ATTRIBUTES_NONE while it has no path */
	uint32_t *more;      /* held too: of paths that differ from the others; mostly none */
	uint32_t n_more;
	uint8_t last_class; /* enum path_class of its last set */
	uint8_t follows;    /* bit per pool whose eligible nodes its set was made of */
	bool dirty;
	bool merged; /* its owners' attributes differ */
};

struct claim {
	uint32_t prefix;
	uint8_t path_class, pool;
};

/* A claimant's; zeroed is empty. */
struct claims {
	struct claim *at;
	uint32_t n;
};

/* What a claimant wants to own now. */
struct want {
	struct ip_prefix prefix;
	uint8_t path_class, pool;
};

struct prefixes {
	struct owned_prefix *at;
	uint32_t bound, cap;
	uint32_t *free, n_free;
	uint32_t *dirty, n_dirty;
	struct rcumap by_prefix;
	struct claim *scratch;
	uint32_t cap_scratch;
};

void prefixes_init(struct prefixes *p);
void prefixes_fini(struct prefixes *p);

/* The claimant's claims are now these; duplicates in want are fine. */
void prefixes_claim(struct prefixes *p, uint32_t claimant, struct claims *claims,
    const struct want *want, uint32_t n) ON_WRITER;

void prefixes_dirty(struct prefixes *p, uint32_t prefix);
void prefixes_dirty_claims(struct prefixes *p, const struct claims *claims);

/* Nothing is dirty any more; forget the prefixes that nobody claims. */
void prefixes_clean(struct prefixes *p) ON_WRITER;
