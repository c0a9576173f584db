/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: any key and value through change_decode(), which must neither crash nor
 * touch a byte that is not its own. The first byte chooses the key (or that the input brings
 * one of its own, up to a newline).
 */
#include "change/decode.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const keys[] = {"nodes//n1", "services/shop/web",
    "endpointslices/shop/web-1", "servicecidrs//kubernetes", "sync//begin", "sync//end"};

/* Read what was built, so that the sanitizers see it. */
static uint64_t
visit(const struct change *c)
{
	uint64_t sum = c->bytes + strlen(c->key.ns) + strlen(c->key.name);

	if (c->object && c->object->resource == RESOURCE_SLICE) {
		const struct slice *s = object_slice(c->object);

		for (uint32_t i = 0; i < s->n_endpoints; i++) {
			const struct endpoint *e = slice_endpoint(s, i);
			const char *name = c->names ? slice_node_name(c->names, i) : NULL;

			sum += slice_endpoint_ip(s, e).bytes[3] + (name ? strlen(name) : 0);
			sum += e->zone == ENDPOINT_ZONE_NONE ? 0 : strlen(s->zones[e->zone]);
		}
	} else if (c->object && c->object->resource == RESOURCE_NODE) {
		const struct node *n = object_node(c->object);

		for (uint32_t i = 0; i < n->labels.n; i++)
			must(labels_find(&n->labels, n->labels.at[i].key) ==
			     n->labels.at[i].value);
	}
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct decoder decoder;
	static volatile uint64_t sink;
	struct record r = {.ms = -1};
	struct decode_error why;
	struct change *c = NULL;
	const uint8_t *newline;

	if (size == 0)
		return 0;
	if (decoder.options.max_value == 0)
		decoder_init(&decoder, NULL);
	r.key = data + 1;
	newline = memchr(data + 1, '\n', size - 1);
	r.key_len = newline ? (size_t)(newline - (data + 1)) : 0;
	r.value = newline ? newline + 1 : data + 1;
	if (data[0] < COUNT_OF(keys)) {
		r.key = keys[data[0]];
		r.key_len = strlen(keys[data[0]]);
		r.value = data + 1;
	}
	r.value_len = size - (size_t)((const uint8_t *)r.value - data);
	if (change_decode(&decoder, &r, &c, &why) == DECODE_OK)
		sink += visit(c);
	change_free(c);
	return 0;
}
