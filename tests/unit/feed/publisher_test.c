/* SPDX-License-Identifier: Apache-2.0 */
/* What is written for what the API says, as lines "key", "-key rv" and "key json". */
#include "build.h"
#include "feed/counts.h"
#include "feed/publisher.h"
#include "heard_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct world {
	struct publisher p;
	char written[4000];
	struct bytes last; /* the last value */
	uint64_t epoch;    /* of the last record */
	unsigned again;    /* times that it asked for another epoch */
};

static void
on_write(
    void *ctx, const char *key, const void *value, size_t n, uint64_t epoch, uint64_t version)
{
	struct world *w = ctx;
	size_t at = strlen(w->written), left = sizeof(w->written) - at;

	w->epoch = epoch;
	if (!value)
		snprintf(w->written + at, left, "-%s %" PRIu64 "\n", key, version);
	else if (*(const char *)value == '{')
		snprintf(w->written + at, left, "%s %.*s\n", key, (int)n, (const char *)value);
	else
		snprintf(w->written + at, left, "%s\n", key);
	w->last.n = 0;
	if (value)
		put_raw(&w->last, value, n);
}

static void
on_again(void *ctx)
{
	struct world *w = ctx;

	w->again++;
}

static struct world *
world(struct publisher_options o)
{
	struct world *w = must_calloc(1, sizeof(*w));

	publisher_init(&w->p, &o, on_write, on_again, w);
	publisher_epoch(&w->p, 1000);
	return w;
}

static void
end_world(struct world *w)
{
	publisher_fini(&w->p);
	free(w);
}

static void
assert_written(struct world *w, const char *text)
{
	assert_string_equal(w->written, text);
	w->written[0] = '\0';
}

static void
begin(struct world *w, enum source_id id)
{
	publisher_sink.listing_begins(&w->p, &sources[id]);
}

static void
end(struct world *w, enum source_id id, const char *version)
{
	publisher_sink.listing_ends(&w->p, &sources[id],
	    (struct value_span){.at = (const uint8_t *)version, .n = strlen(version)});
}

static struct bytes
raw_of(const char *ns, const char *name, const char *version, const char *status)
{
	struct bytes raw = {.n = 0};

	put_meta(&raw, ns, name, version);
	put_text(&raw, 2, status);
	return raw;
}

static void
put(struct world *w, enum source_id id, struct bytes raw)
{
	publisher_sink.object(&w->p, &sources[id], span(&raw));
}

static void
list_the_rest(struct world *w)
{
	for (unsigned i = SOURCE_SERVICE; i < SOURCE_COUNT; i++) {
		begin(w, (enum source_id)i);
		end(w, (enum source_id)i, "9");
	}
}

static void
a_full_listing_is_bracketed_and_counted(void **state)
{
	struct world *w = world((struct publisher_options){.every_version = false});

	(void)state;
	begin(w, SOURCE_NODE);
	begin(w, SOURCE_SERVICE);
	put(w, SOURCE_NODE, raw_of("", "n1", "5", ""));
	put(w, SOURCE_SERVICE, raw_of("shop", "web", "6", ""));
	end(w, SOURCE_NODE, "9");
	assert_written(w, "sync//begin {\"epoch\":1000}\nnodes//n1\nservices/shop/web\n");
	list_the_rest(w);
	/* services were listed anew, and web was not there any more */
	assert_written(w, "-services/shop/web 9\n"
	                  "sync//end {\"epoch\":1000,\"counts\":{\"nodes\":1,\"services\":1,"
	                  "\"endpointslices\":0,\"servicecidrs\":0,\"bgpconfigurations\":0,"
	                  "\"bgppeers\":0,\"bgpfilters\":0,\"ippools\":0}}\n");
	assert_int_equal(w->epoch, 1000);
	end_world(w);
}

