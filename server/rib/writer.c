/* SPDX-License-Identifier: Apache-2.0 */
#include "core/clock.h"
#include "core/log.h"
#include "core/metric.h"
#include "core/must.h"
#include "core/pulse.h"
#include "rib/writer_own.h"

#include <errno.h>
#include <stdlib.h>

/* Retired objects that may wait for their grace period: beyond it the writer waits for them, so that memory is bounded
 * even when a reader stays in its read side; one that never leaves it is what the watchdog then finds. */
#define RCU_BACKLOG_MAX 4000000ul

struct writer_order {
	struct writer_order *next;
	void (*fn)(struct writer *w, void *ctx, uint64_t now_ns);
	void *ctx;
	enum { ORDER_WAITS, ORDER_RUNS, ORDER_DONE } state;
};

struct breaker_rules
writer_breaker_rules(const struct config *c)
{
	return (struct breaker_rules){.percent = c->safety.withdraw_limit.percent,
	    .paths = c->safety.withdraw_limit.paths,
	    .window_ns = c->safety.withdraw_limit.window_ns,
	    .last_path_ns = c->safety.last_path_ns,
	    .last_prefix_ns = c->safety.last_prefix_ns,
	    .stagger_ns = c->safety.stagger_ns,
	    .max_prefixes = c->safety.max_prefixes};
}

bool
writer_weighs(const struct config *c)
{
	for (uint32_t i = 0; i < c->views.len; i++)
		if (c->views.items[i].weight == CONFIG_WEIGHT_ENDPOINTS)
			return true;
	return false;
}

/* The path maker of a cluster, and its way into the RIB. */
static void
add_cluster(
    struct writer *w, const struct config_cluster *config, struct cluster *cluster, bool weighs)
{
	uint32_t index = w->n_clusters++;
	struct writer_cluster *c = &w->clusters[index];
	struct path_sink sink;

	c->cluster = cluster;
	from_path_init(&c->from_path, &config->advertise, w->table, &w->settle,
	    w->merge.n_clusters > 1 ? &w->merge : NULL, index);
	sink = from_path_sink(&c->from_path);
	c->paths = path_new(&config->advertise, cluster, &sink);
	path_count_endpoints(c->paths, weighs);
}

void
writer_init(struct writer *w, const struct config *config, struct change_queue *queue,
    struct cluster *const *clusters, struct table *table)
{
	struct breaker_rules rules = writer_breaker_rules(config);
	pthread_condattr_t monotonic;
	bool weighs = writer_weighs(config);

