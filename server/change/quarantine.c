/* SPDX-License-Identifier: Apache-2.0 */
#include "change/quarantine.h"

#include "core/clock.h"
#include "core/hash.h"

#include <string.h>

void
quarantine_init(struct quarantine *q)
{
	memset(q, 0, sizeof(*q));
	pthread_mutex_init(&q->lock, NULL);
}

void
quarantine_fini(struct quarantine *q)
{
	pthread_mutex_destroy(&q->lock);
}

static bool
first_of_key(struct quarantine *q, const struct record *r)
{
	uint64_t hash = hash_bytes(r->key ? r->key : "", r->key ? r->key_len : 0) | 1;
	uint32_t slots = COUNT_OF(q->logged), i;

	if (q->n_logged == QUARANTINE_KEYS) {
		memset(q->logged, 0, sizeof(q->logged));
		q->n_logged = 0;
	}
	for (i = (uint32_t)(hash >> 32) % slots; q->logged[i]; i = (i + 1) % slots) {
		if (q->logged[i] == hash)
			return false;
	}
	q->logged[i] = hash;
	q->n_logged++;
	return true;
}

static void
copy_key(char *to, size_t size, const struct record *r)
{
	const unsigned char *key = r->key;
	size_t n = key ? r->key_len : 0;

	if (n >= size)
		n = size - 1;
	for (size_t i = 0; i < n; i++)
		to[i] = key[i] > ' ' && key[i] < 0x7f ? (char)key[i] : '?';
	to[n] = '\0';
}

bool
quarantine_add(struct quarantine *q, const struct record *r, const struct decode_error *why,
    struct stream_quarantined *noted)
{
	bool first;

	copy_key(noted->key, sizeof(noted->key), r);
	memcpy(noted->reason, why->text, sizeof(noted->reason));
	noted->partition = r->partition;
	noted->offset = r->offset;
	noted->wall_ms = clock_wall_ns() / NS_PER_MS;
	pthread_mutex_lock(&q->lock);
	q->latest[q->total++ % STREAM_QUARANTINE_SHOWN] = *noted;
	first = first_of_key(q, r);
	pthread_mutex_unlock(&q->lock);
	return first;
}

uint32_t
quarantine_read(struct quarantine *q, struct stream_quarantined *out, uint32_t max)
{
	uint32_t n = 0;

	pthread_mutex_lock(&q->lock);
	for (; n < max && n < STREAM_QUARANTINE_SHOWN && n < q->total; n++)
		out[n] = q->latest[(q->total - 1 - n) % STREAM_QUARANTINE_SHOWN];
	pthread_mutex_unlock(&q->lock);
	return n;
}

uint64_t
quarantine_total(struct quarantine *q)
{
	uint64_t total;

	pthread_mutex_lock(&q->lock);
	total = q->total;
	pthread_mutex_unlock(&q->lock);
	return total;
}