static void
the_same_listing_again_writes_nothing(void **state)
{
	struct world *w = world((struct publisher_options){.every_version = false});

	(void)state;
	begin(w, SOURCE_NODE);
	put(w, SOURCE_NODE, raw_of("", "n1", "5", "x"));
	put(w, SOURCE_NODE, raw_of("", "n2", "5", "x"));
	end(w, SOURCE_NODE, "9");
	list_the_rest(w);
	w->written[0] = '\0';
	begin(w, SOURCE_NODE);
	put(w, SOURCE_NODE, raw_of("", "n2", "77", "y"));
	put(w, SOURCE_NODE,
	    raw_of("", "n1", "78", "x")); /* a version, and nothing else, is new */
	put(w, SOURCE_NODE, raw_of("", "n3", "79", "x"));
	end(w, SOURCE_NODE, "80");
	assert_written(w, "nodes//n2\nnodes//n3\n");
	begin(w, SOURCE_NODE);
	put(w, SOURCE_NODE, raw_of("", "n1", "78", "x"));
	end(w, SOURCE_NODE, "90");
	assert_non_null(strstr(w->written, "-nodes//n2 90\n"));
	assert_non_null(strstr(w->written, "-nodes//n3 90\n"));
	end_world(w);
}

static void
a_deletion_names_its_version(void **state)
{
	struct world *w = world((struct publisher_options){.every_version = false});
	struct bytes raw = raw_of("shop", "web", "42", "");

	(void)state;
	put(w, SOURCE_SERVICE, raw);
	publisher_sink.deleted(&w->p, &sources[SOURCE_SERVICE], span(&raw));
	assert_written(w, "services/shop/web\n-services/shop/web 42\n");
	put(w, SOURCE_SERVICE, raw);
	assert_written(w, "services/shop/web\n");
	end_world(w);
}

static void
a_value_is_the_object_sealed_without_its_managed_fields(void **state)
{
	struct world *w = world((struct publisher_options){.every_version = false});
	struct bytes raw = {.n = 0}, meta = {.n = 0}, status = {.n = 0};
	struct value_envelope e;
	struct object_meta out;
	struct pb_field f;

	(void)state;
	put_text(&meta, 1, "n1");
	put_text(&meta, 6, "5");
	put_text(&meta, 17, "managed");
	put_message(&raw, 1, &meta);
	put_text(&status, 8, "image");
	put_text(&status, 5, "address");
	put_message(&raw, 3, &status);
	put(w, SOURCE_NODE, raw);
	assert_true(value_open(w->last.at, w->last.n, &e));
	assert_true(value_span_is(e.api_version, "v1"));
	assert_true(value_span_is(e.kind, "Node"));
	assert_true(object_meta_read(e.raw, &out));
	assert_true(value_span_is(out.resource_version, "5"));
	assert_null(memmem(w->last.at, w->last.n, "managed", 7));
	assert_null(memmem(w->last.at, w->last.n, "image", 5));
	assert_non_null(memmem(w->last.at, w->last.n, "address", 7));
	for (struct pb_in in = pb_in(e.raw); pb_next(&in, &f) == PB_FIELD;)
		assert_true(f.number == 1 || f.number == 3);
	end_world(w);
}

static void
a_heartbeat_is_no_change_but_where_every_version_is_asked_for(void **state)
{
	(void)state;
	for (unsigned every = 0; every < 2; every++) {
		struct world *w = world((struct publisher_options){.every_version = every});

		for (unsigned beat = 0; beat < 3; beat++) {
			struct bytes raw = {.n = 0}, condition = {.n = 0}, status = {.n = 0};
			char text[8];

			snprintf(text, sizeof(text), "%u", beat);
			put_meta(&raw, "", "n1", text);
			put_text(&condition, 1, "Ready");
			put_text(&condition, 3, text); /* lastHeartbeatTime */
			put_message(&status, 4, &condition);
			put_message(&raw, 3, &status);
			put(w, SOURCE_NODE, raw);
		}
		assert_written(w, every ? "nodes//n1\nnodes//n1\nnodes//n1\n" : "nodes//n1\n");
		end_world(w);
	}
}

