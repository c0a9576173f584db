/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/outbox.h"

#include "feed/counts.h"

#include <stdlib.h>
#include <string.h>

void
outbox_init(struct outbox *o)
{
	memset(o, 0, sizeof(*o));
	pthread_mutex_init(&o->lock, NULL);
	o->last = &o->first;
	waker_init(&o->news);
	waker_init(&o->room);
}

static size_t
size_of(const struct outbox_record *r)
{
	return sizeof(*r) + r->key_len + 1 + r->value_len;
}

static void
free_list(struct outbox_record *r)
{
	while (r) {
		struct outbox_record *next = r->next;

		free(r);
		r = next;
	}
}

void
outbox_fini(struct outbox *o)
{
	free_list(o->first);
	waker_fini(&o->news);
	waker_fini(&o->room);
	pthread_mutex_destroy(&o->lock);
	memset(o, 0, sizeof(*o));
}

/* With the lock. */
static void
show(const struct outbox *o)
{
	counts_set(COUNT_QUEUED, (int64_t)o->records);
	counts_set(COUNT_QUEUED_BYTES, (int64_t)o->bytes);
}

void
outbox_put(struct outbox *o, const char *key, const void *value, size_t value_len,
    uint64_t epoch, uint64_t version)
{
	size_t key_len = strlen(key);
	struct outbox_record *r = must_alloc(sizeof(*r) + key_len + 1 + value_len);

	must(value_len <= UINT32_MAX);
	*r = (struct outbox_record){.epoch = epoch,
	    .version = version,
	    .key_len = (uint32_t)key_len,
	    .value_len = (uint32_t)value_len,
	    .tombstone = value == NULL};
	memcpy(r->bytes, key, key_len + 1);
	if (value_len > 0)
		memcpy(r->bytes + key_len + 1, value, value_len);
	pthread_mutex_lock(&o->lock);
	*o->last = r;
	o->last = &r->next;
	o->records++;
	o->n_put++;
	o->bytes += size_of(r);
	if (o->bytes >= OUTBOX_FULL_BYTES)
		o->full = true;
	show(o);
	pthread_mutex_unlock(&o->lock);
	waker_wake(&o->news);
}

bool
outbox_is_full(struct outbox *o)
{
	pthread_mutex_lock(&o->lock);
	bool full = o->full;

	pthread_mutex_unlock(&o->lock);
	return full;
}

uint64_t
outbox_put_count(struct outbox *o)
{
	pthread_mutex_lock(&o->lock);
	uint64_t n = o->n_put;

	pthread_mutex_unlock(&o->lock);
	return n;
}

uint64_t
outbox_done_count(struct outbox *o)
{
	pthread_mutex_lock(&o->lock);
	uint64_t n = o->n_done;

	pthread_mutex_unlock(&o->lock);
	return n;
}

bool
outbox_is_empty(struct outbox *o)
{
	pthread_mutex_lock(&o->lock);
	bool empty = o->records == 0;

	pthread_mutex_unlock(&o->lock);
	return empty;
}

void
outbox_take(struct outbox *o, size_t max, size_t max_bytes, struct outbox_batch *out)
{
	struct outbox_record **end = &out->first;

	memset(out, 0, sizeof(*out));
	pthread_mutex_lock(&o->lock);
	out->first = o->first;
	while (*end && out->n < max && out->bytes < max_bytes) {
		out->n++;
		out->bytes += size_of(*end);
		end = &(*end)->next;
	}
	o->first = *end;
	*end = NULL;
	if (!o->first)
		o->last = &o->first;
	pthread_mutex_unlock(&o->lock);
}

void
outbox_done(struct outbox *o, struct outbox_batch *batch)
{
	free_list(batch->first);
	pthread_mutex_lock(&o->lock);
	o->records -= batch->n;
	o->n_done += batch->n;
	o->bytes -= batch->bytes;
	if (o->bytes <= OUTBOX_ROOM_BYTES)
		o->full = false;
	show(o);
	pthread_mutex_unlock(&o->lock);
	memset(batch, 0, sizeof(*batch));
	waker_wake(&o->room);
}
