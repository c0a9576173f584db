/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two states of one object: do they differ in anything that routing reads? Order counts where
 * Kubernetes gives it a meaning (addresses) and is stable where it does not.
 */
#include "cluster/tables.h"

#include <string.h>

static bool
text_equal(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool
labels_equal(const struct labels *a, const struct labels *b)
{
	if (a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++) {
		if (strcmp(a->at[i].key, b->at[i].key) != 0 ||
		    strcmp(a->at[i].value, b->at[i].value) != 0)
			return false;
	}
	return true;
}

static bool
ips_equal(const struct ip_addr *a, const struct ip_addr *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!ip_equal(&a[i], &b[i]))
			return false;
	}
	return true;
}

static bool
prefixes_equal(const struct ip_prefix *a, const struct ip_prefix *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!ip_prefix_equal(&a[i], &b[i]))
			return false;
	}
	return true;
}

bool
node_equal(const struct node *a, const struct node *b)
{
	if (a->n_taints != b->n_taints || a->n_addresses != b->n_addresses ||
	    a->n_pod_cidrs != b->n_pod_cidrs || a->unschedulable != b->unschedulable ||
	    a->ready != b->ready || a->network_unavailable != b->network_unavailable)
		return false;
	for (uint32_t i = 0; i < a->n_taints; i++) {
		if (a->taints[i].effect != b->taints[i].effect ||
		    !text_equal(a->taints[i].key, b->taints[i].key) ||
		    !text_equal(a->taints[i].value, b->taints[i].value))
			return false;
	}
	for (uint32_t i = 0; i < a->n_addresses; i++) {
		if (a->addresses[i].type != b->addresses[i].type ||
		    !ip_equal(&a->addresses[i].ip, &b->addresses[i].ip))
			return false;
	}
	return prefixes_equal(a->pod_cidrs, b->pod_cidrs, a->n_pod_cidrs) &&
	       labels_equal(&a->labels, &b->labels) &&
	       labels_equal(&a->annotations, &b->annotations);
}

bool
service_equal(const struct service *a, const struct service *b)
{
	if (a->type != b->type || a->external_traffic_policy != b->external_traffic_policy ||
	    a->internal_traffic_policy != b->internal_traffic_policy ||
	    a->headless != b->headless ||
	    a->publish_not_ready_addresses != b->publish_not_ready_addresses ||
	    a->n_cluster_ips != b->n_cluster_ips || a->n_external_ips != b->n_external_ips ||
	    a->n_ingress != b->n_ingress || a->n_hostname_ingress != b->n_hostname_ingress ||
	    memcmp(a->ip_families, b->ip_families, sizeof(a->ip_families)) != 0)
		return false;
	for (uint32_t i = 0; i < a->n_ingress; i++) {
		if (a->ingress[i].proxy != b->ingress[i].proxy ||
		    !ip_equal(&a->ingress[i].ip, &b->ingress[i].ip))
			return false;
	}
	return ips_equal(a->cluster_ips, b->cluster_ips, a->n_cluster_ips) &&
	       ips_equal(a->external_ips, b->external_ips, a->n_external_ips) &&
	       text_equal(a->load_balancer_class, b->load_balancer_class) &&
	       labels_equal(&a->labels, &b->labels) &&
	       labels_equal(&a->annotations, &b->annotations);
}

/* Both are resolved, so endpoints compare as bytes: node, zone, flags and address. */
bool
slice_equal(const struct slice *a, const struct slice *b)
{
	return a->family == b->family && a->n_endpoints == b->n_endpoints &&
	       text_equal(a->service, b->service) &&
	       (a->n_endpoints == 0 ||
	           memcmp(a->first, b->first, a->n_endpoints * slice_stride(a)) == 0);
}

/* A field that is not acted on counts too: it is reported. */
bool
calico_equal(const struct calico_object *a, const struct calico_object *b)
{
	return a->spec_hash == b->spec_hash;
}

bool
service_cidr_equal(const struct service_cidr *a, const struct service_cidr *b)
{
	return a->n_cidrs == b->n_cidrs && prefixes_equal(a->cidrs, b->cidrs, a->n_cidrs);
}