static void
an_object_that_cannot_be_read_keeps_what_is_written(void **state)
{
	struct world *w = world((struct publisher_options){.every_version = false});
	struct bytes broken = {.n = 0};

	(void)state;
	put(w, SOURCE_SERVICE, raw_of("shop", "web", "1", ""));
	w->written[0] = '\0';
	begin(w, SOURCE_SERVICE);
	assert_written(w, "sync//begin {\"epoch\":1000}\n");
	put_meta(&broken, "shop", "web", "2");
	put_raw(&broken, "\x0b", 1);
	put(w, SOURCE_SERVICE, broken);
	put(w, SOURCE_SERVICE, raw_of("sh/op", "web", "1", ""));
	put(w, SOURCE_SERVICE, raw_of("shop", "", "1", ""));
	put(w, SOURCE_SERVICE, raw_of("", "no-namespace", "1", ""));
	broken.n = 0;
	put(w, SOURCE_SERVICE, broken);
	assert_written(w, "");
	end_world(w);
}

static void
an_epoch_writes_everything_again_under_a_higher_number(void **state)
{
	struct world *w = world((struct publisher_options){.every_version = false});

	(void)state;
	begin(w, SOURCE_NODE);
	put(w, SOURCE_NODE, raw_of("", "n1", "5", ""));
	end(w, SOURCE_NODE, "9");
	list_the_rest(w);
	w->written[0] = '\0';
	publisher_epoch(&w->p, 400); /* the clock went back */
	begin(w, SOURCE_NODE);
	put(w, SOURCE_NODE, raw_of("", "n1", "5", ""));
	assert_written(w, "sync//begin {\"epoch\":1001}\nnodes//n1\n");
	assert_int_equal(w->epoch, 1001);
	end_world(w);
}

static struct value_span
text(const char *json)
{
	return (struct value_span){.at = (const uint8_t *)json, .n = strlen(json)};
}

static void
an_object_in_json_is_written_as_json_without_managed_fields(void **state)
{
	struct world *w = world((struct publisher_options){.every_version = false});
	const char *object =
	    "{\"kind\":\"IPPool\",\"apiVersion\":\"crd.projectcalico.org/v1\",\"metadata\":{"
	    "\"name\":\"p\",\"resourceVersion\":\"7\",\"annotations\":{\"a\":\"b\"},"
	    "\"managedFields\":[{\"manager\":\"x\"}]},\"spec\":{\"cidr\":\"10.0.0.0/8\"}}";
	const char *later = "{\"kind\":\"IPPool\",\"apiVersion\":\"crd.projectcalico.org/v1\","
	                    "\"metadata\":{\"annotations\":{\"a\":\"b\"},\"name\":\"p\","
	                    "\"resourceVersion\":\"8\"},\"spec\":{\"cidr\":\"10.0.0.0/8\"}}";

	(void)state;
	begin(w, SOURCE_IPPOOL);
	w->written[0] = '\0';
	publisher_sink.object(&w->p, &sources[SOURCE_IPPOOL], text(object));
	assert_written(w,
	    "ippools//p {\"apiVersion\":\"crd.projectcalico.org/v1\",\"kind\":\"IPPool\","
	    "\"metadata\":{\"annotations\":{\"a\":\"b\"},\"name\":\"p\",\"resourceVersion\":\"7\"},"
	    "\"spec\":{\"cidr\":\"10.0.0.0/8\"}}\n");
	publisher_sink.object(&w->p, &sources[SOURCE_IPPOOL], text(later)); /* only a version */
	assert_written(w, "");
	publisher_sink.deleted(&w->p, &sources[SOURCE_IPPOOL], text(later));
	assert_written(w, "-ippools//p 8\n");
	end_world(w);
}

