/* SPDX-License-Identifier: Apache-2.0 */
#include "build.h"
#include "feed/answer.h"

static struct bytes
list_of(const char *kind, const char *version, const char *next, unsigned n)
{
	struct bytes raw = {.n = 0}, meta = {.n = 0}, item = {.n = 0};

	put_text(&meta, 1, ""); /* selfLink, as the API writes it */
	put_text(&meta, 2, version);
	put_text(&meta, 3, next);
	put_message(&raw, 1, &meta);
	put_meta(&item, "", "n1", "5");
	for (unsigned i = 0; i < n; i++)
		put_message(&raw, 2, &item);
	return envelope("v1", kind, &raw);
}

static void
a_page_has_its_items_and_the_way_to_the_next_one(void **state)
{
	struct bytes body = list_of("NodeList", "812", "token", 3);
	struct value_span item;
	struct object_meta meta;
	struct list_page page;
	unsigned n = 0;

	(void)state;
	assert_true(list_open(span(&body), &page));
	assert_true(value_span_is(page.kind, "NodeList"));
	assert_true(value_span_is(page.resource_version, "812"));
	assert_true(value_span_is(page.next, "token"));
	while (list_next(&page, &item) == PB_FIELD) {
		assert_true(object_meta_read(item, &meta));
		assert_true(value_span_is(meta.name, "n1"));
		assert_true(value_span_is(meta.resource_version, "5"));
		n++;
	}
	assert_int_equal(n, 3);
}

static void
every_cut_of_a_list_is_refused_or_ends_early(void **state)
{
	struct bytes body = list_of("NodeList", "812", "", 3);

	(void)state;
	for (size_t n = 0; n < body.n; n++) {
		struct value_span cut = {.at = body.at, .n = n}, item;
		struct list_page page;
		unsigned items = 0;

		if (!list_open(cut, &page))
			continue;
		while (list_next(&page, &item) == PB_FIELD)
			items++;
		assert_true(items <= 3);
	}
}

static void
a_bookmark_tells_that_the_initial_events_are_over(void **state)
{
	struct bytes raw = {.n = 0}, meta = {.n = 0}, entry = {.n = 0};
	struct object_meta out;

	(void)state;
	put_text(&entry, 1, "k8s.io/initial-events-end");
	put_text(&entry, 2, "true");
	put_text(&meta, 6, "99");
	put_message(&meta, 12, &entry);
	put_message(&raw, 1, &meta);
	assert_true(object_meta_read(span(&raw), &out));
	assert_true(out.initial_events_end);
	assert_true(value_span_is(out.resource_version, "99"));
}

static void
an_object_without_metadata_is_none(void **state)
{
	struct bytes raw = {.n = 0};
	struct object_meta out;

	(void)state;
	assert_false(object_meta_read(span(&raw), &out));
	put_text(&raw, 1, "\x0a\x7f");
	assert_false(object_meta_read(span(&raw), &out));
}

static void
a_status_is_read_in_each_form_that_servers_answer_in(void **state)
{
	static const char json[] =
	    "{\"kind\":\"Status\",\"message\":\"no\\nway\",\"reason\":\"Forbidden\",\"code\":403}";
	struct bytes raw = {.n = 0}, body = {.n = 0};
	struct api_status s;

	(void)state;
	put_text(&raw, 3, "too old resource version");
	put_text(&raw, 4, "Expired");
	put_number(&raw, 6, 410);
	body = envelope("v1", "Status", &raw);
	api_status_read(span(&body), &s);
	assert_int_equal(s.code, 410);
	assert_string_equal(s.reason, "Expired");
	assert_string_equal(s.message, "too old resource version");

	body.n = 0;
	put_raw(&body, json, strlen(json));
	api_status_read(span(&body), &s);
	assert_int_equal(s.code, 403);
	assert_string_equal(s.message, "no way");

	body.n = 0;
	put_raw(&body, "upstream\r\nfailed", 16);
	api_status_read(span(&body), &s);
	assert_int_equal(s.code, 0);
	assert_string_equal(s.message, "upstream  failed");

	body.n = 0;
	put_raw(&body, "{\"half\":", 8);
	api_status_read(span(&body), &s);
	assert_string_equal(s.message, "{\"half\":");

	api_status_read((struct value_span){.at = NULL, .n = 0}, &s);
	assert_string_equal(s.message, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_page_has_its_items_and_the_way_to_the_next_one),
	    cmocka_unit_test(every_cut_of_a_list_is_refused_or_ends_early),
	    cmocka_unit_test(a_bookmark_tells_that_the_initial_events_are_over),
	    cmocka_unit_test(an_object_without_metadata_is_none),
	    cmocka_unit_test(a_status_is_read_in_each_form_that_servers_answer_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
