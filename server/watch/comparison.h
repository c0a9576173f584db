/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another replica's digests against ours: per class and family of the table, and per kind of peers of what those are shown, where
 * both have such peers (watch/sets.h). For each, watch/difference.h decides what lasts. The watch thread's.
 */
#pragma once

#include "core/ip.h"
#include "core/role.h"
#include "rib/names.h"
#include "watch/difference.h"

#include <jansson.h>

struct json_out;
struct watch_sources;

/* Peers of one kind, that both replicas have. */
struct comparison_view {
	uint64_t id;
	char view[64];
	struct difference difference;
};

/* All zero: nothing was compared. */
struct comparison {
	struct difference table[CLASS_COUNT][IP_FAMILIES];
	struct comparison_view *views;
	uint32_t n_views;
};

enum comparison_result {
	COMPARISON_EQUAL,
	COMPARISON_CHANGES, /* not equal now, but nothing that lasts */
	COMPARISON_DIFFERS
};

void comparison_fini(struct comparison *c);

/*
 * The answer to /api/v1/digest against what is here now. Of the table, what it does not tell is not equal; peers' digests count
 * where both are of the present version.
 */
enum comparison_result comparison_take(struct comparison *c,
    const struct watch_sources *sources, const json_t *answer, uint64_t now_ns) ON_WATCH;

/* Since when anything lastingly differs (monotonic); 0: nothing does. */
uint64_t comparison_since(const struct comparison *c);

/* Write an array of what lastingly differs, as text: "cluster_ip ipv4", "view near". */
void comparison_write(const struct comparison *c, struct json_out *j);
