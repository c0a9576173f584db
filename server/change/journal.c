/* SPDX-License-Identifier: Apache-2.0 */
/* The file: frames, appending, loading. Rewriting is in journal_rewrite.c. */
#include "change/journal_private.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/metric.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- frames ---- */

static void *
room(struct journal_batch *b, size_t n)
{
	if (b->len + n > b->cap) {
		b->cap = 2 * (b->len + n);
		b->at = must_realloc(b->at, b->cap);
	}
	b->len += n;
	return b->at + b->len - n;
}

uint64_t
journal_hash(const struct frame *f)
{
	return hash_two(f->size ^ (uint64_t)f->kind << 32, hash_bytes(f + 1, f->size));
}

void
journal_frame(struct journal_batch *b, enum frame_kind kind, const void *fixed, size_t n_fixed,
    const void *one, size_t n_one, const void *two, size_t n_two)
{
	size_t payload = n_fixed + n_one + n_two, padded = (payload + 7) & ~(size_t)7;
	struct frame *f = room(b, sizeof(*f) + padded);
	uint8_t *at = (uint8_t *)(f + 1);

	memset(f, 0, sizeof(*f) + padded);
	f->size = (uint32_t)padded;
	f->kind = kind;
	memcpy(at, fixed, n_fixed);
	if (n_one)
		memcpy(at + n_fixed, one, n_one);
	if (n_two)
		memcpy(at + n_fixed + n_one, two, n_two);
	f->hash = journal_hash(f);
}

void
journal_put(struct journal_batch *b, const struct record *r)
{
	struct frame_record fixed = {.partition = r->partition,
	    .key_len = (uint32_t)r->key_len,
	    .value_len = r->value ? (uint32_t)r->value_len : FRAME_TOMBSTONE,
	    .offset = r->offset,
	    .ms = r->ms,
	    .epoch = r->epoch,
	    .rv = r->rv};

	journal_frame(b, FRAME_RECORD, &fixed, sizeof(fixed), r->key, r->key_len, r->value,
	    r->value ? r->value_len : 0);
}

void
journal_put_scan(struct journal_batch *b, int32_t partition, bool begin)
{
	struct frame_scan fixed = {.partition = partition};

	journal_frame(b, begin ? FRAME_SCAN_BEGIN : FRAME_SCAN_END, &fixed, sizeof(fixed), NULL,
	    0, NULL, 0);
}

const struct frame *
journal_next(const uint8_t *at, size_t left)
{
	const struct frame *f = (const struct frame *)(const void *)at;

	if (left < sizeof(*f) || f->size > left - sizeof(*f) || f->size % 8 ||
	    f->kind >= FRAME_KINDS || f->hash != journal_hash(f))
		return NULL;
	return f;
}

static bool
is_partition(int32_t partition)
{
	return partition >= 0 && partition < JOURNAL_PARTITIONS_MAX;
}

bool
journal_record(const struct frame *f, struct record *r)
{
	const struct frame_record *fixed = (const void *)(f + 1);
	size_t value_len;

	if (f->size < sizeof(*fixed))
		return false;
	value_len = fixed->value_len == FRAME_TOMBSTONE ? 0 : fixed->value_len;
	if (fixed->key_len > f->size - sizeof(*fixed) ||
	    value_len > f->size - sizeof(*fixed) - fixed->key_len ||
	    !is_partition(fixed->partition))
		return false;
	*r = (struct record){.key = fixed + 1,
	    .key_len = fixed->key_len,
	    .value = fixed->value_len == FRAME_TOMBSTONE
	                 ? NULL
	                 : (const uint8_t *)(fixed + 1) + fixed->key_len,
	    .value_len = value_len,
	    .partition = fixed->partition,
	    .offset = fixed->offset,
	    .ms = fixed->ms,
	    .epoch = fixed->epoch,
	    .rv = fixed->rv};
	return r->partition >= 0 && r->partition < JOURNAL_PARTITIONS_MAX;
}

/* ---- life ---- */

struct journal *
journal_new(const char *path, const char *topic)
{
	struct journal *j = must_calloc(1, sizeof(*j));

	j->path = must_strdup(path);
	j->topic = must_strdup(topic);
	j->fd = -1;
	pthread_mutex_init(&j->lock, NULL);
	return j;
}

void
journal_free(struct journal *j)
{
	if (!j)
		return;
	if (j->fd >= 0)
		close(j->fd);
	pthread_mutex_destroy(&j->lock);
	free(j->positions);
	free(j->path);
	free(j->topic);
	free(j);
}

void
journal_batch_fini(struct journal_batch *b)
{
	free(b->at);
}

