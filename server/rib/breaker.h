/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The withdraw breaker. Every large outage of this kind was a correct withdrawal machine that was told "nothing
 * is there"; so what the path maker takes away passes here before it leaves the RIB.
 *
 *   limit        A class may lose, net, within a sliding window so many paths or so large a share of itself
 *                (the larger of both). What would exceed it is held: the paths stay announced until an operator
 *                lets them go, or the cluster has them again. Additions always flow.
 *   stagger      Beyond a tenth of that limit removals wait a little on the replica that is not the first, so that what
 *                is wrong does not strike both in the same instant.
 *   last path    The removal that would leave a prefix without a path, or a class without a prefix, waits
 *                a little, also within the limit.
 *   no-withdraw  An operator's order: nothing is withdrawn.
 *
 * A set that gets another member for each it loses loses nothing. Held paths are part of the RIB like any others;
 * only holds.h knows of them. The writer's; time is an argument.
 */
#pragma once

#include "core/clock.h"
#include "rib/holds.h"
#include "rib/prefix_limit.h"

#define BREAKER_SLICES 60u /* of the window: how finely it slides */

struct breaker_rules {
	uint32_t percent; /* of a class; 100: no limit */
	uint32_t paths;
	uint64_t window_ns;
	uint64_t last_path_ns, last_prefix_ns; /* 0: not held */
	uint64_t stagger_ns;                   /* where the other replica goes first */
	uint32_t max_prefixes;                 /* see prefix_limit.h */
};

/* One class: how large it was, in announced paths, at the end of each past slice of the window. */
struct breaker_class {
	uint64_t size; /* paths announced now, held ones included */
	uint32_t prefixes;
	uint64_t was[BREAKER_SLICES];
	bool open; /* something is held by the limit: said once */
};

struct breaker {
	struct breaker_rules rules;
	struct table *table;
	struct holds holds;
	struct prefix_limit limit; /* what comes in */
	struct breaker_class by[CLASS_COUNT];
	uint64_t slice;   /* number of the present one, since the first */
	uint64_t started; /* number of the first */
	bool no_withdraw;
	bool second; /* another replica goes first */
	bool forced; /* what goes now is what an operator wants to go: nothing of it is held */
	struct path_in *merged; /* scratch */
	uint32_t cap_merged;
	uint64_t next_due_ns; /* of the holds that end by themselves; NS_NEVER */
};

/* The table is borrowed. */
void breaker_init(struct breaker *b, const struct breaker_rules *r, struct table *t);
void breaker_fini(struct breaker *b);

/* As the writer's rounds begin; before any other call of the round. */
void breaker_now(struct breaker *b, uint64_t now_ns) ON_WRITER;

/* Other rules from now on; the window begins anew with what is announced now. */
void
breaker_configure(struct breaker *b, const struct breaker_rules *r, uint64_t now_ns) ON_WRITER;

/* So many paths that leave the class now would be more than the limit allows. */
bool breaker_exceeds(const struct breaker *b, unsigned prefix_class, uint32_t lost) ON_WRITER;

/*
 * The prefix is to have exactly these paths (as table_set() wants them): brings it into the table, with what is
 * held of it. clashes as there.
 */
void breaker_set(struct breaker *b, uint32_t prefix, struct set_kind kind,
    const struct path_in *paths, uint32_t n, uint64_t now_ns, uint32_t *clashes) ON_WRITER;

/*
 * Hold these n paths of the prefix (ascending by next hop, each once; changed) that a former run held, beside those that are
 * announced by now; those that are so anyway, or whose identifier may be another next hop's, are left out. Returns how many are
 * held. Before the first commit.
 */
uint32_t breaker_restore(struct breaker *b, uint32_t prefix, struct set_kind kind,
    struct hold *held, uint32_t n, uint64_t now_ns) ON_WRITER;

/* Let go what is due: holds that end by themselves, and approved ones as far as the limit allows. Commit
 * afterwards. */
void breaker_tick(struct breaker *b, uint64_t now_ns) ON_WRITER;

/* When breaker_tick() is to be called next; NS_NEVER: nothing waits for a time. */
uint64_t breaker_next_ns(const struct breaker *b) ON_WRITER;

/* Which holds an operator means. */
struct hold_match {
	int prefix_class;               /* -1: any */
	const struct ip_prefix *prefix; /* NULL: any */
};

/* Is it one of these? An unused entry is none. */
bool breaker_matches(const struct breaker *b, const struct hold *h, const struct hold_match *m)
    ON_WRITER;

/* They may go: `at_once`, or as fast as the limit allows. Returns how many. Commit afterwards. */
uint32_t breaker_release(
    struct breaker *b, const struct hold_match *m, bool at_once, uint64_t now_ns) ON_WRITER;

/* Forbid withdrawals, or no longer: what was held by that order goes as far as the limit allows. */
void breaker_no_withdraw(struct breaker *b, bool on, uint64_t now_ns) ON_WRITER;
