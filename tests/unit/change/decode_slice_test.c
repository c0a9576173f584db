/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The slices that are taken by hand, against protobuf-c: what is taken means the same there, over
 * random slices with random damage; what everybody writes is taken; the rest is left alone.
 */
#include "change/raw.h"
#include "core/hash.h"
#include "fixture.h"

struct world {
	uint64_t random;
	struct decoder d;
	uint8_t bytes[8192];
	size_t n;
};

static uint32_t
below(struct world *w, uint32_t n)
{
	w->random = hash_mix(w->random + 0x9e3779b97f4a7c15ull);
	return (uint32_t)(w->random >> 32) % n;
}

static bool
same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static uint8_t
as_condition(int has, int value)
{
	return (uint8_t)(!has ? CONDITION_UNKNOWN : value ? CONDITION_TRUE : CONDITION_FALSE);
}

static void
assert_same_endpoint(const struct raw_endpoint *e, const K8s__Endpoint *m)
{
	const K8s__EndpointConditions *c = m->conditions, none = K8S__ENDPOINT_CONDITIONS__INIT;

	if (!c)
		c = &none;
	assert_true(same(e->address, m->n_addresses ? m->addresses[0] : NULL));
	assert_true(same(e->node_name, m->nodename));
	assert_true(same(e->zone, m->zone));
	assert_int_equal(e->ready, as_condition(c->has_ready, c->ready));
	assert_int_equal(e->serving, as_condition(c->has_serving, c->serving));
	assert_int_equal(e->terminating, as_condition(c->has_terminating, c->terminating));
}

/* True: it was taken, and means what protobuf-c says. */
static bool
check(struct world *w)
{
	struct value_span object = {.at = w->bytes, .n = w->n}, metadata;
	/* A block of its own, so that the sanitizer sees a byte too many. */
	uint8_t *copy = must_alloc(w->n + !w->n);
	struct raw_slice raw;
	K8s__EndpointSlice *m;
	K8s__ObjectMeta *meta;
	bool taken;

	memcpy(copy, w->bytes, w->n);
	object.at = copy;
	taken = slice_from_wire(&w->d, object, &raw, &metadata);
	m = taken ? k8s__endpoint_slice__unpack(NULL, w->n, copy) : NULL;
	meta = taken && metadata.at ? k8s__object_meta__unpack(NULL, metadata.n, metadata.at)
	                            : NULL;
	if (taken && !m) {
		assert_true(metadata.at && !meta); /* nothing but what was not looked at */
	} else if (taken) {
		assert_int_equal(metadata.at != NULL, m->metadata != NULL);
		assert_int_equal(meta != NULL, m->metadata != NULL);
		assert_true(!meta || same(meta->name, m->metadata->name));
		assert_true(same(raw.address_type, m->addresstype));
		assert_int_equal(raw.n_endpoints, m->n_endpoints);
		for (size_t i = 0; i < raw.n_endpoints; i++)
			assert_same_endpoint(&raw.endpoints[i], m->endpoints[i]);
	}
	if (meta)
		k8s__object_meta__free_unpacked(meta, NULL);
	if (m)
		k8s__endpoint_slice__free_unpacked(m, NULL);
	free(copy);
	arena_reset(&w->d.scratch);
	return taken;
}

#define ENDPOINTS_MAX 8u
#define LONG_TEXT     /* its length takes two bytes on the wire */                             \
	"a text of more than a hundred and twenty-seven bytes, which takes a while to write "  \
	"and is of no other use than that its length is what it is"

/* A random slice as protobuf-c packs it. */
static void
pack_random(struct world *w)
{
	static const char *const texts[] = {
	    "", "10.1.2.3", "n1", "worker-00012.example.internal", LONG_TEXT};
	K8s__EndpointSlice s = K8S__ENDPOINT_SLICE__INIT;
	K8s__ObjectMeta meta = K8S__OBJECT_META__INIT;
	K8s__Endpoint e[ENDPOINTS_MAX], *list[ENDPOINTS_MAX];
	K8s__EndpointConditions c[ENDPOINTS_MAX];
	const char *addresses[2];

	for (uint32_t i = 0; i < ENDPOINTS_MAX; i++) {
		list[i] = &e[i];
		e[i] = (K8s__Endpoint)K8S__ENDPOINT__INIT;
		c[i] = (K8s__EndpointConditions)K8S__ENDPOINT_CONDITIONS__INIT;
		addresses[0] = texts[below(w, COUNT_OF(texts))];
		addresses[1] = "10.9.9.9";
		e[i].n_addresses = below(w, 3);
		e[i].addresses = (char **)(uintptr_t)addresses;
		if (below(w, 4))
			e[i].nodename = (char *)(uintptr_t)texts[below(w, COUNT_OF(texts))];
		if (below(w, 2))
			e[i].zone = (char *)(uintptr_t)texts[below(w, COUNT_OF(texts))];
		c[i].has_ready = (int)below(w, 2), c[i].ready = (int)below(w, 2);
		c[i].has_serving = (int)below(w, 2), c[i].serving = (int)below(w, 2);
		c[i].has_terminating = (int)below(w, 2), c[i].terminating = (int)below(w, 2);
		if (below(w, 4))
			e[i].conditions = &c[i];
	}
	meta.name = (char *)(uintptr_t) "web-1";
	s.metadata = below(w, 8) ? &meta : NULL;
	s.addresstype = below(w, 8) ? (char *)(uintptr_t) "IPv4" : NULL;
	s.n_endpoints = below(w, ENDPOINTS_MAX + 1), s.endpoints = list;
	w->n = k8s__endpoint_slice__pack(&s, w->bytes);
}

