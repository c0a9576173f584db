/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/publisher.h"

#include "core/hash.h"
#include "core/log.h"
#include "feed/counts.h"
#include "feed/form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const enum count_id gauges[SOURCE_COUNT] = {
    [SOURCE_NODE] = COUNT_NODES,
    [SOURCE_SERVICE] = COUNT_SERVICES,
    [SOURCE_SLICE] = COUNT_SLICES,
    [SOURCE_CIDR] = COUNT_CIDRS,
    [SOURCE_BGPCONFIG] = COUNT_BGPCONFIGS,
    [SOURCE_BGPPEER] = COUNT_BGPPEERS,
    [SOURCE_BGPFILTER] = COUNT_BGPFILTERS,
    [SOURCE_IPPOOL] = COUNT_IPPOOLS,
};

void
publisher_init(struct publisher *p, const struct publisher_options *options,
    publisher_write *write, publisher_again *again, void *ctx)
{
	must(!options->no_annotations || options->kept_annotations);
	memset(p, 0, sizeof(*p));
	p->options = *options;
	p->write = write;
	p->again = again;
	p->ctx = ctx;
	known_init(&p->known);
}

void
publisher_fini(struct publisher *p)
{
	known_fini(&p->known);
	free(p->scratch[0]);
	free(p->scratch[1]);
	memset(p, 0, sizeof(*p));
}

void
publisher_epoch(struct publisher *p, uint64_t wall_ms)
{
	p->epoch = wall_ms > p->epoch ? wall_ms : p->epoch + 1;
	p->began = p->ended = false;
	memset(p->listed, 0, sizeof(p->listed));
	memset(p->denied, 0, sizeof(p->denied));
	memset(p->left_out, 0, sizeof(p->left_out));
	memset(p->seen, 0, sizeof(p->seen));
	known_clear(&p->known);
	counts_set(COUNT_EPOCH, (int64_t)p->epoch);
	counts_set(COUNT_WATCHING, 0);
	counts_set(COUNT_DENIED, 0);
}

/* --- the brackets --- */

static void
write_sync(struct publisher *p, const char *name)
{
	struct record_key key = key_make(RESOURCE_SYNC, "", name);
	char text[KEY_TEXT_MAX], value[512];
	int n = snprintf(value, sizeof(value), "{\"epoch\":%llu", (unsigned long long)p->epoch);

	if (p->ended) {
		for (unsigned i = 0; i < SOURCE_COUNT; i++)
			if (!p->left_out[i]) /* never the first */
				n += snprintf(value + n, sizeof(value) - (size_t)n,
				    "%s\"%s\":%u", i == 0 ? ",\"counts\":{" : ",",
				    resource_rows[sources[i].resource].plural, p->seen[i]);
		n += snprintf(value + n, sizeof(value) - (size_t)n, "}");
	}
	n += snprintf(value + n, sizeof(value) - (size_t)n, "}");
	must((size_t)n < sizeof(value));
	key_format(&key, text);
	p->write(p->ctx, text, value, (size_t)n, p->epoch, 0);
}

static void
listing_begins(void *ctx, const struct source *source)
{
	struct publisher *p = ctx;

	if (!p->began) {
		p->began = true;
		write_sync(p, "begin");
	}
	known_begin(&p->known, source->resource);
}

static void
show_progress(struct publisher *p, unsigned i)
{
	unsigned done = 0, denied = 0;

	for (unsigned s = 0; s < SOURCE_COUNT; s++) {
		done += p->listed[s] || p->denied[s];
		denied += p->denied[s];
	}
	counts_set(gauges[i], p->known.count[sources[i].resource]);
	counts_set(COUNT_WATCHING, done);
	counts_set(COUNT_DENIED, denied);
	if (done < SOURCE_COUNT || p->ended)
		return;
	p->ended = true;
	for (unsigned s = 0; s < SOURCE_COUNT; s++)
		p->left_out[s] = !p->listed[s];
	write_sync(p, "end");
	log_info(
	    "everything is listed", f_u64("epoch", p->epoch), f_u64("objects", p->known.n));
}

