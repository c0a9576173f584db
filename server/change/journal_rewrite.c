/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rewriting the journal: the newest record of each key, in the order in which they came, without what is deleted or was not met
 * again by a later scan of its partition; then where each partition had come to. Others append meanwhile: what
 * they have appended is copied behind it, under the lock, before the new file takes the old one's place.
 */
#include "change/journal_private.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEAST_BYTES   ((uint64_t)16 << 20) /* of growth: a smaller file is left alone */
#define STILL_NS      (10 * NS_PER_S)      /* who has much to read has no time for it */
#define TOUCH_NS      (60 * NS_PER_S)
#define PIECE_BYTES   ((size_t)1 << 20)
#define POSITION_NONE SIZE_MAX

/* What the first pass learns. */
struct rewriting {
	const uint8_t *at;
	size_t n;
	size_t
	    sound; /* bytes of it, as the first pass has found: the others do not check again */
	size_t *newest; /* open addressing: where the newest record of a key begins */
	size_t slots;   /* a power of two */
	struct scanned {
		size_t begun, complete; /* where the last scan that ended had begun */
	} * scans;
	uint32_t n_scans;
	struct journal positions; /* only its positions */
	struct journal_batch out;
	int fd;
	bool failed;
};

static struct scanned *
scan_of(struct rewriting *w, int32_t partition)
{
	uint32_t i = (uint32_t)partition;

	if (i >= w->n_scans) {
		w->scans = must_realloc(w->scans, (i + 1) * sizeof(*w->scans));
		while (w->n_scans <= i)
			w->scans[w->n_scans++] = (struct scanned){0, 0};
	}
	return &w->scans[i];
}

/* The slot of the record's key: the one that has it, or the free one where it belongs. */
static size_t *
slot_of(struct rewriting *w, const struct record *r)
{
	size_t i = hash_bytes(r->key, r->key_len) & (w->slots - 1);

	for (;; i = (i + 1) & (w->slots - 1)) {
		struct record other;

		if (w->newest[i] == POSITION_NONE)
			return &w->newest[i];
		(void)!journal_record(
		    (const struct frame *)(const void *)(w->at + w->newest[i]), &other);
		if (other.key_len == r->key_len && memcmp(other.key, r->key, r->key_len) == 0)
			return &w->newest[i];
	}
}

/* The first pass: where the sound frames end, and how many records there are. */
static size_t
count_records(struct rewriting *w)
{
	const struct frame *f;
	size_t records = 0;

	w->sound = JOURNAL_HEAD_BYTES;
	while ((f = journal_next(w->at + w->sound, w->n - w->sound)) != NULL) {
		records += f->kind == FRAME_RECORD;
		w->sound += sizeof(*f) + f->size;
	}
	return records;
}

static void
each_frame(struct rewriting *w,
    void (*fn)(struct rewriting *w, const struct frame *f, size_t position))
{
	for (size_t at = JOURNAL_HEAD_BYTES; at < w->sound;) {
		const struct frame *f = (const struct frame *)(const void *)(w->at + at);

		fn(w, f, at);
		at += sizeof(*f) + f->size;
	}
}

static void
learn(struct rewriting *w, const struct frame *f, size_t position)
{
	struct frame_scan scan;
	struct frame_position at;
	struct record r;

	if (f->kind == FRAME_RECORD && journal_record(f, &r)) {
		*slot_of(w, &r) = position;
		journal_note(&w->positions, r.partition, r.offset, r.ms);
	} else if (journal_place(f, &at)) {
		journal_note(&w->positions, at.partition, at.offset, at.ms);
	} else if (journal_scan(f, &scan)) {
		if (f->kind == FRAME_SCAN_BEGIN)
			scan_of(w, scan.partition)->begun = position;
		else
			scan_of(w, scan.partition)->complete =
			    scan_of(w, scan.partition)->begun;
	}
}

static void
flush(struct rewriting *w)
{
	w->failed = w->failed || !file_write(w->fd, w->out.at, w->out.len);
	w->out.len = 0;
}

static void
copy_bytes(struct rewriting *w, const void *at, size_t n)
{
	if (w->out.len + n > w->out.cap) {
		w->out.cap = 2 * (w->out.len + n);
		w->out.at = must_realloc(w->out.at, w->out.cap);
	}
	memcpy(w->out.at + w->out.len, at, n);
	w->out.len += n;
	if (w->out.len >= PIECE_BYTES)
		flush(w);
}

/* A scan that has begun and not ended stays begun. */
static bool
is_kept(struct rewriting *w, const struct frame *f, size_t position)
{
	struct frame_scan scan;
	struct record r;

	switch ((enum frame_kind)f->kind) {
	case FRAME_TOPIC:
	case FRAME_CLUSTER:
		return true;
	case FRAME_RECORD:
		return journal_record(f, &r) && r.value && *slot_of(w, &r) == position &&
		       position >= scan_of(w, r.partition)->complete;
	case FRAME_SCAN_BEGIN:
		return journal_scan(f, &scan) &&
		       scan_of(w, scan.partition)->begun == position &&
		       scan_of(w, scan.partition)->complete != position;
	default:
		return false;
	}
}

