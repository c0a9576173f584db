/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small cluster as plain values, its random mutations (each with the record that says it),
 * and what should be advertised, decided from scratch, node by node.
 */
#pragma once

#include "../unit/path/world.h"

#define NODES     7
#define SERVICES  6
#define SLICES    9
#define ENDPOINTS 4

/* ---- the model's cluster ---- */

struct m_node {
	bool there, excluded, cordoned, leaving, no_network, ready, edge, pods;
	int v4, v6; /* last part of the address; 0: none */
};

enum { NO_NODE = NODES };
enum m_state { READY, DRAINING, DYING, NOT_READY, SERVING, PUBLISHED, EMPTY, STATES };
static const char *const state_names[STATES] = {
    "ready", "draining", "dying", "notready", "serving", "published", "empty"};

struct m_slice {
	bool there, v6;
	int service; /* SERVICES: none */
	int n;
	struct {
		int node;
		enum m_state state;
	} endpoints[ENDPOINTS];
};

struct m_service {
	bool there, external_local, internal_local, headless, external_name, load_balancer;
	bool v6, proxy, other_class;
	int external, ingress, preference; /* 0: none */
};

static const char *const externals[] = {
    "", "192.0.2.1", "192.0.2.2", "192.0.2.200", "203.0.113.1"};
static const char *const ingresses[] = {"", "198.51.100.1", "198.51.100.2", "203.0.113.9"};

struct m_config {
	const char *text;
	int policy; /* 0 external, 1 internal, 2 either */
	bool all, no_aggregation, drain_on_cordon, require_ready, ignore_exclude, pods, edge;
};

#define POOLS                                                                                  \
	"  cluster_ips: [10.96.0.0/24, 'fd00:96::/120']\n"                                     \
	"  external_ips: [192.0.2.0/28, 192.0.2.200/32]\n"                                     \
	"  load_balancer_ips: [198.51.100.0/28]\n"

static const struct m_config configs[] = {
    {.text = POOLS},
    {.text = POOLS "  cluster_ip_policy: internal\n  pod_cidrs: true\n",
        .policy = 1,
        .pods = true},
    {.text = POOLS "  cluster_ip_policy: either\n  host_routes: all\n",
        .policy = 2,
        .all = true},
    {.text = POOLS "  load_balancer_aggregation: false\n  drain_on_cordon: true\n",
        .no_aggregation = true,
        .drain_on_cordon = true},
    {.text = POOLS "  require_ready: true\n  ignore_exclude_label: true\n",
        .require_ready = true,
        .ignore_exclude = true},
    {.text = POOLS "  host_routes: all\n  node_selectors: {cluster_ips: 'edge', "
                   "external_ips: 'edge', load_balancer_ips: 'edge'}\n",
        .all = true,
        .edge = true},
};

struct model {
	const struct m_config *config;
	struct m_node nodes[NODES];
	struct m_service services[SERVICES];
	struct m_slice slices[SLICES];
	bool caught_up;
	unsigned seed;
};

static inline int
pick(struct model *m, int n)
{
	return (int)((unsigned)rand_r(&m->seed) >> 4) % n;
}

static inline bool
chance(struct model *m, int one_in)
{
	return pick(m, one_in) == 0;
}

/* ---- what should be ---- */

static inline bool
no_edge_node(const struct model *m)
{
	bool any = false;

	for (int i = 0; i < NODES; i++) {
		any |= m->nodes[i].there;
		if (m->nodes[i].there && m->nodes[i].edge)
			return false;
	}
	return any;
}

static inline bool
serves_local(const struct model *m, int i, bool v6)
{
	const struct m_node *n = &m->nodes[i];

	if (!n->there || n->no_network || !(v6 ? n->v6 : n->v4))
		return false;
	if (n->excluded && !m->config->ignore_exclude)
		return false;
	return !m->config->edge || n->edge || (m->caught_up && no_edge_node(m));
}

