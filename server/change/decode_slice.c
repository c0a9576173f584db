/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The endpoints of a slice off the wire by hand: they are nearly all that a first scan decodes,
 * and the general way (a descriptor's search and several allocations for each) took half of
 * its time. Only the form in which every writer of protobuf writes them is taken; whatever else
 * is legal, or is not, goes the general way, so that there is one judge of what is well-formed.
 */
#include "change/raw.h"

/* A slice has at most 1,000 endpoints by the API; beyond this the general way's budget counts. */
#define USUAL_ENDPOINTS 10000u

enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };

enum { SLICE_METADATA = 1, SLICE_ENDPOINTS = 2, SLICE_ADDRESS_TYPE = 4 };
enum { ENDPOINT_ADDRESSES = 1, ENDPOINT_CONDITIONS = 2, ENDPOINT_NODE = 6, ENDPOINT_ZONE = 7 };
enum { CONDITION_READY = 1, CONDITION_SERVING = 2, CONDITION_TERMINATING = 3 };

struct cursor {
	const uint8_t *at, *end;
};

struct field {
	unsigned number;
	bool is_bytes;
	const uint8_t *at; /* the bytes, or the varint */
	size_t n;
};

/* The next field of this message. False: it is not of the usual form. c is not at its end. */
static inline bool
field_next(struct cursor *c, struct field *f)
{
	uint8_t tag = *c->at++;
	unsigned shift = 0;
	size_t n = 0;
	uint8_t b;

	f->number = tag >> 3;
	f->is_bytes = (tag & 7) == WIRE_BYTES;
	if (tag & 0x80 || f->number == 0 || (!f->is_bytes && (tag & 7) != WIRE_VARINT))
		return false;
	f->at = c->at;
	do {
		if (c->at == c->end || shift == 28)
			return false;
		b = *c->at++;
		n |= (size_t)(b & 0x7f) << shift;
		shift += 7;
	} while (b & 0x80);
	f->n = (size_t)(c->at - f->at);
	if (!f->is_bytes)
		return true;
	if (n > (size_t)(c->end - c->at))
		return false;
	f->at = c->at;
	f->n = n;
	c->at += n;
	return true;
}

static inline struct cursor
inside(const struct field *f)
{
	return (struct cursor){.at = f->at, .end = f->at + f->n};
}

/* A text that occurs once. */
static inline bool
take_text(struct decoder *d, const struct field *f, const char **out)
{
	if (*out || !f->is_bytes)
		return false;
	*out = arena_strndup(&d->scratch, (const char *)f->at, f->n);
	return true;
}

static bool
take_conditions(const struct field *in, struct raw_endpoint *e)
{
	struct cursor c = inside(in);
	struct field f;

	while (c.at < c.end) {
		uint8_t value;

		if (!field_next(&c, &f) || f.is_bytes || f.n != 1 || *f.at > 1)
			return false;
		value = *f.at ? CONDITION_TRUE : CONDITION_FALSE;
		if (f.number == CONDITION_READY)
			e->ready = value;
		else if (f.number == CONDITION_SERVING)
			e->serving = value;
		else if (f.number == CONDITION_TERMINATING)
			e->terminating = value;
	}
	return true;
}

static bool
take_endpoint(struct decoder *d, const struct field *in, struct raw_endpoint *e)
{
	struct cursor c = inside(in);
	bool has_conditions = false, ok = true;
	struct field f;

	*e = (struct raw_endpoint){.ready = CONDITION_UNKNOWN,
	    .serving = CONDITION_UNKNOWN,
	    .terminating = CONDITION_UNKNOWN};
	while (ok && c.at < c.end) {
		if (!field_next(&c, &f))
			return false;
		switch (f.number) {
		case ENDPOINT_ADDRESSES: /* only the first is used */
			ok = f.is_bytes && (e->address || take_text(d, &f, &e->address));
			break;
		case ENDPOINT_CONDITIONS:
			ok = f.is_bytes && !has_conditions && take_conditions(&f, e);
			has_conditions = true;
			break;
		case ENDPOINT_NODE:
			ok = take_text(d, &f, &e->node_name);
			break;
		case ENDPOINT_ZONE:
			ok = take_text(d, &f, &e->zone);
			break;
		default:
			break;
		}
	}
	return ok;
}

static bool
count_endpoints(struct cursor c, size_t *n)
{
	struct field f;

	*n = 0;
	while (c.at < c.end) {
		if (!field_next(&c, &f))
			return false;
		*n += f.number == SLICE_ENDPOINTS;
	}
	return *n <= USUAL_ENDPOINTS;
}

bool
slice_from_wire(struct decoder *d, struct value_span object, struct raw_slice *out,
    struct value_span *metadata)
{
	struct cursor c = {.at = object.at, .end = (const uint8_t *)object.at + object.n};
	struct raw_slice s = {.address_type = NULL};
	bool ok = true;
	struct field f;
	size_t n;

	*metadata = (struct value_span){.at = NULL};
	if (!count_endpoints(c, &n))
		return false;
	s.endpoints = arena_alloc(&d->scratch, n * sizeof(*s.endpoints));
	while (ok && c.at < c.end) {
		ok = field_next(&c, &f);
		must(ok); /* counted before */
		if (f.number == SLICE_METADATA) {
			ok = f.is_bytes && !metadata->at;
			*metadata = (struct value_span){.at = f.at, .n = f.n};
		} else if (f.number == SLICE_ENDPOINTS) {
			ok = f.is_bytes && take_endpoint(d, &f, &s.endpoints[s.n_endpoints++]);
		} else if (f.number == SLICE_ADDRESS_TYPE) {
			ok = take_text(d, &f, &s.address_type);
		}
	}
	if (ok)
		*out = s;
	return ok;
}