static void
an_object_in_json_loses_the_annotations_that_are_not_kept(void **state)
{
	static const char *const kept[] = {"heliograph.io/"};
	struct world *w = world((struct publisher_options){
	    .no_annotations = true, .kept_annotations = kept, .n_kept_annotations = 1});

	(void)state;
	begin(w, SOURCE_BGPPEER);
	w->written[0] = '\0';
	publisher_sink.object(&w->p, &sources[SOURCE_BGPPEER],
	    text(
	        "{\"metadata\":{\"name\":\"p\",\"annotations\":{\"a\":\"b\",\"heliograph.io/x\":"
	        "\"1\"}}}"));
	assert_written(w,
	    "bgppeers//p {\"metadata\":{\"annotations\":{\"heliograph.io/x\":\"1\"},"
	    "\"name\":\"p\"}}\n");
	publisher_sink.object(
	    &w->p, &sources[SOURCE_BGPPEER], text("[1]")); /* refused, counted */
	publisher_sink.object(
	    &w->p, &sources[SOURCE_BGPPEER], text("{\"metadata\":{\"name\":7}}"));
	assert_written(w, "");
	end_world(w);
}

static void
an_object_in_json_keeps_all_annotations_where_none_are_to_be_left_out(void **state)
{
	/* As feed.c says it: prefixes are counted though there are none. */
	struct world *w = world((struct publisher_options){.n_kept_annotations = 2});
	const char *object =
	    "{\"metadata\":{\"annotations\":{\"kubectl.kubernetes.io/last-applied-configuration\":"
	    "\"{}\",\"odd\":\"a\\u0000b\"},\"name\":\"p\"}}";
	char line[400];

	(void)state;
	begin(w, SOURCE_IPPOOL);
	w->written[0] = '\0';
	publisher_sink.object(&w->p, &sources[SOURCE_IPPOOL], text(object));
	snprintf(line, sizeof(line), "ippools//p %s\n", object);
	assert_written(w, line);
	end_world(w);
}

static void
list_all_but_ippools(struct world *w)
{
	for (unsigned i = SOURCE_NODE; i < SOURCE_IPPOOL; i++) {
		begin(w, (enum source_id)i);
		end(w, (enum source_id)i, "9");
	}
}

static void
a_resource_that_is_denied_is_not_counted_at_the_end_of_the_listing(void **state)
{
	struct world *w = world((struct publisher_options){.every_version = false});

	(void)state;
	begin(w, SOURCE_NODE);
	end(w, SOURCE_NODE, "9");
	for (unsigned i = SOURCE_SERVICE; i < SOURCE_BGPCONFIG; i++) {
		begin(w, (enum source_id)i);
		end(w, (enum source_id)i, "9");
	}
	for (unsigned i = SOURCE_BGPCONFIG; i < SOURCE_IPPOOL; i++)
		publisher_sink.denied(&w->p, &sources[i]);
	assert_int_equal(counts_read(COUNT_DENIED), 3);
	assert_int_equal(counts_read(COUNT_WATCHING), SOURCE_COUNT - 1);
	w->written[0] = '\0';
	begin(w, SOURCE_IPPOOL);
	end(w, SOURCE_IPPOOL, "9");
	assert_written(w, "sync//end {\"epoch\":1000,\"counts\":{\"nodes\":0,\"services\":0,"
	                  "\"endpointslices\":0,\"servicecidrs\":0,\"ippools\":0}}\n");
	end_world(w);
}