static uint64_t
number(struct value_span text)
{
	uint64_t v = 0;

	if (text.n == 0 || text.n > 19)
		return 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return 0;
		v = v * 10 + (uint64_t)(text.at[i] - '0');
	}
	return v;
}

static void
on_gone(void *ctx, const char *key)
{
	struct publisher *p = ctx;

	p->write(p->ctx, key, NULL, 0, p->epoch, p->sweep_version);
}

static void
listing_ends(void *ctx, const struct source *source, struct value_span resource_version)
{
	struct publisher *p = ctx;
	unsigned i = (unsigned)(source - sources);
	uint32_t gone;

	p->sweep_version = number(resource_version);
	gone = known_sweep(&p->known, source->resource, on_gone, p);
	p->listed[i] = true;
	p->denied[i] = false;
	/* An absent one has no version, and is looked for all the time. */
	if (resource_version.n > 0 || gone > 0)
		log_info("listed", f_str("resource", resource_rows[source->resource].plural),
		    f_u64("objects", p->known.count[source->resource]), f_u64("gone", gone));
	show_progress(p, i);
	if (!p->left_out[i])
		return;
	p->left_out[i] = false; /* asked for once */
	log_info("what was left out of the last full listing can be read, listing everything",
	    f_str("resource", resource_rows[source->resource].plural));
	p->again(p->ctx);
}

static void
denied(void *ctx, const struct source *source)
{
	struct publisher *p = ctx;
	unsigned i = (unsigned)(source - sources);

	p->denied[i] = true;
	show_progress(p, i);
}

/* --- objects --- */

static void
cannot_use(struct publisher *p, const struct source *source, const char *key, const char *why)
{
	counts_add(COUNT_UNUSABLE, 1);
	if (strncmp(p->told, key, sizeof(p->told) - 1) == 0)
		return;
	snprintf(p->told, sizeof(p->told), "%s", key);
	log_warn("an object of the API cannot be used and is left as it was on the stream",
	    f_str("resource", resource_rows[source->resource].plural), f_str("key", key),
	    f_str("error", why));
}

/* The record's key as text, and the object's version. False: it was said why not. */
static bool
identify(struct publisher *p, const struct source *source, struct value_span raw, char *text,
    struct object_meta *meta)
{
	const struct resource_row *row = &resource_rows[source->resource];
	struct record_key key, again;

	if (!form_meta_read(source, raw, meta)) {
		cannot_use(p, source, "?", "its metadata is malformed");
		return false;
	}
	if (meta->name.n == 0 || meta->name.n > KEY_NAME_MAX || meta->ns.n > KEY_NS_MAX) {
		cannot_use(p, source, "?", "its name is empty or too long");
		return false;
	}
	key = (struct record_key){.ns = meta->ns.n ? (const char *)meta->ns.at : "",
	    .name = (const char *)meta->name.at,
	    .resource = (uint8_t)source->resource,
	    .ns_len = row->scope == SCOPE_NAMESPACE ? (uint8_t)meta->ns.n : 0,
	    .name_len = (uint8_t)meta->name.n};
	if (key_parse(text, key_format(&key, text), &again) != KEY_OK ||
	    !key_equal(&key, &again)) {
		cannot_use(p, source, "?", "its name or namespace is not one of Kubernetes");
		return false;
	}
	return true;
}

static void
make_room(struct publisher *p, size_t n)
{
	if (n <= p->scratch_size)
		return;
	p->scratch_size = n * 2;
	for (unsigned i = 0; i < COUNT_OF(p->scratch); i++) {
		free(p->scratch[i]);
		p->scratch[i] = must_alloc(p->scratch_size);
	}
}

