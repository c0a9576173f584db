/* SPDX-License-Identifier: Apache-2.0 */
/* The k8s\0 envelope: sealed as the API server does it, opened without trust. */
#include "k8s/core.pb-c.h"
#include "k8s/runtime.pb-c.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
a_sealed_value_is_a_runtime_unknown(void **state)
{
	static const char raw[] = "object bytes";
	size_t size = value_sealed_size(RESOURCE_SLICE, sizeof(raw));
	uint8_t *value = must_alloc(size), *at = value_seal(RESOURCE_SLICE, sizeof(raw), value);
	K8s__Unknown *u;

	(void)state;
	memcpy(at, raw, sizeof(raw));
	assert_ptr_equal(at + sizeof(raw), value + size);
	assert_memory_equal(value, "k8s\0", 4);
	u = k8s__unknown__unpack(NULL, size - VALUE_MAGIC_LEN, value + VALUE_MAGIC_LEN);
	assert_non_null(u);
	assert_string_equal(u->typemeta->apiversion, "discovery.k8s.io/v1");
	assert_string_equal(u->typemeta->kind, "EndpointSlice");
	assert_int_equal(u->raw.len, sizeof(raw));
	assert_memory_equal(u->raw.data, raw, sizeof(raw));
	k8s__unknown__free_unpacked(u, NULL);
	free(value);
}

static void
an_opened_value_gives_back_what_was_sealed(void **state)
{
	uint8_t value[256];
	struct value_envelope env;

	(void)state;
	for (unsigned r = RESOURCE_NONE + 1; r < RESOURCE_SYNC; r++) {
		size_t size = value_sealed_size((enum resource)r, 3);

		memcpy(value_seal((enum resource)r, 3, value), "abc", 3);
		assert_true(value_open(value, size, &env));
		assert_true(value_span_is(env.api_version, resource_rows[r].api_version));
		assert_true(value_span_is(env.kind, resource_rows[r].kind));
		assert_true(value_span_is(env.raw, "abc"));
	}
}

static void
a_truncated_envelope_never_reads_past_its_end(void **state)
{
	uint8_t value[256];
	size_t size = value_sealed_size(RESOURCE_NODE, 100);
	struct value_envelope env;

	(void)state;
	memset(value_seal(RESOURCE_NODE, 100, value), 'x', 100);
	for (size_t n = 0; n < size; n++) {
		uint8_t *exact =
		    must_alloc(n); /* so that the sanitizer sees one byte too many */

		memcpy(exact, value, n);
		if (value_open(exact, n, &env))
			assert_true(env.raw.n == 0);
		free(exact);
	}
}

static void
the_form_is_told_by_the_first_bytes(void **state)
{
	(void)state;
	assert_int_equal(value_form("", 0), VALUE_EMPTY);
	assert_int_equal(value_form("k8s\0x", 5), VALUE_PROTOBUF);
	assert_int_equal(value_form("k8s", 3), VALUE_OTHER);
	assert_int_equal(value_form("{}", 2), VALUE_JSON);
	assert_int_equal(value_form("hello", 5), VALUE_OTHER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_sealed_value_is_a_runtime_unknown),
	    cmocka_unit_test(an_opened_value_gives_back_what_was_sealed),
	    cmocka_unit_test(a_truncated_envelope_never_reads_past_its_end),
	    cmocka_unit_test(the_form_is_told_by_the_first_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
