/* SPDX-License-Identifier: Apache-2.0 */
#include "path/decide.h"

#include "core/hash.h"

#include <string.h>

const struct reason_row reason_rows[REASON_COUNT] = {
#define REASON(id, name, sentence) [REASON_##id] = {name, sentence},
#include "path/reason.def"
#undef REASON
};

const char *const path_class_names[PATH_CLASS_COUNT] = {
    [PATH_AGGREGATE] = "aggregate",
    [PATH_CLUSTER_IP] = "cluster_ip",
    [PATH_EXTERNAL_IP] = "external_ip",
    [PATH_LOAD_BALANCER] = "load_balancer",
    [PATH_POD_CIDR] = "pod_cidr",
};

/* ---- the address of a service ---- */

static bool
is_local(const struct rules *r, const struct service *s, enum path_class path_class)
{
	bool external = s->external_traffic_policy == POLICY_LOCAL;
	bool internal = s->internal_traffic_policy == POLICY_LOCAL;

	if (path_class != PATH_CLUSTER_IP)
		return external;
	switch (r->config->cluster_ip_policy) {
	case CONFIG_POLICY_INTERNAL:
		return internal;
	case CONFIG_POLICY_EITHER:
		return internal || external;
	default:
		return external;
	}
}

/*
 * A node's proxy of one family serves a service only where the service has that family: by
 * ipFamilies, or where that is absent by its cluster IPs.
 */
static bool
has_family(const struct service *s, uint8_t family)
{
	if (s->ip_families[0] != IP_NONE)
		return s->ip_families[0] == family || s->ip_families[1] == family;
	for (uint32_t i = 0; i < s->n_cluster_ips; i++) {
		if (s->cluster_ips[i].family == family)
			return true;
	}
	return s->n_cluster_ips == 0;
}

static enum reason
refuse_load_balancer(const struct rules *r, const struct service *s, const struct ip_addr *a)
{
	const struct config_strings *classes = &r->config->load_balancer_classes;
	bool listed = s->load_balancer_class == NULL;

	if (s->type != SERVICE_LOAD_BALANCER)
		return REASON_NOT_LOAD_BALANCER;
	for (uint32_t i = 0; !listed && i < classes->len; i++)
		listed = strcmp(classes->items[i], s->load_balancer_class) == 0;
	if (!listed)
		return REASON_OTHER_LB_CLASS;
	for (uint32_t i = 0; i < s->n_ingress; i++) {
		if (s->ingress[i].proxy && ip_equal(&s->ingress[i].ip, a))
			return REASON_INGRESS_PROXY;
	}
	return REASON_OK;
}

static const char *
find_in_service(const void *service, const char *key)
{
	const struct service *s = service;
	const char *value = labels_find(&s->labels, key);

	return value ? value : labels_find(&s->annotations, key);
}

/* Why the address is not advertised at all, or REASON_OK. */
static enum reason
refuse(const struct rules_now *now, const struct service *s, const struct ip_addr *a,
    enum path_class path_class)
{
	enum pool pool = class_pool(path_class);

	if (s->type == SERVICE_EXTERNAL_NAME)
		return REASON_EXTERNAL_NAME;
	if (s->headless)
		return REASON_HEADLESS;
	if (path_class == PATH_LOAD_BALANCER) {
		enum reason r = refuse_load_balancer(now->rules, s, a);

		if (r != REASON_OK)
			return r;
	}
	if (!has_family(s, a->family))
		return REASON_FAMILY_NOT_SERVED;
	if (now->rules->services[pool] &&
	    !selector_matches(now->rules->services[pool], find_in_service, s))
		return REASON_NOT_SELECTED;
	if (rules_cidrs(now, pool).len == 0)
		return REASON_NO_POOL;
	return rules_cidr_of(now, pool, a) ? REASON_OK : REASON_NOT_IN_POOL;
}

/* The aggregate already brings the traffic of a Cluster service to every eligible node. */
static bool
is_covered(const struct rules_now *now, const struct ip_addr *a, enum path_class path_class)
{
	/* External IPs get a host route by their own policy beside the aggregate. */
	if (path_class == PATH_EXTERNAL_IP ||
	    now->rules->config->host_routes == CONFIG_HOST_ROUTES_ALL)
		return false;
	return rules_aggregate_of(now, class_pool(path_class), a) != NULL;
}

struct service_decision
decide_service(const struct rules_now *now, const struct service *s, const struct ip_addr *a,
    enum path_class path_class)
{
	enum reason r = refuse(now, s, a, path_class);

	if (r != REASON_OK)
		return (struct service_decision){r, SCOPE_NONE};
	if (is_local(now->rules, s, path_class))
		return (struct service_decision){REASON_LOCAL, SCOPE_LOCAL};
	if (is_covered(now, a, path_class))
		return (struct service_decision){REASON_COVERED, SCOPE_NONE};
	return (struct service_decision){REASON_CLUSTER, SCOPE_ALL};
}

/* ---- a node ---- */

#define EXCLUDE_LABEL "node.kubernetes.io/exclude-from-external-load-balancers"
#define LEAVING_TAINT "ToBeDeletedByClusterAutoscaler"

