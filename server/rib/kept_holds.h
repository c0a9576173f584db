/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is held until an operator decides outlives the process: else a restart would be the way around the withdraw limit. The file
 * has whatever a path is made of, since the cluster that it came from no longer has it. It is written whole, with a checksum,
 * by who may wait for a disk; it is read before the first routes are published, which then have the held paths too.
 */
#pragma once

#include "config/config.h"
#include "rib/breaker.h"

#define KEPT_HOLDS_FILE "holds" /* under state_dir */

struct kept_hold {
	struct ip_prefix prefix;
	uint8_t prefix_class, reason, everywhere, approved;
	uint32_t nexthop, attrs; /* indices of the arrays beside it */
	uint64_t since_ms;       /* wall clock, ms since 1970 */
};

/* One prefix's stand together. */
struct kept_holds {
	struct nexthop *nexthops;
	struct path_attrs *attrs;
	struct kept_hold *at;
	uint32_t n_nexthops, n_attrs, n;
};

void kept_holds_fini(struct kept_holds *k);

/* Those of the breaker that do not end by themselves. */
void kept_holds_take(struct kept_holds *out, const struct breaker *b, uint64_t now_ns,
    uint64_t wall_ns) ON_WRITER;

/* Write the file, whole or not at all, and to the disk. False: why says what is wrong. Blocks. Any thread. */
bool
kept_holds_store(const struct kept_holds *k, const char *path, char *why, size_t size) MUST_USE;

/*
 * Read the file; one that is not there, or is older than max_age_ns, has nothing. False: it cannot be used, and why says so; then
 * *out has nothing either. Any thread.
 */
bool kept_holds_load(struct kept_holds *out, const char *path, uint64_t max_age_ns, char *why,
    size_t size) MUST_USE;

/*
 * Announce and hold again what is not announced anyway, but for what the egress guard of all clusters refuses now. Before the
 * first commit. Returns how many paths.
 */
uint32_t kept_holds_restore(const struct kept_holds *k, const struct config *config,
    struct breaker *b, uint64_t now_ns, uint64_t wall_ns) ON_WRITER;
