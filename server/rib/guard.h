/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The egress guard: the last look at what is about to become a route, by rules of its own that know nothing of services,
 * endpoints or selectors. What it refuses would be a fault of ours or a poisoned input: a default route, a host route that
 * is none, an address outside the configured CIDRs, a next hop that no packet can be sent to. It refuses that alone,
 * counts it and says so; everything else goes on. Costs a few comparisons a set, nothing a path.
 *
 * It stands where the path maker's results come in (from_path.h), the only way into the RIB.
 */
#pragma once

#include "config/config.h"
#include "rib/names.h"

/* Why this prefix may not be announced, in words, or NULL. CIDRs that the file does not give are not checked: then others
 * (ServiceCIDRs, Calico's objects) say which they are. */
const char *guard_prefix(const struct config_advertise *config, const struct ip_prefix *prefix,
    enum prefix_class prefix_class);

/* The same for a next hop. */
const char *guard_nexthop(const struct ip_addr *addr);
