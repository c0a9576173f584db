/* SPDX-License-Identifier: Apache-2.0 */
#include "rib/kept_holds.h"

#include "core/clock.h"
#include "core/file.h"
#include "core/hash.h"
#include "rib/guard.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAGIC "HELIOHLD"

/* The file: this, the next hops, the attributes, the holds; as they are in memory, for this machine and version alone. */
struct head {
	char magic[8];
	uint64_t checksum; /* of everything behind it */
	uint32_t size_nexthop, size_attrs, size_hold;
	uint32_t n_nexthops, n_attrs, n;
};

void
kept_holds_fini(struct kept_holds *k)
{
	free(k->nexthops);
	free(k->attrs);
	free(k->at);
	*k = (struct kept_holds){.n = 0};
}

/* ---- taking ---- */

/* Indices of names to those of the array that keeps what they stand for. */
struct compact {
	uint32_t *to;
	uint32_t n;
};

static uint32_t
compact_index(struct compact *c, uint32_t name)
{
	if (c->to[name] == UINT32_MAX)
		c->to[name] = c->n++;
	return c->to[name];
}

static void
compact_init(struct compact *c, uint32_t names)
{
	c->n = 0;
	c->to = must_alloc(names * sizeof(*c->to) + 1);
	memset(c->to, 0xff, names * sizeof(*c->to));
}

static bool
ends_by_itself(const struct hold *h)
{
	return h->until_ns != NS_NEVER && !h->approved;
}

static void
take_one(struct kept_hold *out, const struct names *names, const struct hold *h,
    bool everywhere, uint64_t wall_ns, uint64_t now_ns)
{
	memset(out, 0, sizeof(*out)); /* its padding goes to the file */
	out->prefix = *prefix_at(names, h->prefix);
	out->prefix_class = h->prefix_class;
	out->reason = h->reason;
	out->everywhere = everywhere;
	out->approved = h->approved;
	out->since_ms = (wall_ns - (now_ns - h->since_ns)) / NS_PER_MS;
}

void
kept_holds_take(
    struct kept_holds *out, const struct breaker *b, uint64_t now_ns, uint64_t wall_ns)
{
	const struct names *names = b->table->names;
	const struct holds *holds = &b->holds;
	struct compact nexthops, attrs;

	compact_init(&nexthops, nexthop_bound(names));
	compact_init(&attrs, attrs_bound(names));
	*out = (struct kept_holds){.at = must_calloc(holds->n + 1, sizeof(*out->at)),
	    .nexthops = must_calloc(nexthop_bound(names) + 1, sizeof(*out->nexthops)),
	    .attrs = must_calloc(attrs_bound(names) + 1, sizeof(*out->attrs))};
	for (uint32_t p = 0; p < holds->cap_first; p++) {
		const struct pathset *s = table_get_own(b->table, p);

		for (uint32_t i = holds_first(holds, p); i != HOLD_NONE;
		     i = holds->at[i].next) {
			const struct hold *h = &holds->at[i];
			struct kept_hold *k = &out->at[out->n];

			if (ends_by_itself(h))
				continue;
			take_one(k, names, h, s && s->everywhere, wall_ns, now_ns);
			k->nexthop = compact_index(&nexthops, h->nexthop);
			k->attrs = compact_index(&attrs, h->attrs);
			out->nexthops[k->nexthop] = *nexthop_at(names, h->nexthop);
			out->attrs[k->attrs] = *attrs_at(names, h->attrs);
			out->n++;
		}
	}
	out->n_nexthops = nexthops.n;
	out->n_attrs = attrs.n;
	free(nexthops.to);
	free(attrs.to);
}

/* ---- the file ---- */

static void
put(char **at, const void *bytes, size_t n)
{
	if (n)
		memcpy(*at, bytes, n);
	*at += n;
}

static size_t
body_bytes(const struct head *h)
{
	return (size_t)h->n_nexthops * h->size_nexthop + (size_t)h->n_attrs * h->size_attrs +
	       (size_t)h->n * h->size_hold;
}

static struct head
head_of(const struct kept_holds *k)
{
	struct head h;

	memset(&h, 0, sizeof(h));
	memcpy(h.magic, MAGIC, sizeof(h.magic));
	h.size_nexthop = sizeof(*k->nexthops);
	h.size_attrs = sizeof(*k->attrs);
	h.size_hold = sizeof(*k->at);
	h.n_nexthops = k->n_nexthops;
	h.n_attrs = k->n_attrs;
	h.n = k->n;
	return h;
}

bool
kept_holds_store(const struct kept_holds *k, const char *path, char *why, size_t size)
{
	struct head h = head_of(k);
	size_t n = sizeof(h) + body_bytes(&h);
	char *bytes = must_alloc(n), *at = bytes + sizeof(h);
	bool good;

	put(&at, k->nexthops, k->n_nexthops * sizeof(*k->nexthops));
	put(&at, k->attrs, k->n_attrs * sizeof(*k->attrs));
	put(&at, k->at, k->n * sizeof(*k->at));
	h.checksum = hash_bytes(bytes + sizeof(h), n - sizeof(h));
	memcpy(bytes, &h, sizeof(h));
	good = file_replace(path, bytes, n, why, size);
	free(bytes);
	return good;
}

/* The whole file; NULL: errno, or it is too old (0). */
static char *
read_file(const char *path, uint64_t max_age_ns, size_t *n)
{
	FILE *f = fopen(path, "re");
	uint64_t now_ns = clock_wall_ns(), written_ns;
	char *bytes = NULL;
	struct stat st;

	if (!f)
		return NULL;
	if (fstat(fileno(f), &st) == 0) {
		written_ns =
		    (uint64_t)st.st_mtim.tv_sec * NS_PER_S + (uint64_t)st.st_mtim.tv_nsec;
		errno = 0;
		*n = (size_t)st.st_size;
		if (now_ns <= written_ns || now_ns - written_ns <= max_age_ns)
			bytes = must_alloc(*n + 1);
		if (bytes && fread(bytes, 1, *n, f) != *n) {
			free(bytes);
			bytes = NULL;
			errno = EIO;
		}
	}
	fclose(f);
	return bytes;
}

