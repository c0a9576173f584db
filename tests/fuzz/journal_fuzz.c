/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: a local snapshot whose frames have sound checksums and anything inside, then any bytes. The first byte of a
 * frame is its kind, the next its length in eights. What is loaded is read byte by byte (ASan), and after rewriting
 * the file holds no record that it did not have.
 */
#include "change/journal_private.h"
#include "core/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[64], bad[80];

static void
make_paths(void)
{
	char dir[] = "/dev/shm/helio-fuzz-XXXXXX";

	if (path[0])
		return;
	must(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/journal", dir);
	snprintf(bad, sizeof(bad), "%s.bad", path);
	log_set(LOG_ERROR + 1, LOG_LOGFMT);
}

struct heard {
	uint64_t records, sum;
};

static void
on_record(void *ctx, const struct record *r)
{
	struct heard *h = ctx;

	h->records++;
	for (size_t i = 0; i < r->key_len; i++)
		h->sum += ((const uint8_t *)r->key)[i];
	for (size_t i = 0; r->value && i < r->value_len; i++)
		h->sum += ((const uint8_t *)r->value)[i];
}

static void
on_scan(void *ctx, int32_t partition, bool begin)
{
	(void)ctx;
	must(partition >= 0 && partition <= JOURNAL_PARTITIONS_MAX);
	(void)begin;
}

static struct journal *
load(struct heard *h)
{
	const struct journal_reader reader = {h, on_record, on_scan};
	struct journal *j = journal_new(path, "t");
	uint64_t age;

	*h = (struct heard){0};
	must(journal_load(j, &reader, &age) == h->records);
	return j;
}

static void
write_frames(const uint8_t *data, size_t size)
{
	struct journal_batch b = {.at = NULL};
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);

	must(fd >= 0);
	must(write(fd, JOURNAL_HEAD, JOURNAL_HEAD_BYTES) == JOURNAL_HEAD_BYTES);
	journal_frame(&b, FRAME_TOPIC, "t", 2, NULL, 0, NULL, 0);
	while (size >= 2) {
		size_t n = (size_t)data[1] % 32 * 8;

		if (n > size - 2)
			break;
		journal_frame(&b, (enum frame_kind)(data[0] % (FRAME_KINDS + 1)), data + 2, n,
		    NULL, 0, NULL, 0);
		data += 2 + n;
		size -= 2 + n;
	}
	must(write(fd, b.at, b.len) == (ssize_t)b.len);
	must(write(fd, data, size) == (ssize_t)size);
	close(fd);
	journal_batch_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct heard first, second;
	struct journal *j;

	make_paths();
	write_frames(data, size);
	j = load(&first);
	journal_rewrite(j);
	journal_free(j);
	journal_free(load(&second));
	must(second.records <= first.records);
	unlink(path);
	unlink(bad);
	return 0;
}