/* It stays as it is; its beginning is a state that once was. */
static void
give_up(struct journal *j, const char *what)
{
	log_error(
	    "the local snapshot cannot be written any more: it stays as it was, and a restart reads "
	    "more from kafka. Make room or mend state_dir, then restart this replica",
	    f_str("file", j->path), f_str("what", what), f_str("error", strerror(errno)));
	metric_inc(METRIC_JOURNAL_FAILURES);
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
	atomic_store_explicit(&j->bytes, 0, memory_order_relaxed);
}

bool
journal_write(struct journal *j, const void *at, size_t n)
{
	if (j->fd < 0)
		return false;
	if (!file_write(j->fd, at, n)) {
		give_up(j, "append");
		return false;
	}
	atomic_fetch_add_explicit(&j->bytes, n, memory_order_relaxed);
	return true;
}

void
journal_append(struct journal *j, struct journal_batch *b)
{
	if (j && b->len) {
		pthread_mutex_lock(&j->lock);
		(void)journal_write(j, b->at, b->len);
		pthread_mutex_unlock(&j->lock);
	}
	b->len = 0;
}

uint64_t
journal_bytes(const struct journal *j)
{
	return atomic_load_explicit(&j->bytes, memory_order_relaxed);
}

/* ---- loading ---- */

static struct journal_position *
position_of(struct journal *j, int32_t partition)
{
	uint32_t i = (uint32_t)partition;

	if (i >= j->n_positions) {
		j->positions =
		    must_realloc(j->positions, (i + 1) * sizeof(struct journal_position));
		while (j->n_positions <= i)
			j->positions[j->n_positions++] =
			    (struct journal_position){.offset = -1, .ms = -1};
	}
	return &j->positions[i];
}

void
journal_note(struct journal *j, int32_t partition, int64_t offset, int64_t ms)
{
	struct journal_position *p = position_of(j, partition);

	p->offset = offset;
	p->ms = ms;
}

struct journal_position
journal_position(const struct journal *j, uint32_t partition)
{
	return partition < j->n_positions ? j->positions[partition]
	                                  : (struct journal_position){.offset = -1, .ms = -1};
}

const char *
journal_cluster(const struct journal *j)
{
	return j->cluster;
}

bool
journal_scan(const struct frame *f, struct frame_scan *out)
{
	if ((f->kind != FRAME_SCAN_BEGIN && f->kind != FRAME_SCAN_END) ||
	    f->size < sizeof(*out))
		return false;
	memcpy(out, f + 1, sizeof(*out));
	return is_partition(out->partition);
}

bool
journal_place(const struct frame *f, struct frame_position *out)
{
	if (f->kind != FRAME_POSITION || f->size < sizeof(*out))
		return false;
	memcpy(out, f + 1, sizeof(*out));
	return is_partition(out->partition);
}

static void
take_record(struct journal *j, const struct frame *f, const struct journal_reader *reader,
    uint64_t *records)
{
	struct record r;

	if (!journal_record(f, &r))
		return;
	journal_note(j, r.partition, r.offset, r.ms);
	reader->record(reader->ctx, &r);
	++*records;
}

static void
take_frame(struct journal *j, const struct frame *f, const struct journal_reader *reader,
    uint64_t *records)
{
	const void *fixed = f + 1;
	struct frame_position position;
	struct frame_scan scan;

	switch ((enum frame_kind)f->kind) {
	case FRAME_RECORD:
		take_record(j, f, reader, records);
		break;
	case FRAME_SCAN_BEGIN:
	case FRAME_SCAN_END:
		if (!journal_scan(f, &scan))
			break;
		position_of(j, scan.partition)->scanning = f->kind == FRAME_SCAN_BEGIN;
		reader->scan(reader->ctx, scan.partition, f->kind == FRAME_SCAN_BEGIN);
		break;
	case FRAME_POSITION:
		if (journal_place(f, &position))
			journal_note(j, position.partition, position.offset, position.ms);
		break;
	case FRAME_CLUSTER:
		snprintf(
		    j->cluster, sizeof(j->cluster), "%.*s", (int)f->size, (const char *)fixed);
		break;
	case FRAME_TOPIC:
	case FRAME_KINDS:
		break;
	}
}

/* The first frame names the topic; what it is instead, or NULL. */
static const char *
what_else(const struct journal *j, const uint8_t *at, size_t n)
{
	const struct frame *f;

	if (n < JOURNAL_HEAD_BYTES || memcmp(at, JOURNAL_HEAD, JOURNAL_HEAD_BYTES) != 0)
		return "it is not a journal of this version";
	f = journal_next(at + JOURNAL_HEAD_BYTES, n - JOURNAL_HEAD_BYTES);
	if (!f || f->kind != FRAME_TOPIC)
		return "its beginning is damaged";
	if (strncmp((const char *)(f + 1), j->topic, f->size) != 0 ||
	    strlen(j->topic) > f->size)
		return "it is of another topic";
	return NULL;
}

