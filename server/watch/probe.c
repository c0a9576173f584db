/* SPDX-License-Identifier: Apache-2.0 */
/* The probes: alive says that this process answers, ready that its routes are complete. */
#include "change/stream.h"
#include "cluster/cluster.h"
#include "core/clock.h"
#include "core/pulse.h"
#include "rib/table.h"
#include "watch/call.h"

#include <stdio.h>
#include <string.h>

static void
answer(struct call *c, int status, const char *text)
{
	c->status = status;
	c->type = "text/plain; charset=utf-8";
	evbuffer_add_printf(c->out, "%s\n", text);
}

/* All loops go round. Never asks for Kafka or peers: a restart would not bring them back. */
void
probe_live(struct call *c)
{
	char name[32], text[100];
	uint64_t ns;

	if (!pulse_is_stuck(name, sizeof(name), &ns)) {
		answer(c, 200, "ok");
		return;
	}
	snprintf(text, sizeof(text), "thread %s has not gone round for %llu s", name,
	    (unsigned long long)(ns / NS_PER_S));
	answer(c, 503, text);
}

/* What is missing of one cluster; false: nothing. */
static bool
is_missing(const struct watch_cluster *at, char *why, size_t size)
{
	struct stream_status s;

	stream_status_read(at->stream, &s);
	if (s.caught_up || cluster_caught_up(at->cluster) || cluster_loaded(at->cluster))
		return false;
	if (s.state == STREAM_SCANNING)
		snprintf(why, size, "reading topic %s: %.0f %%, %lld records to go", s.topic,
		    s.progress * 100.0, (long long)s.lag);
	else
		snprintf(why, size, "stream %s: %s", stream_state_text(s.state),
		    s.last_error[0] ? s.last_error : "no answer from the brokers yet");
	return true;
}

bool
call_ready(const struct watch_sources *sources, char *why, size_t size)
{
	if (atomic_load_explicit(&sources->rib->barrier, memory_order_acquire) != UINT64_MAX)
		return true;
	for (uint32_t i = 0; i < sources->n_clusters; i++) {
		const struct watch_cluster *at = &sources->clusters[i];
		int n = sources->n_clusters > 1
		            ? snprintf(why, size, "cluster %s: ", at->config->name)
		            : 0;

		if (is_missing(at, why + n, size - (size_t)n))
			return false;
	}
	if (table_version(sources->rib) > 0)
		return true; /* the local snapshot's routes are announced */
	snprintf(why, size, "the stream has caught up; its routes are being computed");
	return false;
}

void
probe_ready(struct call *c)
{
	char why[512], text[560];

	if (call_ready(c->sources, why, sizeof(why))) {
		answer(c, 200, "ok");
		return;
	}
	snprintf(text, sizeof(text), "not ready: %s", why);
	answer(c, 503, text);
}
