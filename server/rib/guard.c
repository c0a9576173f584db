/* SPDX-License-Identifier: Apache-2.0 */
#include "rib/guard.h"

#include <stddef.h>

#define AGGREGATE_LEAST_V4 8u /* a shorter one is a slip of the hand or an attack */
#define AGGREGATE_LEAST_V6 16u

static bool
is_inside(const struct config_prefixes *cidrs, const struct ip_prefix *prefix)
{
	for (uint32_t i = 0; i < cidrs->len; i++)
		if (ip_prefix_covers(&cidrs->items[i], prefix))
			return true;
	return cidrs->len == 0;
}

static const char *
guard_aggregate(const struct config_advertise *config, const struct ip_prefix *prefix)
{
	unsigned least = prefix->addr.family == IP_V4 ? AGGREGATE_LEAST_V4 : AGGREGATE_LEAST_V6;

	if (prefix->len < least)
		return "it covers too much of the address space to be a service range";
	if (config->cluster_ips.len == 0 || is_inside(&config->cluster_ips, prefix) ||
	    (config->external_ips.len && is_inside(&config->external_ips, prefix)) ||
	    (config->load_balancer_ips.len && is_inside(&config->load_balancer_ips, prefix)))
		return NULL;
	return "no configured CIDR covers it";
}

static const char *
guard_host(const struct config_prefixes *cidrs, const struct ip_prefix *prefix)
{
	if (prefix->len != ip_bits(prefix->addr.family))
		return "a service's address is one address";
	return is_inside(cidrs, prefix) ? NULL : "no configured CIDR of its class covers it";
}

const char *
guard_prefix(const struct config_advertise *config, const struct ip_prefix *prefix,
    enum prefix_class prefix_class)
{
	if (prefix->len && !ip_is_usable_unicast(&prefix->addr))
		return "it is no unicast address that is routed";
	switch (prefix_class) {
	case CLASS_AGGREGATE:
		return guard_aggregate(config, prefix);
	case CLASS_CLUSTER_IP:
		return guard_host(&config->cluster_ips, prefix);
	case CLASS_EXTERNAL_IP:
		return guard_host(&config->external_ips, prefix);
	case CLASS_LOAD_BALANCER:
		return guard_host(&config->load_balancer_ips, prefix);
	case CLASS_POD_CIDR:
		return prefix->len < (prefix->addr.family == IP_V4 ? AGGREGATE_LEAST_V4
		                                                   : AGGREGATE_LEAST_V6)
		           ? "it covers too much of the address space to be a node's pods"
		           : NULL;
	case CLASS_COUNT:
		break;
	}
	return "it is of no class";
}

const char *
guard_nexthop(const struct ip_addr *addr)
{
	return ip_is_usable_unicast(addr) ? NULL : "no packet can be sent to it";
}