/* Change, cut, repeat and insert bytes: among them legal forms that nobody writes. */
static void
damage(struct world *w)
{
	for (uint32_t times = below(w, 4); times > 0 && w->n > 0; times--) {
		uint32_t at = below(w, (uint32_t)w->n);
		size_t part = below(w, (uint32_t)(w->n - at)) + 1u;

		switch (below(w, 5)) {
		case 0:
			w->bytes[at] = (uint8_t)below(w, 256);
			break;
		case 1:
			w->bytes[at] = (uint8_t)(w->bytes[at] + (below(w, 2) ? 1 : -1));
			break;
		case 2:
			w->n = at;
			break;
		case 3: /* the message once more behind itself: every field twice */
			if (w->n + part > sizeof(w->bytes))
				break;
			memcpy(w->bytes + w->n, w->bytes + at, part);
			w->n += part;
			break;
		default: /* a field that is not known */
			if (w->n + 3 > sizeof(w->bytes))
				break;
			memcpy(w->bytes + w->n, "\x1a\x01x", 3);
			w->n += 3;
		}
	}
}

static void
what_is_taken_by_hand_means_the_same_to_protobuf_c(void **state)
{
	struct world *w = must_calloc(1, sizeof(*w));
	uint32_t taken = 0, damaged_and_taken = 0;

	(void)state;
	decoder_init(&w->d, NULL);
	for (uint32_t seed = 1; seed <= 40000; seed++) {
		w->random = seed;
		pack_random(w);
		assert_true(check(w)); /* what everybody writes */
		taken++;
		damage(w);
		damaged_and_taken += check(w);
	}
	print_message("%u of %u damaged slices were taken\n", damaged_and_taken, taken);
	assert_in_range(damaged_and_taken, taken / 4, taken - 1);
	decoder_fini(&w->d);
	free(w);
}

static bool
is_taken(const char *bytes, size_t n)
{
	struct world *w = must_calloc(1, sizeof(*w));
	bool taken;

	decoder_init(&w->d, NULL);
	memcpy(w->bytes, bytes, n);
	w->n = n;
	taken = check(w);
	decoder_fini(&w->d);
	free(w);
	return taken;
}

#define TAKEN(bytes) is_taken(bytes, sizeof(bytes) - 1)

static void
forms_that_nobody_writes_are_left_to_protobuf_c(void **state)
{
	(void)state;
	assert_true(TAKEN(""));
	assert_true(TAKEN("\x12\x04\x32\x02n1"));
	assert_true(TAKEN("\x12\x06\x12\x04\x08\x01\x18\x00"));
	assert_true(TAKEN("\x12\x05\x42\x03\x0a\x01x"));     /* a field that is not read */
	assert_false(TAKEN("\x12\x08\x32\x02n1\x32\x02n2")); /* twice: the last one counts */
	assert_false(TAKEN("\x12\x08\x12\x02\x08\x01\x12\x02\x10\x01")); /* to be merged */
	assert_false(TAKEN("\x0a\x00\x0a\x00"));
	assert_false(TAKEN("\x22\x02v4\x22\x02v6"));
	assert_false(TAKEN("\x12\x05\x12\x03\x08\x81\x00")); /* true, in two bytes */
	assert_false(TAKEN("\x12\x04\x12\x02\x08\x02"));     /* true, as two */
	assert_false(TAKEN("\x92\x00\x00"));                 /* a tag in two bytes */
	assert_false(TAKEN("\x10\x00"));                     /* endpoints as a number */
	assert_false(TAKEN("\x13\x14"));                     /* a group */
	assert_false(TAKEN("\x02\x00"));                     /* field 0 */
	assert_false(TAKEN("\x12"));
	assert_false(TAKEN("\x12\x05\x32"));
	assert_false(TAKEN("\x12\xff\xff\xff\xff\x0f"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_taken_by_hand_means_the_same_to_protobuf_c),
	    cmocka_unit_test(forms_that_nobody_writes_are_left_to_protobuf_c),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