static void *
take_array(const char **at, uint32_t n, size_t size)
{
	void *array = must_alloc((size_t)n * size + 1);

	memcpy(array, *at, (size_t)n * size);
	*at += (size_t)n * size;
	return array;
}

static bool
is_sound(const struct kept_hold *h, const struct kept_holds *k)
{
	unsigned bits = h->prefix.addr.family == IP_V4 ? 32 : 128;

	return h->nexthop < k->n_nexthops && h->attrs < k->n_attrs &&
	       h->prefix_class < CLASS_COUNT && h->reason < HOLD_SETTLES &&
	       (h->prefix.addr.family == IP_V4 || h->prefix.addr.family == IP_V6) &&
	       h->prefix.len <= bits;
}

static bool
parse(struct kept_holds *out, const char *bytes, size_t n)
{
	const char *at = bytes + sizeof(struct head);
	struct head h, ours = head_of(out);

	if (n < sizeof(h))
		return false;
	memcpy(&h, bytes, sizeof(h));
	if (memcmp(h.magic, ours.magic, sizeof(h.magic)) != 0 ||
	    h.size_nexthop != ours.size_nexthop || h.size_attrs != ours.size_attrs ||
	    h.size_hold != ours.size_hold || n - sizeof(h) != body_bytes(&h) ||
	    h.checksum != hash_bytes(at, n - sizeof(h)))
		return false;
	*out = (struct kept_holds){.n_nexthops = h.n_nexthops, .n_attrs = h.n_attrs, .n = h.n};
	out->nexthops = take_array(&at, h.n_nexthops, sizeof(*out->nexthops));
	out->attrs = take_array(&at, h.n_attrs, sizeof(*out->attrs));
	out->at = take_array(&at, h.n, sizeof(*out->at));
	for (uint32_t i = 0; i < out->n; i++)
		if (!is_sound(&out->at[i], out))
			return false;
	return true;
}

bool
kept_holds_load(
    struct kept_holds *out, const char *path, uint64_t max_age_ns, char *why, size_t size)
{
	size_t n;
	char *bytes = read_file(path, max_age_ns, &n);
	bool good;

	*out = (struct kept_holds){.n = 0};
	if (!bytes && (errno == ENOENT || errno == 0))
		return true;
	if (!bytes) {
		snprintf(why, size, "%s: %s", path, strerror(errno));
		return false;
	}
	good = parse(out, bytes, n);
	free(bytes);
	if (good)
		return true;
	kept_holds_fini(out);
	snprintf(why, size, "%s: it is damaged, or another version's", path);
	return false;
}

/* ---- restoring ---- */

static bool
may_be_announced(const struct config *config, const struct kept_hold *h)
{
	for (uint32_t i = 0; i < config->followed.len; i++)
		if (!guard_prefix(&config->followed.items[i].advertise, &h->prefix,
		        (enum prefix_class)h->prefix_class))
			return true;
	return false;
}

static int
by_nexthop(const void *a, const void *b)
{
	const struct hold *x = a, *y = b;

	return x->nexthop < y->nexthop ? -1 : x->nexthop > y->nexthop;
}

/* Those of one prefix, n of them from `first` on. */
static uint32_t
restore_prefix(const struct kept_holds *k, uint32_t first, uint32_t n, struct breaker *b,
    uint64_t now_ns, uint64_t wall_ns, struct hold *scratch) ON_WRITER
{
	struct names *names = b->table->names;
	const struct kept_hold *one = &k->at[first];
	uint32_t prefix = prefix_name(names, &one->prefix), out = 0;

	for (uint32_t i = first; i < first + n; i++) {
		const struct kept_hold *h = &k->at[i];
		uint64_t held_ns =
		    wall_ns > h->since_ms * NS_PER_MS ? wall_ns - h->since_ms * NS_PER_MS : 0;

		if (guard_nexthop(&k->nexthops[h->nexthop].addr))
			continue;
		scratch[out++] = (struct hold){.prefix = prefix,
		    .nexthop = nexthop_name(names, &k->nexthops[h->nexthop]),
		    .attrs = attrs_name(names, &k->attrs[h->attrs]),
		    .prefix_class = h->prefix_class,
		    .reason = h->reason,
		    .approved = h->approved,
		    .since_ns = now_ns > held_ns ? now_ns - held_ns : 1,
		    .until_ns = NS_NEVER};
	}
	qsort(scratch, out, sizeof(*scratch), by_nexthop);
	return breaker_restore(b, prefix,
	    (struct set_kind){(enum prefix_class)one->prefix_class, one->everywhere}, scratch,
	    out, now_ns);
}

uint32_t
kept_holds_restore(const struct kept_holds *k, const struct config *config, struct breaker *b,
    uint64_t now_ns, uint64_t wall_ns)
{
	struct hold *scratch = must_alloc((size_t)k->n * sizeof(*scratch) + 1);
	uint32_t restored = 0, n;

	for (uint32_t i = 0; i < k->n; i += n) {
		for (n = 1;
		     i + n < k->n && ip_prefix_equal(&k->at[i].prefix, &k->at[i + n].prefix);
		     n++)
			;
		if (may_be_announced(config, &k->at[i]))
			restored += restore_prefix(k, i, n, b, now_ns, wall_ns, scratch);
	}
	free(scratch);
	return restored;
}
