/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Calico's objects say to the rules, and what of them is acted on. The configuration file
 * comes first: a key that stands in it counts, whatever an object says. Where it is silent, the
 * BGPConfiguration named "default" speaks (advertise.follow_calico: false: nobody does); what that does
 * not say has the key's default. IPPools say which pod CIDRs are not to be advertised.
 */
#pragma once

#include "change/calico.h"
#include "cluster/cluster.h"
#include "config/config.h"

/* What the tables hold of them that the rules read; borrowed from the tables. */
struct calico_state {
	const struct bgp_configuration *configuration; /* NULL: none, or not to be followed */
	const struct ip_pool **pools;                  /* malloc()ed */
	uint32_t n_pools;
	uint64_t hash; /* equal: they say the same */
};

void calico_state_read(struct calico_state *out, const struct config_advertise *config,
    const struct cluster *cluster) ON_WRITER;
void calico_state_fini(struct calico_state *s);

/* What the configuration file does not give *advertise and BGPConfiguration has is put in. The lists are
 * borrowed from the object. */
void calico_override(const struct bgp_configuration *from, struct config_advertise *advertise);

/* One field of one object. */
struct calico_verdict {
	const char *field;
	bool applied;
	const char *why; /* as what it is applied, or why it is not; borrowed for the call */
};

typedef void
calico_sink(void *ctx, const struct calico_object *o, const struct calico_verdict *verdict);

/* Each field that the object's spec has. Any thread that may read the object. */
void calico_judge(const struct config_advertise *config, const struct calico_object *o,
    calico_sink *sink, void *ctx);

/* Log what of all objects is not acted on, each word of it once. */
struct calico_said {
	uint64_t *at; /* hashes of what was said; open addressing, 0: free */
	uint32_t n, size;
};
void calico_log(struct calico_said *said, const struct config_advertise *config,
    const struct cluster *cluster) ON_WRITER;
void calico_said_fini(struct calico_said *said);