/* All sound frames; returns where they end. */
static size_t
read_frames(struct journal *j, const uint8_t *at, size_t n, const struct journal_reader *reader,
    uint64_t *records)
{
	size_t done = JOURNAL_HEAD_BYTES;
	const struct frame *f;

	while ((f = journal_next(at + done, n - done)) != NULL) {
		take_frame(j, f, reader, records);
		done += sizeof(*f) + f->size;
	}
	return done;
}

static void
set_aside(struct journal *j, const char *what)
{
	char bad[4200];

	snprintf(bad, sizeof(bad), "%s.bad", j->path);
	log_warn("the local snapshot is not used: the topic is read from its beginning",
	    f_str("file", j->path), f_str("because", what), f_str("kept_as", bad));
	metric_inc(METRIC_JOURNAL_REFUSED);
	(void)!rename(j->path, bad);
}

static void
begin_empty(struct journal *j)
{
	struct journal_batch b = {.at = NULL};

	j->fd = open(j->path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (j->fd < 0) {
		give_up(j, "create");
		return;
	}
	memcpy(room(&b, JOURNAL_HEAD_BYTES), JOURNAL_HEAD, JOURNAL_HEAD_BYTES);
	journal_frame(&b, FRAME_TOPIC, j->topic, strlen(j->topic), NULL, 0, NULL, 0);
	journal_append(j, &b);
	journal_batch_fini(&b);
	j->rewritten_bytes = 0;
}

/* Maps the file as it is. NULL: there is none, or it cannot be read (what: said why). */
static const uint8_t *
map_file(const struct journal *j, size_t *n, uint64_t *age_ns, const char **what)
{
	int fd = open(j->path, O_RDONLY | O_CLOEXEC);
	void *at = MAP_FAILED;
	struct stat st;

	*what = NULL;
	if (fd < 0) {
		if (errno != ENOENT)
			*what = strerror(errno);
		return NULL;
	}
	if (fstat(fd, &st) == 0 && st.st_size > 0) {
		uint64_t written =
		    (uint64_t)st.st_mtim.tv_sec * NS_PER_S + (uint64_t)st.st_mtim.tv_nsec;
		uint64_t now = clock_wall_ns();

		*n = (size_t)st.st_size;
		*age_ns = now > written ? now - written : 0;
		at = mmap(NULL, *n, PROT_READ, MAP_PRIVATE, fd, 0);
	}
	if (at == MAP_FAILED)
		*what = "it is empty or cannot be mapped";
	close(fd);
	return at == MAP_FAILED ? NULL : at;
}

/* Go on behind what is sound. */
static void
go_on(struct journal *j, size_t sound, size_t n)
{
	j->fd = open(j->path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (j->fd < 0 || (sound < n && ftruncate(j->fd, (off_t)sound) != 0)) {
		give_up(j, "go on");
		return;
	}
	if (sound < n)
		log_warn(
		    "the local snapshot ended in the middle of a record, as after a crash; it is used "
		    "up to there",
		    f_str("file", j->path), f_u64("sound_bytes", sound), f_u64("bytes", n));
	atomic_store_explicit(&j->bytes, sound, memory_order_relaxed);
	j->rewritten_bytes = sound / 2; /* it may have grown to twice before */
}

uint64_t
journal_load(struct journal *j, const struct journal_reader *reader, uint64_t *age_ns)
{
	uint64_t records = 0;
	const char *what;
	size_t n = 0;
	const uint8_t *at = map_file(j, &n, age_ns, &what);

	if (at && (what = what_else(j, at, n)) == NULL)
		go_on(j, read_frames(j, at, n, reader, &records), n);
	if (what)
		set_aside(j, what);
	if (at)
		munmap((void *)(uintptr_t)at, n);
	if (!at || what)
		begin_empty(j);
	return records;
}

void
journal_set_cluster(struct journal *j, const char *id)
{
	struct journal_batch b = {.at = NULL};

	if (strcmp(id, j->cluster) == 0)
		return;
	snprintf(j->cluster, sizeof(j->cluster), "%s", id);
	journal_frame(&b, FRAME_CLUSTER, id, strlen(id), NULL, 0, NULL, 0);
	journal_append(j, &b);
	journal_batch_fini(&b);
}
