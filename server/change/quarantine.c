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
quarantine_add(struct quarantine *q, const struct record *r, const struct decode_error *why)
{
	struct stream_quarantined *to;

	pthread_mutex_lock(&q->lock);
	to = &q->latest[q->total++ % STREAM_QUARANTINE_SHOWN];
	copy_key(to->key, sizeof(to->key), r);
	memcpy(to->reason, why->text, sizeof(to->reason));
	to->partition = r->partition;
	to->offset = r->offset;
	to->wall_ms = clock_wall_ns() / NS_PER_MS;
	pthread_mutex_unlock(&q->lock);
	return first_of_key(q, r);
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