static inline bool
serves_all(const struct model *m, int i, bool v6)
{
	const struct m_node *n = &m->nodes[i];

	return serves_local(m, i, v6) && !n->leaving &&
	       !(n->cordoned && m->config->drain_on_cordon) &&
	       !(!n->ready && m->config->require_ready);
}

/* 2: ready, 1: serves while it terminates, 0: neither. */
static inline int
worth(enum m_state s)
{
	if (s == READY || s == PUBLISHED || s == EMPTY)
		return 2;
	return s == DRAINING;
}

/* The best endpoint of the service on this node; node < 0: anywhere. */
static inline int
best_on(const struct model *m, int service, bool v6, int node)
{
	int best = 0;

	for (int i = 0; i < SLICES; i++) {
		const struct m_slice *s = &m->slices[i];

		for (int k = 0; s->there && s->service == service && s->v6 == v6 && k < s->n;
		     k++) {
			int value = worth(s->endpoints[k].state);

			if ((node < 0 || s->endpoints[k].node == node) && value > best)
				best = value;
		}
	}
	return best;
}

static inline void
add_host_route(const struct model *m, int service, bool v6, bool local, bool in[NODES])
{
	int best = 0;

	for (int i = 0; local && i < NODES; i++) {
		int here = serves_local(m, i, v6) ? best_on(m, service, v6, i) : 0;

		best = here > best ? here : best;
	}
	for (int i = 0; i < NODES; i++) {
		if (local)
			in[i] |= best > 0 && serves_local(m, i, v6) &&
			         best_on(m, service, v6, i) == best;
		else
			in[i] |= serves_all(m, i, v6) && best_on(m, service, v6, -1) > 0;
	}
}

static inline void
add_service(const struct model *m, int i, const char *prefix, bool in[NODES])
{
	const struct m_service *s = &m->services[i];
	bool local4[] = {
	    s->external_local, s->internal_local, s->external_local || s->internal_local};
	char text[64];

	if (!s->there || s->headless || s->external_name)
		return;
	for (int v6 = 0; v6 <= s->v6; v6++) {
		snprintf(text, sizeof(text), v6 ? "fd00:96::%x/128" : "10.96.0.%d/32", i + 1);
		if (strcmp(text, prefix) == 0 && (local4[m->config->policy] || m->config->all))
			add_host_route(m, i, v6, local4[m->config->policy], in);
	}
	snprintf(text, sizeof(text), "%s/32", externals[s->external]);
	if (strcmp(text, prefix) == 0 && strncmp(text, "192.0.2.", 8) == 0)
		add_host_route(m, i, false, s->external_local, in);
	snprintf(text, sizeof(text), "%s/32", ingresses[s->ingress]);
	if (strcmp(text, prefix) == 0 && strncmp(text, "198.51.100.", 11) == 0 &&
	    s->load_balancer && !s->proxy && !s->other_class &&
	    (s->external_local || m->config->all || m->config->no_aggregation))
		add_host_route(m, i, false, s->external_local, in);
}

static inline void
model_decide(const struct model *m, const char *prefix, bool in[NODES])
{
	bool aggregate = strcmp(prefix, "10.96.0.0/24") == 0 ||
	                 strcmp(prefix, "fd00:96::/120") == 0 ||
	                 strcmp(prefix, "192.0.2.0/28") == 0 ||
	                 (strcmp(prefix, "198.51.100.0/28") == 0 && !m->config->no_aggregation);
	char text[64];

	memset(in, 0, NODES * sizeof(*in));
	for (int i = 0; i < NODES; i++) {
		const struct m_node *n = &m->nodes[i];

		in[i] |= aggregate && serves_all(m, i, strchr(prefix, ':') != NULL);
		snprintf(text, sizeof(text), "10.244.%d.0/24", i);
		in[i] |= strcmp(prefix, text) == 0 && m->config->pods && n->there && n->pods &&
		         !n->no_network && n->v4;
	}
	for (int i = 0; i < SERVICES; i++)
		add_service(m, i, prefix, in);
}

