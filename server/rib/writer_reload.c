/* SPDX-License-Identifier: Apache-2.0 */
/* Another configuration for the writer: planned by the same code that carries it out, then carried out. */
#include "core/log.h"
#include "rib/writer_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything is computed under this configuration; into the plan, or (NULL) into the RIB. */
static void
compute(struct writer *w, const struct config *config, struct plan *plan, uint64_t now_ns)
    ON_WRITER
{
	bool weighs = writer_weighs(config);

	for (uint32_t i = 0; i < w->n_clusters; i++) {
		struct writer_cluster *c = &w->clusters[i];

		c->from_path.plan = plan;
		c->from_path.config = &config->followed.items[i].advertise;
		c->from_path.now_ns = now_ns;
		path_count_endpoints(c->paths, weighs);
		path_configure(c->paths, &config->followed.items[i].advertise, false);
		path_recompute(c->paths, cluster_dirty(c->cluster), now_ns);
		c->from_path.plan = NULL;
	}
}

/* The makers are left as they were: what they computed under the old configuration is what the RIB has. */
static void
make_plan(struct writer *w, struct writer_reload *r, uint64_t now_ns) ON_WRITER
{
	struct plan plan, back;

	plan_init(&plan, w->table, &w->breaker);
	plan_init(&back, w->table, &w->breaker);
	compute(w, r->config, &plan, now_ns);
	compute(w, w->config, &back, now_ns);
	plan_sum(&plan);
	memcpy(r->plan, plan.by, sizeof(r->plan));
	if (!plan_is_dangerous(&plan, r->refused, sizeof(r->refused)))
		r->refused[0] = '\0';
	plan_fini(&plan);
	plan_fini(&back);
}

static void
apply(struct writer *w, const struct writer_reload *r, uint64_t now_ns) ON_WRITER
{
	struct breaker_rules rules = writer_breaker_rules(r->config);

	if (r->paths) {
		w->breaker.forced = r->force;
		compute(w, r->config, NULL, now_ns);
		w->breaker.forced = false;
	} else {
		/* The same, but in the new configuration's memory. */
		for (uint32_t i = 0; i < w->n_clusters; i++) {
			const struct config_advertise *advertise =
			    &r->config->followed.items[i].advertise;

			w->clusters[i].from_path.config = advertise;
			path_configure(w->clusters[i].paths, advertise, true);
		}
	}
	breaker_configure(&w->breaker, &rules, now_ns);
	w->settle.wait_ns = r->config->safety.settle_ns;
	w->config = r->config;
}

void
writer_configure(struct writer *w, struct writer_reload *r, uint64_t now_ns)
{
	memset(r->plan, 0, sizeof(r->plan));
	r->applied = false;
	r->refused[0] = '\0';
	if (r->paths && !atomic_load_explicit(&w->published, memory_order_relaxed)) {
		snprintf(r->refused, sizeof(r->refused),
		    "the stream has not caught up: what it would do cannot be told yet");
		return;
	}
	if (r->paths && writer_is_frozen(w)) {
		snprintf(r->refused, sizeof(r->refused),
		    "this replica is frozen: helioctl resume comes first");
		return;
	}
	if (r->paths)
		make_plan(w, r, now_ns);
	if (!r->apply || (r->refused[0] && !r->force))
		return;
	apply(w, r, now_ns);
	r->applied = true;
}