static void
a_resource_that_was_left_out_of_a_listing_and_is_granted_asks_for_another(void **state)
{
	struct world *w = world((struct publisher_options){.every_version = false});

	(void)state;
	list_all_but_ippools(w);
	publisher_sink.denied(&w->p, &sources[SOURCE_IPPOOL]);
	publisher_sink.denied(&w->p, &sources[SOURCE_IPPOOL]);
	assert_null(strstr(w->written, "ippools"));
	assert_int_equal(w->again, 0);
	/* An earlier run may have written pools that are not there any more. */
	begin(w, SOURCE_IPPOOL);
	assert_int_equal(w->again, 0); /* it may break off */
	end(w, SOURCE_IPPOOL, "9");
	assert_int_equal(w->again, 1);
	assert_int_equal(counts_read(COUNT_DENIED), 0);
	publisher_epoch(&w->p, 2000);
	w->written[0] = '\0';
	list_all_but_ippools(w);
	begin(w, SOURCE_IPPOOL);
	end(w, SOURCE_IPPOOL, "9");
	assert_non_null(strstr(w->written, "sync//end {\"epoch\":2000"));
	assert_non_null(strstr(w->written, "\"ippools\":0}}"));
	begin(w, SOURCE_IPPOOL);
	end(w, SOURCE_IPPOOL, "9");
	assert_int_equal(w->again, 1);
	end_world(w);
}

static void
a_resource_that_is_absent_is_not_said_to_be_listed_each_time_it_is_looked_for(void **state)
{
	struct world *w = world((struct publisher_options){.every_version = false});
	struct heard_log log;

	(void)state;
	log_begin(&log);
	for (unsigned i = 0; i < 3; i++) {
		begin(w, SOURCE_IPPOOL);
		end(w, SOURCE_IPPOOL, "");
	}
	begin(w, SOURCE_BGPPEER);
	end(w, SOURCE_BGPPEER, "9");
	log_end(&log);
	assert_int_equal(times(log.text, "resource=ippools"), 0);
	assert_int_equal(times(log.text, "resource=bgppeers"), 1);
	list_all_but_ippools(w);
	assert_non_null(strstr(w->written, "\"ippools\":0}}"));
	end_world(w);
}

static void
a_resource_that_was_listed_and_is_denied_then_is_counted(void **state)
{
	struct world *w = world((struct publisher_options){.every_version = false});

	(void)state;
	begin(w, SOURCE_IPPOOL);
	publisher_sink.object(
	    &w->p, &sources[SOURCE_IPPOOL], text("{\"metadata\":{\"name\":\"p\"}}"));
	end(w, SOURCE_IPPOOL, "9");
	publisher_sink.denied(&w->p, &sources[SOURCE_IPPOOL]); /* its watch */
	list_all_but_ippools(w);
	assert_non_null(strstr(w->written, "\"ippools\":1}}"));
	w->written[0] = '\0';
	begin(w, SOURCE_IPPOOL); /* and what was deleted meanwhile is found by the next list */
	end(w, SOURCE_IPPOOL, "12");
	assert_written(w, "-ippools//p 12\n");
	assert_int_equal(w->again, 0);
	end_world(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_full_listing_is_bracketed_and_counted),
	    cmocka_unit_test(the_same_listing_again_writes_nothing),
	    cmocka_unit_test(an_object_in_json_is_written_as_json_without_managed_fields),
	    cmocka_unit_test(
	        an_object_in_json_keeps_all_annotations_where_none_are_to_be_left_out),
	    cmocka_unit_test(an_object_in_json_loses_the_annotations_that_are_not_kept),
	    cmocka_unit_test(
	        a_resource_that_is_denied_is_not_counted_at_the_end_of_the_listing),
	    cmocka_unit_test(
	        a_resource_that_was_left_out_of_a_listing_and_is_granted_asks_for_another),
	    cmocka_unit_test(
	        a_resource_that_is_absent_is_not_said_to_be_listed_each_time_it_is_looked_for),
	    cmocka_unit_test(a_resource_that_was_listed_and_is_denied_then_is_counted),
	    cmocka_unit_test(a_deletion_names_its_version),
	    cmocka_unit_test(a_value_is_the_object_sealed_without_its_managed_fields),
	    cmocka_unit_test(a_heartbeat_is_no_change_but_where_every_version_is_asked_for),
	    cmocka_unit_test(an_object_that_cannot_be_read_keeps_what_is_written),
	    cmocka_unit_test(an_epoch_writes_everything_again_under_a_higher_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