/* ---- mutations: the model's and the record that says it ---- */

static inline void
put_node(struct model *m, struct world *w, int i)
{
	const struct m_node *n = &m->nodes[i];
	char name[16], addresses[64] = "", metadata[256], rest[512], key[32];

	snprintf(name, sizeof(name), "n%d", i);
	snprintf(key, sizeof(key), "nodes//n%d", i);
	if (!n->there) {
		world_delete(w, key);
		return;
	}
	if (n->v4)
		snprintf(addresses, sizeof(addresses), "172.16.0.%d ", n->v4);
	if (n->v6)
		snprintf(addresses + strlen(addresses), sizeof(addresses) - strlen(addresses),
		    "2001:db8::%x", (unsigned)n->v6);
	snprintf(metadata, sizeof(metadata), "'labels':{%s%s'x':'y'}",
	    n->excluded ? "'node.kubernetes.io/exclude-from-external-load-balancers':''," : "",
	    n->edge ? "'edge':''," : "");
	/* The record begins with its status; spec follows it. */
	snprintf(rest, sizeof(rest),
	    "'status+':'conditions':[{'type':'Ready','status':'%s'},"
	    "{'type':'NetworkUnavailable','status':'%s'}]}"
	    ",'spec':{'unschedulable':%s%s",
	    n->ready ? "True" : "Unknown", n->no_network ? "True" : "False",
	    n->cordoned ? "true" : "false",
	    n->leaving ? ",'taints':[{'key':'ToBeDeletedByClusterAutoscaler','effect':'x'}]"
	               : "");
	if (n->pods)
		snprintf(rest + strlen(rest), sizeof(rest) - strlen(rest),
		    ",'podCIDRs':['10.244.%d.0/24']", i);
	node_with(w, name, addresses, metadata, rest);
}

static inline void
put_service(struct model *m, struct world *w, int i)
{
	const struct m_service *s = &m->services[i];
	char key[32], metadata[128] = "", rest[1024];
	size_t n;

	snprintf(key, sizeof(key), "services/shop/s%d", i);
	if (!s->there) {
		world_delete(w, key);
		return;
	}
	if (s->preference)
		snprintf(metadata, sizeof(metadata),
		    "'annotations':{'heliograph.io/local-preference':'%d'}", s->preference);
	n = (size_t)snprintf(rest, sizeof(rest),
	    "'spec':{'type':'%s','externalTrafficPolicy':'%s','internalTrafficPolicy':'%s'",
	    s->external_name   ? "ExternalName"
	    : s->load_balancer ? "LoadBalancer"
	                       : "NodePort",
	    s->external_local ? "Local" : "Cluster", s->internal_local ? "Local" : "Cluster");
	if (s->headless)
		n += (size_t)snprintf(rest + n, sizeof(rest) - n, ",'clusterIP':'None'");
	else if (s->v6)
		n += (size_t)snprintf(rest + n, sizeof(rest) - n,
		    ",'clusterIPs':['10.96.0.%d','fd00:96::%x'],'ipFamilies':['IPv4','IPv6']",
		    i + 1, (unsigned)i + 1);
	else
		n += (size_t)snprintf(
		    rest + n, sizeof(rest) - n, ",'clusterIPs':['10.96.0.%d']", i + 1);
	if (s->external)
		n += (size_t)snprintf(rest + n, sizeof(rest) - n, ",'externalIPs':['%s']",
		    externals[s->external]);
	if (s->other_class)
		n += (size_t)snprintf(
		    rest + n, sizeof(rest) - n, ",'loadBalancerClass':'x.com/y'");
	n += (size_t)snprintf(rest + n, sizeof(rest) - n, "}");
	if (s->ingress)
		snprintf(rest + n, sizeof(rest) - n,
		    ",'status':{'loadBalancer':{'ingress':[{'ip':'%s','ipMode':'%s'}]}}",
		    ingresses[s->ingress], s->proxy ? "Proxy" : "VIP");
	world_put(w, key, metadata, rest);
}