static bool
has_taint(const struct node *n, const char *key)
{
	for (uint32_t i = 0; i < n->n_taints; i++) {
		if (strcmp(n->taints[i].key, key) == 0)
			return true;
	}
	return false;
}

/* Why the node serves no service at all, or REASON_OK. */
static enum reason
refuse_node(const struct config_advertise *config, const struct node *n)
{
	if (n->network_unavailable == CONDITION_TRUE)
		return REASON_NODE_NETWORK_UNAVAILABLE;
	if (!config->ignore_exclude_label && labels_find(&n->labels, EXCLUDE_LABEL))
		return REASON_NODE_EXCLUDED; /* present is enough, whatever the value */
	return REASON_OK;
}

/* Why the node has no part in aggregates and Cluster routes, though it may serve Local ones. */
static enum reason
drain_node(const struct config_advertise *config, const struct node *n)
{
	if (has_taint(n, LEAVING_TAINT))
		return REASON_NODE_LEAVING;
	if (config->drain_on_cordon && n->unschedulable)
		return REASON_NODE_CORDONED;
	if (config->require_ready && n->ready != CONDITION_TRUE)
		return REASON_NODE_NOT_READY;
	return REASON_OK;
}

/* "10.0.0.1" or, as projectcalico.org/IPv4Address has it, "10.0.0.1/24". */
static bool
address_parse(const char *text, struct ip_addr *out)
{
	char buf[IP_TEXT_MAX];
	size_t n = strcspn(text, "/");

	if (n >= sizeof(buf))
		return false;
	memcpy(buf, text, n);
	buf[n] = '\0';
	return ip_parse(buf, out);
}

static enum reason
node_address(const struct config_advertise *config, const struct node *n, uint8_t family,
    struct ip_addr *out)
{
	const char *key =
	    family == IP_V6 ? config->node_address.ipv6 : config->node_address.ipv4;

	if (key) {
		const char *text = labels_find(&n->annotations, key);

		text = text ? text : labels_find(&n->labels, key);
		if (!text)
			return REASON_NODE_NO_ADDRESS;
		if (!address_parse(text, out) || out->family != family ||
		    !ip_is_usable_unicast(out))
			return REASON_NODE_BAD_ADDRESS;
		return REASON_OK;
	}
	for (uint32_t i = 0; i < n->n_addresses; i++) {
		const struct node_address *a = &n->addresses[i];

		if (a->type != NODE_ADDRESS_INTERNAL || a->ip.family != family)
			continue;
		*out = a->ip;
		return ip_is_usable_unicast(out) ? REASON_OK : REASON_NODE_BAD_ADDRESS;
	}
	return REASON_NODE_NO_ADDRESS;
}

/* ORIGINATOR_ID names the router, not the next hop: the InternalIP even where another address
 * is configured as next hop. 0: none. */
static uint32_t
node_originator(const struct node *n)
{
	for (uint32_t i = 0; i < n->n_addresses; i++) {
		if (n->addresses[i].type == NODE_ADDRESS_INTERNAL &&
		    n->addresses[i].ip.family == IP_V4)
			return ip_v4_host(&n->addresses[i].ip);
	}
	return 0;
}

static const char *
find_in_node(const void *node, const char *key)
{
	return labels_find(&((const struct node *)node)->labels, key);
}

static void
decide_all(struct node_decision *out, enum reason r)
{
	for (int p = 0; p < POOL_COUNT; p++)
		out->all[p] = out->local[p] = r;
	for (int f = 0; f < IP_FAMILIES; f++)
		out->address[f] = r;
}

void
decide_node(const struct rules_now *now, const struct node *node, struct node_decision *out)
{
	const struct rules *r = now->rules;
	enum reason refused, drained;

	memset(out, 0, sizeof(*out));
	if (!node) {
		decide_all(out, REASON_NODE_UNKNOWN);
		return;
	}
	refused = refuse_node(r->config, node);
	drained = refused != REASON_OK ? refused : drain_node(r->config, node);
	for (int p = 0; p < POOL_COUNT; p++) {
		bool selected =
		    !r->selectors[p] || selector_matches(r->selectors[p], find_in_node, node);
		bool ignored = now->ignored_selectors >> p & 1;

		if (selected)
			out->selected |= (uint8_t)(1u << p);
		out->local[p] = refused;
		out->all[p] = drained;
		/* Pods stay reachable on a node that serves no services. */
		if (p == POOL_POD_CIDR && refused != REASON_NODE_NETWORK_UNAVAILABLE)
			out->local[p] = out->all[p] = REASON_OK;
		if (!selected && !ignored && out->local[p] == REASON_OK)
			out->local[p] = out->all[p] = REASON_NODE_NOT_SELECTED;
	}
	out->address[0] = node_address(r->config, node, IP_V4, &out->addr[0]);
	out->address[1] = node_address(r->config, node, IP_V6, &out->addr[1]);
	out->originator = node_originator(node);
	if (!out->originator && out->address[0] == REASON_OK)
		out->originator = ip_v4_host(&out->addr[0]);
	out->rack = place_hash(labels_find(&node->labels, r->config->rack_label));
	out->zone = place_hash(labels_find(&node->labels, r->config->zone_label));
}
