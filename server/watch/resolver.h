/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS names to addresses. getaddrinfo() knows resolv.conf, search domains and /etc/hosts as every program here does, and blocks;
 * so it is called by a thread of its own, for which nobody ever waits. What a name last stood for holds as long as no other
 * answer comes: losing DNS changes nothing.
 *
 * One owner calls the functions (the watch thread); the answers are under a lock.
 */
#pragma once

#include "core/ip.h"
#include "core/must.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RESOLVER_NAMES_MAX     8u
#define RESOLVER_ADDRESSES_MAX 16u /* of a name; of more, the lowest */

/* What is known of a name. */
struct resolved {
	struct ip_addr at[RESOLVER_ADDRESSES_MAX]; /* ascending, each once */
	uint32_t n;
	bool asked;      /* an answer, or none, has come since it is wanted */
	char error[128]; /* why the last lookup brought nothing; "": it did */
};

struct resolver;

/* No thread runs until something is wanted. */
struct resolver *resolver_new(void) MUST_USE;

/* Does not wait for a lookup that is under way: its thread frees what is left. NULL is allowed. */
void resolver_free(struct resolver *r);

/* Look up these n names (copied, RESOLVER_NAMES_MAX at most) from now on: every 5 s until there is an address, then every 30 s. */
void resolver_want(struct resolver *r, const char *const *names, uint32_t n);

/* False: the name is not wanted. */
bool resolver_read(struct resolver *r, const char *name, struct resolved *out) MUST_USE;