	*w = (struct writer){.queue = queue, .table = table, .config = config};
	breaker_init(&w->breaker, &rules, table);
	settle_init(&w->settle, config->safety.settle_ns, table, &w->breaker);
	merge_init(&w->merge, &config->followed);
	w->clusters = must_calloc(config->followed.len, sizeof(*w->clusters));
	for (uint32_t i = 0; i < config->followed.len; i++)
		add_cluster(w, &config->followed.items[i], clusters[i], weighs);
	pthread_mutex_init(&w->orders_lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&w->orders_done, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

void
writer_fini(struct writer *w)
{
	must(!w->orders);
	for (uint32_t i = 0; i < w->n_clusters; i++) {
		path_free(w->clusters[i].paths);
		from_path_fini(&w->clusters[i].from_path);
	}
	free(w->clusters);
	merge_fini(&w->merge);
	settle_fini(&w->settle);
	breaker_fini(&w->breaker);
	kept_holds_fini(&w->kept);
	pthread_cond_destroy(&w->orders_done);
	pthread_mutex_destroy(&w->orders_lock);
}

static void
tell_clashes(struct from_path *f)
{
	if (!f->clashes)
		return;
	log_warn("paths left out: two next hops of one prefix have the same path identifier",
	    f_u64("paths", f->clashes));
	f->clashes = 0;
}

static void
commit(struct writer *w) ON_WRITER
{
	table_expect_more(w->table, change_queue_more(w->queue));
	table_commit(w->table);
	if (rcu_backlog() > RCU_BACKLOG_MAX) {
		metric_inc(METRIC_RCU_WAITS);
		rcu_drain();
	}
}

/* What has changed in one cluster goes into the commit. */
static void
recompute(struct writer_cluster *c, uint64_t now_ns) ON_WRITER
{
	c->from_path.now_ns = now_ns;
	path_recompute(c->paths, cluster_dirty(c->cluster), now_ns);
	cluster_clean(c->cluster);
	c->waiting = false;
	c->published = true;
	c->complete = cluster_caught_up(c->cluster);
	tell_clashes(&c->from_path);
}

/* Until its stream has caught up, a cluster is what the local snapshot had, and does not change. */
static bool
is_due(const struct writer_cluster *c, uint64_t now_ns) ON_WRITER
{
	if (!cluster_caught_up(c->cluster))
		return cluster_loaded(c->cluster) && !c->published;
	return !c->complete || c->waiting || path_due_ns(c->paths) <= now_ns;
}

/* True: there is something to commit. */
static bool
recompute_all(struct writer *w, uint64_t now_ns) ON_WRITER
{
	bool any = false;

	for (uint32_t i = 0; i < w->n_clusters; i++) {
		struct writer_cluster *c = &w->clusters[i];

		if (!is_due(c, now_ns))
			continue;
		recompute(c, now_ns);
		any = true;
	}
	return any;
}

/* Every cluster is in the RIB as its stream has it: now it is complete. */
static void
reach_barrier(struct writer *w) ON_WRITER
{
	for (uint32_t i = 0; i < w->n_clusters; i++)
		if (!w->clusters[i].complete)
			return;
	table_set_barrier(w->table);
	w->settle.on = true;
	atomic_store_explicit(&w->published, true, memory_order_release);
}

/* Before the first commit: what a former run held is never away. */
static void
restore(struct writer *w, uint64_t now_ns) ON_WRITER
{
	uint32_t n;

	if (w->restored)
		return;
	w->restored = true;
	n = kept_holds_restore(&w->kept, w->config, &w->breaker, now_ns, clock_wall_ns());
	if (w->kept.n)
		log_warn(
		    "routes that the last run held are announced and held on; see helioctl hold list",
		    f_u64("paths", n), f_u64("again_in_the_cluster_or_refused", w->kept.n - n));
	kept_holds_fini(&w->kept);
	breaker_tick(&w->breaker, now_ns);
}

void
writer_keep(struct writer *w, struct kept_holds *kept)
{
	w->kept = *kept;
	*kept = (struct kept_holds){.n = 0};
}

static void
publish_first(struct writer *w, uint64_t now_ns) ON_WRITER
{
	uint64_t start = clock_mono_ns();

	if (!recompute_all(w, now_ns))
		return;
	restore(w, now_ns);
	commit(w);
	reach_barrier(w);
	log_info("first paths published", f_u64("prefixes", w->table->live_prefixes),
	    f_u64("paths", w->table->live_paths),
	    f_u64("ms", (clock_mono_ns() - start) / NS_PER_MS));
}

static void
apply(struct writer *w, struct change *changes) ON_WRITER
{
	while (changes) {
		struct change *next = changes->next;
		struct writer_cluster *c;

		must(changes->cluster < w->n_clusters);
		c = &w->clusters[changes->cluster];
		c->waiting =
		    cluster_apply(c->cluster, changes) == CLUSTER_CHANGED || c->waiting;
		change_free(changes);
		changes = next;
	}
}

/* There is something to keep as it is: complete, or the local snapshot's. */
bool
writer_is_frozen(const struct writer *w)
{
	bool any = atomic_load_explicit(&w->published, memory_order_relaxed);

	for (uint32_t i = 0; i < w->n_clusters && w->frozen; i++)
		any = any || w->clusters[i].published;
	return w->frozen && any;
}

/* There is room for prefixes that have waited, and nobody remembers their paths. */
static void
try_refused(struct writer *w, uint64_t now_ns) ON_WRITER
{
	if (prefix_limit_next_ns(&w->breaker.limit) > now_ns)
		return;
	prefix_limit_tried(&w->breaker.limit, now_ns);
	for (uint32_t i = 0; i < w->n_clusters; i++) {
		struct writer_cluster *c = &w->clusters[i];

		path_configure(c->paths, c->from_path.config, false);
		c->waiting = true;
	}
}

void
writer_round(struct writer *w, struct change *changes, uint64_t now_ns)
{
	apply(w, changes);
	if (writer_is_frozen(w))
		return;
	w->breaker.second = atomic_load_explicit(&w->second, memory_order_relaxed);
	breaker_now(&w->breaker, now_ns);
	breaker_tick(&w->breaker, now_ns);
	settle_tick(&w->settle, now_ns);
	try_refused(w, now_ns);
	if (!atomic_load_explicit(&w->published, memory_order_relaxed))
		publish_first(w, now_ns);
	else if (recompute_all(w, now_ns) || w->table->last != table_version(w->table))
		commit(w); /* the latter: what was let go */
	else if (table_more(w->table))
		table_expect_more(w->table, change_queue_more(w->queue));
}

uint64_t
writer_next_ns(const struct writer *w)
{
	uint64_t next = breaker_next_ns(&w->breaker), settles = settle_next_ns(&w->settle);
	uint64_t room = prefix_limit_next_ns(&w->breaker.limit);

	if (writer_is_frozen(w))
		return NS_NEVER;
	next = settles < next ? settles : next;
	next = room < next ? room : next;
	for (uint32_t i = 0; i < w->n_clusters; i++) {
		uint64_t due = path_due_ns(w->clusters[i].paths);

		next = w->clusters[i].complete && due < next ? due : next;
	}
	return next;
}

void
writer_mode(struct writer *w, enum mode mode, uint64_t now_ns)
{
	w->frozen = mode == MODE_FROZEN;
	breaker_now(&w->breaker, now_ns);
	breaker_no_withdraw(&w->breaker, mode == MODE_NO_WITHDRAW, now_ns);
	writer_round(w, NULL, now_ns);
}

/* ---- orders of other threads ---- */

static struct writer_order *
take_order(struct writer *w) ON_WRITER
{
	struct writer_order *o;

	pthread_mutex_lock(&w->orders_lock);
	o = w->orders;
	if (o) {
		w->orders = o->next;
		o->state = ORDER_RUNS;
	}
	pthread_mutex_unlock(&w->orders_lock);
	return o;
}

static void
carry_out_orders(struct writer *w) ON_WRITER
{
	struct writer_order *o;

	while ((o = take_order(w)) != NULL) {
		uint64_t now_ns = clock_mono_ns();

		breaker_now(&w->breaker, now_ns);
		o->fn(w, o->ctx, now_ns);
		commit(w);
		pthread_mutex_lock(&w->orders_lock);
		o->state = ORDER_DONE;
		pthread_cond_broadcast(&w->orders_done);
		pthread_mutex_unlock(&w->orders_lock);
	}
}

/* It has not begun: nobody will look at it any more. */
static void
withdraw_order(struct writer *w, const struct writer_order *o)
{
	struct writer_order **at = &w->orders;

	while (*at != o)
		at = &(*at)->next;
	*at = o->next;
}

bool
writer_ask(struct writer *w, void (*fn)(struct writer *w, void *ctx, uint64_t now_ns),
    void *ctx, uint64_t timeout_ns)
{
	uint64_t until = clock_mono_ns() + timeout_ns;
	struct timespec at = {
	    .tv_sec = (time_t)(until / NS_PER_S), .tv_nsec = (long)(until % NS_PER_S)};
	struct writer_order o = {.fn = fn, .ctx = ctx, .state = ORDER_WAITS}, **end;
	int error = 0;

	pthread_mutex_lock(&w->orders_lock);
	for (end = &w->orders; *end; end = &(*end)->next)
		;
	*end = &o;
	change_queue_kick(w->queue);
	while (o.state == ORDER_WAITS && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&w->orders_done, &w->orders_lock, &at);
	while (o.state == ORDER_RUNS)
		pthread_cond_wait(&w->orders_done, &w->orders_lock);
	if (o.state == ORDER_WAITS)
		withdraw_order(w, &o);
	pthread_mutex_unlock(&w->orders_lock);
	return o.state == ORDER_DONE;
}

/* ---- the thread ---- */

static void
wake(void *ctx)
{
	struct writer *w = ctx;

	change_queue_kick(w->queue);
}

static void *
writer_main(void *arg)
{
	struct writer *w = arg;

	role_take(ROLE_WRITER, "helio-writer");
	role_is_writer();
	pulse_wakes(wake, w);
	while (!atomic_load_explicit(&w->stop, memory_order_acquire)) {
		uint64_t next = writer_next_ns(w), now = clock_mono_ns();

		change_queue_wait(w->queue, next == NS_NEVER ? NS_NEVER
		                            : next > now     ? next - now
		                                             : 0);
		pulse_beat();
		carry_out_orders(w);
		writer_round(w, change_queue_drain(w->queue), clock_mono_ns());
	}
	carry_out_orders(w);
	role_drop();
	return NULL;
}

void
writer_start(struct writer *w)
{
	if (pthread_create(&w->thread, NULL, writer_main, w))
		die("cannot start the writer thread");
}

void
writer_stop(struct writer *w)
{
	atomic_store_explicit(&w->stop, true, memory_order_release);
	change_queue_kick(w->queue);
	pthread_join(w->thread, NULL);
}