static void
keep(struct rewriting *w, const struct frame *f, size_t position)
{
	if (is_kept(w, f, position))
		copy_bytes(w, f, sizeof(*f) + f->size);
}

static void
put_positions(struct rewriting *w)
{
	struct journal_batch b = {.at = NULL};

	for (uint32_t i = 0; i < w->positions.n_positions; i++) {
		struct frame_position at = {.partition = (int32_t)i,
		    .offset = w->positions.positions[i].offset,
		    .ms = w->positions.positions[i].ms};

		if (at.offset >= 0)
			journal_frame(&b, FRAME_POSITION, &at, sizeof(at), NULL, 0, NULL, 0);
	}
	if (b.len)
		copy_bytes(w, b.at, b.len);
	journal_batch_fini(&b);
}

/* Both passes over the first n bytes of the file, into fd. */
static bool
rewrite_beginning(struct rewriting *w, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, w->n, PROT_READ, MAP_PRIVATE, fd, 0);
	size_t records;

	if (fd >= 0)
		close(fd);
	if (at == MAP_FAILED)
		return false;
	w->at = at;
	records = count_records(w);
	for (w->slots = 64; w->slots < 2 * records;)
		w->slots *= 2;
	w->newest = must_alloc(w->slots * sizeof(*w->newest));
	memset(w->newest, 0xff, w->slots * sizeof(*w->newest));
	each_frame(w, learn);
	copy_bytes(w, JOURNAL_HEAD, JOURNAL_HEAD_BYTES);
	each_frame(w, keep);
	put_positions(w);
	flush(w);
	munmap(at, w->n);
	return !w->failed;
}

/* Under the lock: what was appended meanwhile, behind it. */
static bool
copy_tail(struct rewriting *w, const char *path, size_t end)
{
	uint8_t *piece = must_alloc(PIECE_BYTES);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	w->failed = w->failed || fd < 0;
	for (size_t done = w->n; done < end && !w->failed;) {
		size_t want = end - done < PIECE_BYTES ? end - done : PIECE_BYTES;
		ssize_t k = pread(fd, piece, want, (off_t)done);

		if (k <= 0) {
			w->failed = true;
			break;
		}
		copy_bytes(w, piece, (size_t)k);
		done += (size_t)k;
	}
	flush(w);
	if (fd >= 0)
		close(fd);
	free(piece);
	return !w->failed;
}

/* The new file takes the old one's place. */
static bool
take_place(struct journal *j, struct rewriting *w, char *why, size_t size)
{
	struct stat st;
	int fd;

	if (fstat(w->fd, &st) != 0 || !file_finish(w->fd, j->path, why, size)) {
		w->fd = -1;
		return false;
	}
	w->fd = -1;
	fd = open(j->path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return false;
	close(j->fd);
	j->fd = fd;
	j->rewritten_bytes = (uint64_t)st.st_size;
	atomic_store_explicit(&j->bytes, (uint64_t)st.st_size, memory_order_relaxed);
	return true;
}

void
journal_rewrite(struct journal *j)
{
	uint64_t start = clock_mono_ns(), before = journal_bytes(j);
	struct rewriting w = {.n = before};
	char why[512] = "";
	bool good;

	w.fd = file_begin(j->path, why, sizeof(why));
	good = w.fd >= 0 && rewrite_beginning(&w, j->path) &&
	       fsync(w.fd) == 0; /* most of it, before others wait */
	pthread_mutex_lock(&j->lock);
	good = good && j->fd >= 0 && copy_tail(&w, j->path, journal_bytes(j)) &&
	       take_place(j, &w, why, sizeof(why));
	pthread_mutex_unlock(&j->lock);
	if (w.fd >= 0)
		close(w.fd);
	if (good)
		log_debug("the local snapshot was rewritten", f_str("file", j->path),
		    f_u64("bytes", journal_bytes(j)), f_u64("before", before),
		    f_u64("ms", (clock_mono_ns() - start) / NS_PER_MS));
	else
		log_warn("the local snapshot could not be rewritten; it grows on",
		    f_str("file", j->path), f_str("error", *why ? why : strerror(errno)));
	if (!good)
		j->rewritten_bytes = before; /* not again at once */
	free(w.newest);
	free(w.scans);
	free(w.positions.positions);
	journal_batch_fini(&w.out);
}

/* Twice as large, in a quiet moment; four times, now. */
static bool
is_due(struct journal *j, uint64_t bytes, uint64_t now)
{
	if (bytes != j->looked_bytes) {
		j->looked_bytes = bytes;
		j->still_ns = now;
	}
	if (bytes < LEAST_BYTES + 2 * j->rewritten_bytes)
		return false;
	return now - j->still_ns >= STILL_NS || bytes > 4 * (LEAST_BYTES + j->rewritten_bytes);
}

void
journal_tend(struct journal *j)
{
	uint64_t bytes = journal_bytes(j), now = clock_mono_ns();

	if (is_due(j, bytes, now))
		journal_rewrite(j);
	if (bytes == 0 || now < j->touched_ns + TOUCH_NS)
		return;
	j->touched_ns = now;
	pthread_mutex_lock(&j->lock);
	if (j->fd >= 0)
		(void)!futimens(j->fd, NULL);
	pthread_mutex_unlock(&j->lock);
}
