/* SPDX-License-Identifier: Apache-2.0 */
#include "path/path.h"

#include "core/clock.h"
#include "core/log.h"
#include "path/maker.h"

#include <string.h>

bool
path_check_config(const struct config *config, char *error, size_t size)
{
	const struct calico_state nothing = {.configuration = NULL};

	for (uint32_t i = 0; i < config->followed.len; i++) {
		struct rules *rules =
		    rules_new(&config->followed.items[i].advertise, &nothing, error, size);

		if (!rules)
			return false;
		rules_free(rules);
	}
	return true;
}

struct path_maker *
path_new(const struct config_advertise *config, const struct cluster *cluster,
    const struct path_sink *sink)
{
	const struct calico_state nothing = {.configuration = NULL};
	struct path_maker *m = must_calloc(1, sizeof(*m));
	struct rules *rules;
	char error[512];

	rules = rules_new(config, &nothing, error, sizeof(error));
	must(rules);
	/* Nobody reads yet: this is no publication. */
	*m = (struct path_maker){
	    .config = config, .rules = {rules}, .cluster = cluster, .leave_due_ns = NS_NEVER};
	m->sink = *sink;
	hops_init(&m->hops, path_id_v6);
	prefixes_init(&m->prefixes);
	attribute_ids_init(&m->attributes);
	return m;
}

void
path_free(struct path_maker *m)
{
	rules_free(rcu_own(m->rules));
	calico_said_fini(&m->calico_said);
	free(rcu_own(m->service_cidrs));
	free(rcu_own(m->leaving));
	nodes_fini(m);
	services_fini(m);
	hops_fini(&m->hops);
	prefixes_fini(&m->prefixes);
	attribute_ids_fini(&m->attributes);
	for (size_t i = 0; i < COUNT_OF(m->set); i++)
		slotset_fini(&m->set[i]);
	free(m->slots);
	free(m->marks);
	free(m->variants);
	free(m->counted);
	free(m->choices);
	free(m->wants);
	free(m);
}

struct rules_now
maker_rules(const struct path_maker *m)
{
	return (struct rules_now){.rules = rcu_own(m->rules),
	    .service_cidrs = rcu_own(m->service_cidrs),
	    .ignored_selectors =
	        atomic_load_explicit(&m->ignored_selectors, memory_order_relaxed)};
}

void
maker_want(struct path_maker *m, const struct ip_prefix *prefix, enum path_class path_class,
    enum pool pool)
{
	if (m->n_wants == m->cap_wants) {
		m->cap_wants = m->cap_wants ? 2 * m->cap_wants : 64;
		m->wants = must_realloc(m->wants, m->cap_wants * sizeof(*m->wants));
	}
	m->wants[m->n_wants++] = (struct want){*prefix, (uint8_t)path_class, (uint8_t)pool};
}

/* The rules anew, from the configuration and Calico's objects as they are now. */
static struct rules *
renew_rules(struct path_maker *m, const struct calico_state *calico) ON_WRITER
{
	struct rules *old = rcu_own(m->rules), *fresh;
	char error[512];

	fresh = rules_new(m->config, calico, error, sizeof(error));
	must(fresh); /* the configuration was checked */
	rcu_publish(m->rules, fresh);
	rules_retire(old);
	return fresh;
}

void
path_configure(struct path_maker *m, const struct config_advertise *config, bool same)
{
	struct calico_state calico;

	m->config = config;
	m->reconfigured |= !same;
	calico_state_read(&calico, m->config, m->cluster);
	renew_rules(m, &calico);
	calico_state_fini(&calico);
}

/* True: what Calico's objects say to the rules has changed, and the rules are new. */
static bool
follow_calico(struct path_maker *m) ON_WRITER
{
	const struct rules *fresh;
	struct calico_state calico;

	calico_log(&m->calico_said, m->config, m->cluster);
	calico_state_read(&calico, m->config, m->cluster);
	if (calico.hash == rcu_own(m->rules)->calico) {
		calico_state_fini(&calico);
		return false;
	}
	fresh = renew_rules(m, &calico);
	calico_state_fini(&calico);
	log_info("what is advertised follows Calico's objects",
	    f_u64("cluster_ips", fresh->config->cluster_ips.len),
	    f_u64("external_ips", fresh->config->external_ips.len),
	    f_u64("load_balancer_ips", fresh->config->load_balancer_ips.len),
	    f_u64("ip_pools", fresh->n_pod_pools));
	return true;
}

void
path_recompute(struct path_maker *m, const struct cluster_dirty *dirty, uint64_t now_ns)
{
	bool calico = (dirty->calico || dirty->all) && follow_calico(m);
	bool all = dirty->all || !m->computed || calico || m->reconfigured;
	/* Without configured CIDRs the ServiceCIDRs say which cluster IPs are ours. */
	bool pools = all || (dirty->cidrs && rcu_own(m->rules)->config->cluster_ips.len == 0);

	m->computed = true;
	m->reconfigured = false;
	m->now_ns = now_ns;
	nodes_update(m, dirty, all);
	if (pools)
		aggregates_update(m);
	services_update(m, dirty, pools);
	services_follow_nodes(m);
	for (uint32_t i = 0; i < m->prefixes.n_dirty; i++)
		prefix_compute(m, &m->prefixes.at[m->prefixes.dirty[i]]);
	prefixes_clean(&m->prefixes);
	attribute_ids_release(&m->attributes, &m->sink);
	hops_release(&m->hops, &m->sink);
}

void
path_count_endpoints(struct path_maker *m, bool on)
{
	m->count_endpoints = on;
}

uint64_t
path_due_ns(const struct path_maker *m)
{
	return m->leave_due_ns;
}

uint32_t
path_slots_bound(const struct path_maker *m)
{
	return m->hops.slots_bound;
}

uint32_t
path_attributes_bound(const struct path_maker *m)
{
	return m->attributes.bound;
}
