/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths whose coming or going waits, for each prefix a list. The breaker has one of paths that the cluster no longer
 * has and that are announced all the same; settle.h one of those that are not announced yet. The writer's.
 */
#pragma once

#include "rib/table.h"

/* Why a removal, or an announcement, is held. */
enum hold_reason {
	HOLD_LIMIT, /* more than the withdraw limit would have gone; an operator decides */
	HOLD_NO_WITHDRAW, /* an operator has forbidden withdrawals                             */
	HOLD_LAST_PATH, /* the prefix would have no path left; goes after a while            */
	HOLD_STAGGER, /* more than a little would have gone, and the other replica goes first  */
	HOLD_LAST_PREFIX, /* the class would have no prefix left; goes after a longer while    */
	HOLD_SETTLES,     /* not announced yet: it is new (settle.h)                        */
	HOLD_REASONS
};
extern const char *const hold_reason_names[HOLD_REASONS]; /* "limit", "no_withdraw", ... */

#define HOLD_NONE UINT32_MAX

struct hold {
	uint32_t prefix, nexthop, attrs;
	uint8_t prefix_class, reason;
	bool everywhere;   /* of the set that it is to be of; where it is not announced yet */
	bool approved;     /* an operator let it go: it leaves as fast as the limit allows */
	uint64_t since_ns; /* monotonic */
	uint64_t until_ns; /* NS_NEVER: until an operator decides */
	uint32_t next;     /* of the same prefix, or of the free ones; HOLD_NONE ends */
};

struct holds {
	struct hold *at;
	uint32_t bound, cap, free;
	uint32_t *first; /* by prefix index: HOLD_NONE or the first of its holds */
	uint32_t cap_first;
	uint32_t n; /* held now */
	_Atomic uint64_t
	    changes; /* of those that do not end by themselves: the watch looks at it */
	uint32_t by[CLASS_COUNT][HOLD_REASONS]; /* the same by class and reason */
};

void holds_init(struct holds *h);
void holds_fini(struct holds *h);

/* The prefix's first hold, or HOLD_NONE. */
uint32_t holds_first(const struct holds *h, uint32_t prefix) ON_WRITER;

/* The prefix's hold of this next hop, or NULL. */
struct hold *holds_find(struct holds *h, uint32_t prefix, uint32_t nexthop) ON_WRITER;

/* It is not held yet. */
void holds_add(struct holds *h, const struct hold *hold) ON_WRITER;

/* Forget it; nothing where there is none. */
void holds_remove(struct holds *h, uint32_t prefix, uint32_t nexthop) ON_WRITER;

/* Something of one that does not end by itself has changed. */
void holds_touch(struct holds *h) ON_WRITER;

/* It is held for another reason from now on. */
void holds_change(
    struct holds *h, struct hold *hold, enum hold_reason reason, uint64_t until_ns) ON_WRITER;
