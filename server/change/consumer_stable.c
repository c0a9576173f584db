/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open transactions. Brokers hand out records only up to the last stable offset: where the oldest transaction that is
 * still open began. While a producer hangs, or has died and its transaction's timeout is not over, all that
 * others write behind that offset is held back too. Nothing of it is an error to librdkafka, so it is
 * noticed here: a partition that has more and gives nothing is asked where its stable end is.
 */
#include "change/stream_private.h"
#include "core/clock.h"

#include <librdkafka/rdkafka.h>

#include <stdlib.h>

#define SUSPECT_NS     (10 * NS_PER_S) /* a busy producer's transactions are over long before */
#define STABLE_WAIT_MS 1000

#define put(field, v) atomic_store_explicit(&(field), (v), memory_order_relaxed)
#define get(field)    atomic_load_explicit(&(field), memory_order_relaxed)

/* True: it has had records behind our position for a while, and none has come. */
static bool
is_suspect(struct partition *p, uint64_t now_ns) ON_CONSUMER
{
	int64_t position = get(p->position);

	if (p->gone || p->retry_ns != NS_NEVER || position >= get(p->end) ||
	    position != p->still_at) {
		p->still_at = position;
		p->still_ns = now_ns;
		put(p->held_back, 0);
		return false;
	}
	return now_ns - p->still_ns >= SUSPECT_NS;
}

static void
ask(struct stream *s, uint64_t now_ns) ON_CONSUMER
{
	uint32_t n = get(s->n_partitions);
	int64_t *stable = must_calloc(n, sizeof(*stable));

	(void)!consumer_list_offsets(s, 0, n, RD_KAFKA_OFFSET_END, STABLE_WAIT_MS, stable);
	for (uint32_t i = 0; i < n; i++) {
		struct partition *p = stream_partition(s, i);

		if (!is_suspect(p, now_ns))
			continue;
		if (stable[i] > get(p->position))
			p->still_ns = now_ns; /* slow for another reason: asked again later */
		else if (stable[i] >= 0)
			put(p->held_back, get(p->end) - get(p->position));
	}
	free(stable);
}

static void
tell(struct stream *s, uint64_t now_ns) ON_CONSUMER
{
	uint32_t n = get(s->n_partitions), first = 0, partitions = 0;
	int64_t held = 0;

	for (uint32_t i = 0; i < n; i++) {
		int64_t here = get(stream_partition(s, i)->held_back);

		if (here > 0 && partitions++ == 0)
			first = i;
		held += here;
	}
	put(s->held_back, held);
	if (held > 0 && s->held_since_ns == 0) {
		s->held_since_ns = now_ns - SUSPECT_NS;
		log_warn(
		    "a transaction is open on the kafka topic: what was written behind its begin is held back "
		    "by the brokers and does not reach the routes, which stay as they are. It ends with its "
		    "producer, or by transaction.timeout.ms; kafka-transactions.sh finds and aborts one that hangs",
		    f_str("topic", s->topic), f_u64("partitions", partitions),
		    f_u64("partition", first),
		    f_i64("last_stable", get(stream_partition(s, first)->position)),
		    f_i64("held_back", held));
	} else if (held == 0 && s->held_since_ns != 0) {
		log_info("the open transaction has ended; what it held back is read",
		    f_str("topic", s->topic),
		    f_u64("seconds", (now_ns - s->held_since_ns) / NS_PER_S));
		s->held_since_ns = 0;
	}
}

void
consumer_watch_stable(struct stream *s, uint64_t now_ns)
{
	uint32_t n = get(s->n_partitions);
	bool suspect = false;

	for (uint32_t i = 0; i < n; i++)
		suspect = is_suspect(stream_partition(s, i), now_ns) || suspect;
	if (suspect)
		ask(s, now_ns);
	tell(s, now_ns);
}