static inline void
put_slice(struct model *m, struct world *w, int i)
{
	const struct m_slice *s = &m->slices[i];
	char key[32], full[64], of[16] = "", endpoints[256] = "";
	size_t n = 0;

	snprintf(key, sizeof(key), "shop/e%d", i);
	snprintf(full, sizeof(full), "endpointslices/%s", key);
	if (!s->there) {
		world_delete(w, full);
		return;
	}
	for (int k = 0; k < s->n; k++) {
		char on[16] = "-";

		if (s->endpoints[k].node != NO_NODE)
			snprintf(on, sizeof(on), "n%d", s->endpoints[k].node);
		n += (size_t)snprintf(endpoints + n, sizeof(endpoints) - n, "%s=%s ", on,
		    state_names[s->endpoints[k].state]);
	}
	if (s->service < SERVICES)
		snprintf(of, sizeof(of), "s%d", s->service);
	slice(w, key, of, s->v6, endpoints);
}

/* One property flips, or all are drawn again. */
static inline void
change_node(struct model *m, struct m_node *n)
{
	bool *const flags[] = {&n->excluded, &n->cordoned, &n->leaving, &n->no_network,
	    &n->ready, &n->edge, &n->pods};

	if (n->there && chance(m, 2)) {
		bool *flag = flags[pick(m, (int)COUNT_OF(flags))];

		*flag = !*flag;
		return;
	}
	n->there = !chance(m, 6);
	n->excluded = chance(m, 6);
	n->cordoned = chance(m, 4);
	n->leaving = chance(m, 6);
	n->no_network = chance(m, 8);
	n->ready = !chance(m, 4);
	n->edge = chance(m, 3);
	n->pods = chance(m, 2);
	n->v4 = chance(m, 8) ? 0 : 1 + pick(m, 9);
	n->v6 = chance(m, 3) ? 0 : 1 + pick(m, 9);
}

static inline void
change_service(struct model *m, struct m_service *s)
{
	s->there = !chance(m, 6);
	s->external_local = chance(m, 2);
	s->internal_local = chance(m, 3);
	s->headless = chance(m, 8);
	s->external_name = chance(m, 10);
	s->load_balancer = chance(m, 2);
	s->v6 = chance(m, 2);
	s->proxy = chance(m, 6);
	s->other_class = chance(m, 6);
	s->external = pick(m, (int)COUNT_OF(externals));
	s->ingress = pick(m, (int)COUNT_OF(ingresses));
	s->preference = chance(m, 2) ? 0 : 50 + pick(m, 100);
}

static inline void
change_slice(struct model *m, struct m_slice *s)
{
	s->there = !chance(m, 6);
	s->v6 = chance(m, 3);
	s->service = pick(m, SERVICES + 1);
	s->n = pick(m, ENDPOINTS + 1);
	for (int k = 0; k < s->n; k++) {
		s->endpoints[k].node = pick(m, NODES + 1);
		s->endpoints[k].state = (enum m_state)pick(m, STATES);
	}
}

static inline void
mutate(struct model *m, struct world *w)
{
	int i;

	switch (pick(m, 5)) {
	case 0:
		i = pick(m, NODES);
		change_node(m, &m->nodes[i]);
		put_node(m, w, i);
		break;
	case 1:
		i = pick(m, SERVICES);
		change_service(m, &m->services[i]);
		put_service(m, w, i);
		break;
	default:
		i = pick(m, SLICES);
		change_slice(m, &m->slices[i]);
		put_slice(m, w, i);
	}
	if (!m->caught_up && chance(m, 40)) {
		m->caught_up = true;
		caught_up(w);
	}
}
