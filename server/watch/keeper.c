/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/keeper.h"

#include "config/config.h"
#include "core/clock.h"
#include "core/log.h"
#include "rib/writer.h"
#include "watch/watch.h"

#define WRITER_WAIT_NS (NS_PER_S / 2)
#define MANY           10000u
#define MANY_NS        (10 * NS_PER_S)
#define RENEW_NS       (600 * NS_PER_S)

struct taking {
	struct kept_holds kept;
	uint64_t changes;
	bool restored;
};

static void
take(struct writer *w, void *ctx, uint64_t now_ns) ON_WRITER
{
	struct taking *t = ctx;

	t->restored = w->restored;
	if (!w->restored) /* the file says more than we know */
		return;
	t->changes = atomic_load_explicit(&w->breaker.holds.changes, memory_order_relaxed);
	kept_holds_take(&t->kept, &w->breaker, now_ns, clock_wall_ns());
}

static void
write_file(struct keeper *k, const struct config *config, const struct taking *t)
{
	char path[4096], why[512];

	if (!config_path(config, KEPT_HOLDS_FILE, path, sizeof(path)))
		return;
	if (kept_holds_store(&t->kept, path, why, sizeof(why))) {
		k->written = t->changes;
		k->n = t->kept.n;
		k->renewed_ns = clock_mono_ns();
		k->failed = false;
		return;
	}
	if (!k->failed)
		log_error("what is held cannot be kept for the next run", f_str("why", why));
	k->failed = true;
}

static bool
is_due(const struct keeper *k, struct writer *w, uint64_t now_ns)
{
	uint64_t changes =
	    atomic_load_explicit(&w->breaker.holds.changes, memory_order_relaxed);

	return now_ns >= k->next_ns &&
	       (changes != k->written || (k->n && now_ns - k->renewed_ns >= RENEW_NS));
}

void
keeper_tick(struct keeper *k, const struct watch_sources *sources)
{
	struct writer *w = sources->writer;
	uint64_t now_ns = clock_mono_ns();
	struct taking t = {.changes = 0};

	if (!is_due(k, w, now_ns))
		return;
	if (!writer_ask(w, take, &t, WRITER_WAIT_NS) || !t.restored)
		return;
	write_file(k, sources->config, &t);
	k->next_ns = now_ns + (t.kept.n > MANY ? MANY_NS : 0);
	kept_holds_fini(&t.kept);
}
