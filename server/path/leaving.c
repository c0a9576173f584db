/* SPDX-License-Identifier: Apache-2.0 */
#include "path/leaving.h"

#include "core/clock.h"
#include "path/maker.h"

#include <stdlib.h>

void
leaving_decide(struct path_maker *m, struct path_node *n, const struct node_decision *d)
{
	uint64_t drain_ns = rcu_own(m->rules)->config->node_drain_ns;
	uint8_t asked = 0, leaving;

	for (int p = 0; drain_ns && p < POOL_COUNT; p++) {
		if (d->all[p] == REASON_NODE_LEAVING || d->all[p] == REASON_NODE_CORDONED)
			asked |= (uint8_t)(1u << p);
	}
	if (n->all & asked)
		n->leave_ns = m->now_ns + drain_ns;
	leaving = (n->leaving | n->all) & asked;
	if (leaving == n->leaving)
		return;
	n->leaving = leaving;
	m->eligible_stale = m->leaving_stale = true;
}

void
leaving_expire(struct path_maker *m)
{
	if (m->leave_due_ns > m->now_ns)
		return;
	for (uint32_t i = 0; i < m->n_nodes; i++) {
		struct path_node *n = &m->nodes[i];

		if (n->leaving && n->leave_ns <= m->now_ns) {
			n->leaving = 0;
			m->eligible_stale = m->leaving_stale = true;
		}
	}
}

static void
list_free(struct rcu_later *later)
{
	free(later); /* later is the first member */
}

void
leaving_publish(struct path_maker *m)
{
	struct leaving_list *old = rcu_own(m->leaving), *fresh;
	uint32_t n = 0;

	if (!m->leaving_stale)
		return;
	m->leaving_stale = false;
	m->leave_due_ns = NS_NEVER;
	for (uint32_t i = 0; i < m->n_nodes; i++)
		n += m->nodes[i].leaving != 0;
	fresh = must_calloc(1, sizeof(*fresh) + n * sizeof(fresh->at[0]));
	for (uint32_t i = 0; i < m->n_nodes; i++) {
		const struct path_node *node = &m->nodes[i];

		if (!node->leaving)
			continue;
		fresh->at[fresh->n++] = (struct leaving_node){i, node->leaving};
		if (node->leave_ns < m->leave_due_ns)
			m->leave_due_ns = node->leave_ns;
	}
	rcu_publish(m->leaving, fresh);
	if (old)
		rcu_retire(&old->later, list_free);
}