/* Put the text into scratch[0]; frees it. */
static void
take_text(struct publisher *p, char *text, struct value_span *stored)
{
	size_t n = strlen(text);

	make_room(p, n);
	memcpy(p->scratch[0], text, n);
	*stored = (struct value_span){.at = p->scratch[0], .n = n};
	free(text);
}

static bool
reduce_json(struct publisher *p, struct value_span raw, const struct filter_keys *keys,
    struct value_span *stored, uint64_t *digest)
{
	char *text = json_reduce(raw, keys, !p->options.every_version);

	if (!text)
		return false;
	*digest = hash_bytes(text, strlen(text));
	free(text);
	text = json_reduce(raw, keys, false);
	must(text);
	take_text(p, text, stored);
	return true;
}

/* The object as it is written, in scratch[0], and its digest; false: malformed. */
static bool
reduce(struct publisher *p, const struct source *source, struct value_span raw,
    struct value_span *stored, uint64_t *digest)
{
	struct filter_keys keys = {
	    .prefixes = p->options.kept_annotations, .n = p->options.n_kept_annotations};
	size_t n;

	if (source->form == FORM_JSON) {
		keys.prefixes = p->options.no_annotations ? keys.prefixes : NULL;
		return reduce_json(p, raw, &keys, stored, digest);
	}
	make_room(p, value_sealed_size(source->resource, raw.n));
	if (!filter_apply(
	        p->options.no_annotations ? source->stored_no_annotations : source->stored,
	        &keys, raw, p->scratch[0], &n))
		return false;
	*stored = (struct value_span){.at = p->scratch[0], .n = n};
	*digest = hash_bytes(p->scratch[0], n);
	if (p->options.every_version)
		return true;
	if (!filter_apply(source->compared, &keys, *stored, p->scratch[1], &n))
		return false;
	*digest = hash_bytes(p->scratch[1], n);
	return true;
}

static void
write_object(
    struct publisher *p, const struct source *source, const char *key, struct value_span stored)
{
	size_t n = value_sealed_size(source->resource, stored.n);

	if (source->form == FORM_JSON) {
		p->write(p->ctx, key, stored.at, stored.n, p->epoch, 0);
		return;
	}
	memcpy(value_seal(source->resource, stored.n, p->scratch[1]), stored.at, stored.n);
	p->write(p->ctx, key, p->scratch[1], n, p->epoch, 0);
}

static void
on_object(void *ctx, const struct source *source, struct value_span raw)
{
	struct publisher *p = ctx;
	unsigned i = (unsigned)(source - sources);
	char key[KEY_TEXT_MAX];
	struct object_meta meta;
	struct value_span stored;
	enum known_news news;
	uint64_t digest;

	if (!identify(p, source, raw, key, &meta))
		return;
	if (!reduce(p, source, raw, &stored, &digest)) {
		cannot_use(p, source, key, "it is malformed");
		known_touch(&p->known, source->resource, key);
		return;
	}
	news = known_put(&p->known, source->resource, key, digest);
	if (news == KNOWN_SAME) {
		counts_add(COUNT_UNCHANGED, 1);
		return;
	}
	if (news == KNOWN_NEW && !p->ended)
		p->seen[i]++;
	counts_set(gauges[i], p->known.count[source->resource]);
	write_object(p, source, key, stored);
}

static void
on_deleted(void *ctx, const struct source *source, struct value_span raw)
{
	struct publisher *p = ctx;
	char key[KEY_TEXT_MAX];
	struct object_meta meta;

	if (!identify(p, source, raw, key, &meta))
		return;
	/* Written even if the key is not known: a tombstone too many does no harm. */
	known_drop(&p->known, source->resource, key);
	counts_set(gauges[source - sources], p->known.count[source->resource]);
	p->write(p->ctx, key, NULL, 0, p->epoch, number(meta.resource_version));
}

const struct follow_sink publisher_sink = {
    .listing_begins = listing_begins,
    .listing_ends = listing_ends,
    .object = on_object,
    .deleted = on_deleted,
    .denied = denied,
};
