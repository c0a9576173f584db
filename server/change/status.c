/* SPDX-License-Identifier: Apache-2.0 */
/* What other threads may know of the stream, and the progress of its first scan. */
#include "change/stream_private.h"
#include "core/clock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define get(field) atomic_load_explicit(&(field), memory_order_relaxed)

const char *
stream_state_text(enum stream_state state)
{
	static const char *const texts[] = {"starting", "topic missing", "scanning",
	    "following", "brokers unreachable", "stopped"};

	return texts[state];
}

static uint32_t
count(const struct stream *s)
{
	return atomic_load_explicit(&s->n_partitions, memory_order_acquire);
}

int64_t
stream_lag(const struct stream *s)
{
	uint32_t n = count(s);
	int64_t lag = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct partition *p = stream_partition(s, i);
		int64_t behind = get(p->end) - get(p->position);

		lag += behind > 0 ? behind : 0;
	}
	return lag;
}

double
stream_progress(const struct stream *s)
{
	uint32_t n = count(s);
	int64_t done = 0, total = 0;

	if (get(s->caught_up))
		return 1;
	for (uint32_t i = 0; i < n; i++) {
		const struct partition *p = stream_partition(s, i);
		int64_t first = get(p->first), end = get(p->end), position = get(p->position);

		if (end <= first)
			continue;
		total += end - first;
		if (get(p->caught_up) || position > end)
			done += end - first;
		else if (position > first)
			done += position - first;
	}
	return total ? (double)done / (double)total : 0;
}

void
stream_set_error(struct stream *s, const char *text)
{
	pthread_mutex_lock(&s->error_lock);
	snprintf(s->last_error, sizeof(s->last_error), "%s", text);
	s->last_error_ms = clock_wall_ns() / NS_PER_MS;
	pthread_mutex_unlock(&s->error_lock);
}

void
stream_status_read(const struct stream *s, struct stream_status *out)
{
	struct stream *mutable = (struct stream *)(uintptr_t)s; /* its locks */

	memset(out, 0, sizeof(*out));
	out->state = (enum stream_state)get(s->state);
	out->embedded = s->embedded != NULL;
	out->caught_up = get(s->caught_up);
	out->loaded = get(s->loaded);
	out->loaded_records = get(s->loaded_records);
	out->loaded_age_ms = get(s->loaded_age_ms);
	out->journal_bytes = s->journal ? journal_bytes(s->journal) : 0;
	snprintf(out->brokers, sizeof(out->brokers), "%s", s->brokers);
	snprintf(out->topic, sizeof(out->topic), "%s", s->topic);
	pthread_mutex_lock(&mutable->error_lock);
	memcpy(out->last_error, s->last_error, sizeof(out->last_error));
	out->last_error_ms = s->last_error_ms;
	pthread_mutex_unlock(&mutable->error_lock);
	out->quarantined = quarantine_total(&mutable->quarantine);
	out->last_input_ms = get(s->last_input_ms);
	out->partitions = count(s);
	out->records = get(s->records);
	out->bytes = get(s->bytes);
	out->skipped = get(s->skipped);
	out->rescans = get(s->rescans);
	out->outages = get(s->outages);
	out->lag = stream_lag(s);
	out->held_back = get(s->held_back);
	out->progress = stream_progress(s);
}

void
stream_partition_read(const struct stream *s, uint32_t i, struct stream_partition_status *out)
{
	const struct partition *p;

	must(i < count(s));
	p = stream_partition(s, i);
	out->first = get(p->first);
	out->position = get(p->position);
	out->end = get(p->end);
	out->lag = out->end > out->position ? out->end - out->position : 0;
	out->held_back = get(p->held_back);
	out->caught_up = get(p->caught_up);
}

uint32_t
stream_quarantine_read(const struct stream *s, struct stream_quarantined *out, uint32_t max)
{
	return quarantine_read(&((struct stream *)(uintptr_t)s)->quarantine, out, max);
}

static void
draw_bar(struct stream *s, double share)
{
	char bar[41];
	int full = (int)(share * 40);

	for (int i = 0; i < 40; i++)
		bar[i] = i < full ? '#' : '.';
	bar[40] = '\0';
	fprintf(stderr, "\rreading %s [%s] %3d %% %llu records ", s->topic, bar,
	    (int)(share * 100), (unsigned long long)get(s->records));
	s->progress.drawn = true;
}

void
progress_show(struct stream *s, uint64_t now_ns, bool done)
{
	double share = done ? 1 : stream_progress(s);

	if (!done && now_ns < s->progress.next_ns)
		return;
	s->progress.next_ns = now_ns + (s->progress.bar ? NS_PER_S / 10 : NS_PER_S);
	if (s->progress.bar) {
		draw_bar(s, share);
		if (done)
			fputc('\n', stderr);
	} else if (!done) {
		log_info("reading the cluster's state", f_str("topic", s->topic),
		    f_u64("percent", (uint64_t)(share * 100)),
		    f_u64("records", get(s->records)));
	}
}
