/* SPDX-License-Identifier: Apache-2.0 */
/* What the API, the probes and the metrics answer. */
#include "fixture.h"

static struct scene scene;

static void
assert_error(
    const char *path, const char *name, const char *value, int expected, const char *words)
{
	int status;
	char *text = scene_ask(&scene, path, name, value, &status);

	assert_int_equal(status, expected);
	if (strncmp(text, "{\"error\":\"", 10) != 0 || !strstr(text, words))
		fail_msg("%s: expected \"%s\" in %s", path, words, text);
	free(text);
}

static void
a_question_that_cannot_be_answered_gets_a_reason(void **state)
{
	(void)state;
	scene_begin(&scene, "");
	scene_fill(&scene);
	assert_error("/", NULL, NULL, 404, "there is nothing at /");
	assert_error(
	    "/api/v1/nodes", "prefix", "10.0.0.0/8", 400, "takes no parameter \\\"prefix\\\"");
	assert_error("/api/v1/paths", "prefix", "10.96.0.1/12", 400, "neither a prefix");
	assert_error("/api/v1/paths", "next_hop", "n1", 400, "not an IP address");
	assert_error("/api/v1/paths", "peer", "tor-9", 404,
	    "no peer has the name or address \\\"tor-9\\\"");
	assert_error("/api/v1/peers", "peer", "tor-9", 404,
	    "no peer has the name or address \\\"tor-9\\\"");
	assert_error("/api/v1/explain", NULL, NULL, 400, "which prefix?");
	assert_error("/api/v1/explain", "prefix", "x", 400, "neither a prefix");
	scene_end(&scene);
}

static void
a_parameter_that_nobody_knows_is_refused(void **state)
{
	struct call *c;

	(void)state;
	scene_begin(&scene, "");
	c = call_new(&scene.sources);
	assert_false(call_set(c, "prefixx", "1"));
	call_free(c);
	scene_end(&scene);
}

static void
calicos_objects_are_listed_with_what_is_acted_on(void **state)
{
	int status;
	char *text;

	(void)state;
	scene_begin(&scene, "");
	scene_fill(&scene);
	scene_record(&scene, "bgpconfigurations//default",
	    "{\"metadata\":{\"name\":\"default\",\"resourceVersion\":\"7\"},\"spec\":{"
	    "\"serviceExternalIPs\":[{\"cidr\":\"192.0.2.0/24\"}],\"bindMode\":\"NodeIP\"}}");
	scene_record(&scene, "ippools//pods",
	    "{\"metadata\":{\"name\":\"pods\"},\"spec\":{\"cidr\":\"10.0.0.0/8\"}}");
	text = scene_ask(&scene, "/api/v1/calico", NULL, NULL, &status);
	assert_int_equal(status, 200);
	assert_non_null(strstr(text,
	    "\"resource\":\"bgpconfigurations\",\"name\":\"default\",\"resource_version\":7,"
	    "\"fields\":[{\"field\":\"serviceExternalIPs\",\"applied\":true,"
	    "\"why\":\"as advertise.external_ips\"},{\"field\":\"bindMode\",\"applied\":false,"));
	assert_non_null(strstr(text, "\"ippools\",\"name\":\"pods\""));
	free(text);
	scene_end(&scene);
}

static void
it_is_alive_at_once_and_ready_when_the_first_commit_is_out(void **state)
{
	int status;
	char *text;

	(void)state;
	scene_begin(&scene, "");
	free(scene_ask(&scene, "/livez", NULL, NULL, &status));
	assert_int_equal(status, 200);
	text = scene_ask(&scene, "/readyz", NULL, NULL, &status);
	assert_int_equal(status, 503);
	assert_non_null(strstr(text, "not ready: stream "));
	free(text);
	scene_fill(&scene);
	text = scene_ask(&scene, "/readyz", NULL, NULL, &status);
	assert_int_equal(status, 200);
	assert_string_equal(text, "ok\n");
	free(text);
	scene_end(&scene);
}

/* The prefixes and paths that are listed. */
static void
assert_listed(const char *name, const char *value, unsigned prefixes, unsigned paths)
{
	char *text = scene_ask(&scene, "/api/v1/paths", name, value, NULL);

	assert_int_equal(scene_count(text, "\"prefix\":"), prefixes);
	assert_int_equal(scene_count(text, "\"next_hop\":"), paths);
	free(text);
}

static void
paths_are_listed_with_what_they_carry(void **state)
{
	(void)state;
	scene_begin(&scene, "");
	scene_fill(&scene);
	assert_listed(NULL, NULL, 2, 5); /* the aggregate, the /32 */
	assert_listed("prefix", "10.96.0.7/32", 1, 2);
	scene_expect(&scene, "/api/v1/paths", "prefix", "10.96.0.7/32",
	    "{\"next_hop\":\"10.0.0.1\",\"path_id\":167772161,\"originator\":\"10.0.0.1\",");
	scene_expect(&scene, "/api/v1/paths", "prefix", "10.96.0.7/32",
	    "\"local_pref\":100,\"communities\":[\"64512:100\",\"64512:1:2\"]}");
	scene_end(&scene);
}

static void
an_address_finds_every_prefix_that_covers_it(void **state)
{
	(void)state;
	scene_begin(&scene, "");
	scene_fill(&scene);
	assert_listed("prefix", "10.96.0.7", 2, 5);
	assert_listed("prefix", "10.96.0.8", 1, 3);
	assert_listed("prefix", "10.0.0.0/8", 0, 0);
	scene_end(&scene);
}

static void
a_next_hop_finds_its_paths_and_no_other(void **state)
{
	(void)state;
	scene_begin(&scene, "");
	scene_fill(&scene);
	assert_listed("next_hop", "10.0.0.1", 2, 2);
	assert_listed("next_hop", "10.0.0.3", 1, 1); /* n2 has no endpoint */
	scene_expect(
	    &scene, "/api/v1/paths", "next_hop", "10.0.0.3", "\"class\":\"aggregate\"");
	scene_end(&scene);
}

static void
explain_tells_the_steps_and_the_verdict(void **state)
{
	char *text;

	(void)state;
	scene_begin(&scene, "");
	scene_fill(&scene);
	text = scene_ask(&scene, "/api/v1/explain", "prefix", "10.96.0.7", NULL);
	assert_int_equal(scene_count(text, "\"kind\":\"node\""), 2);
	assert_int_equal(scene_count(text, "\"kind\":\"slice\""), 1);
	assert_int_equal(scene_count(text, "\"kind\":\"verdict\""), 1);
	assert_non_null(strstr(text, "\"paths\":2"));
	free(text);
	scene_end(&scene);
}

static void
a_long_answer_comes_in_pages_that_make_one_document(void **state)
{
	struct call *c;
	char *text;
	unsigned pages = 0;
	size_t largest = 0, n;

	(void)state;
	scene_begin(&scene, "");
	for (unsigned i = 0; i < 2000; i++)
		scene_node(&scene, i);
	scene_record(&scene, NULL, NULL);
	c = call_new(&scene.sources);
	role_take(ROLE_WATCH, "watch");
	role_is_watch();
	call_run(c, CALL_GET, "/api/v1/nodes");
	for (; c->page; pages++) {
		call_more(c);
		n = evbuffer_get_length(c->out);
		largest = n > largest ? n : largest;
		evbuffer_drain(c->out, n);
	}
	role_drop();
	call_free(c);
	assert_true(pages > 3);
	assert_true(
	    largest < CALL_PAGE_BYTES + 4096); /* it may end behind its limit by one entry */
	text = scene_ask(&scene, "/api/v1/nodes", NULL, NULL, NULL);
	assert_int_equal(
	    scene_count(text, "\n{\"cluster\":") + scene_count(text, "\n,{\"cluster\":"), 2000);
	assert_string_equal(text + strlen(text) - 4, "\n]}\n");
	free(text);
	scene_end(&scene);
}

static void
the_other_answers_hold_what_the_tables_hold(void **state)
{
	static const struct {
		const char *path, *words;
	} rows[] = {{"/api/v1/summary", "\"router_id\":\"10.255.0.1\",\"local_as\":64512"},
	    {"/api/v1/summary", "\"ready\":true,\"not_ready_because\":null"},
	    {"/api/v1/summary", "\"paths\":{\"ipv4\":5,\"ipv6\":0}"},
	    {"/api/v1/summary",
	        "\"objects\":{\"nodes\":3,\"services\":1,\"endpointslices\":1,"},
	    {"/api/v1/summary", "\"peers\":[]"}, {"/api/v1/peers", "{\"peers\":[]}"},
	    {"/api/v1/nodes",
	        "{\"cluster\":\"default\",\"name\":\"n0\",\"addresses\":[\"10.0.0.1\"],\"ready\":\"true\""},
	    {"/api/v1/services", "\"external_traffic_policy\":\"Local\""},
	    {"/api/v1/services", "\"slices\":1,\"endpoints\":2,\"ready_endpoints\":2"},
	    {"/api/v1/kafka", "\"topic\":\"kubernetes-state\""},
	    {"/api/v1/groups", "\"groups\":[]"}, {"/api/v1/memory", "{\"resident_bytes\":"},
	    {"/api/v1/version", "{\"version\":\"" HELIO_VERSION "\""}};

	(void)state;
	scene_begin(&scene, "http: none\n");
	scene_fill(&scene);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		scene_expect(&scene, rows[i].path, NULL, NULL, rows[i].words);
	scene_end(&scene);
}

/* Each line of the text is a comment or "name{labels} value"; families stand together. */
static void
the_metrics_are_openmetrics_text(void **state)
{
	char *text, *line, *rest = NULL, seen[256][80];
	char family[80] = "", type[16] = "";
	unsigned n_seen = 0;
	int status;

	(void)state;
	scene_begin(&scene, "");
	scene_fill(&scene);
	text = scene_ask(&scene, "/metrics", NULL, NULL, &status);
	assert_int_equal(status, 200);
	assert_non_null(
	    strstr(text, "heliograph_class_paths{class=\"cluster_ip\",family=\"ipv4\"} 2\n"));
	assert_non_null(
	    strstr(text, "heliograph_build_info{version=\"" HELIO_VERSION "\"} 1\n"));
	assert_non_null(strstr(text, "heliograph_ready 1\n"));
	assert_string_equal(text + strlen(text) - 6, "# EOF\n");
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (sscanf(line, "# TYPE %79s %15s", family, type) == 2) {
			for (unsigned i = 0; i < n_seen; i++)
				if (strcmp(seen[i], family) == 0)
					fail_msg("family %s stands in two places", family);
			assert_true(n_seen < COUNT_OF(seen));
			strcpy(seen[n_seen++], family);
		} else if (line[0] != '#') {
			size_t n = strlen(family);
			const char *suffix = strcmp(type, "counter") == 0 ? "_total"
			                     : strcmp(type, "info") == 0  ? "_info"
			                                                  : "";

			if (strncmp(line, family, n) != 0 ||
			    strncmp(line + n, suffix, strlen(suffix)) != 0 ||
			    !strchr("{ ", line[n + strlen(suffix)]))
				fail_msg("%s does not belong to %s %s", line, type, family);
		}
	}
	free(text);
	scene_end(&scene);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(calicos_objects_are_listed_with_what_is_acted_on),
	    cmocka_unit_test(a_question_that_cannot_be_answered_gets_a_reason),
	    cmocka_unit_test(a_parameter_that_nobody_knows_is_refused),
	    cmocka_unit_test(it_is_alive_at_once_and_ready_when_the_first_commit_is_out),
	    cmocka_unit_test(paths_are_listed_with_what_they_carry),
	    cmocka_unit_test(an_address_finds_every_prefix_that_covers_it),
	    cmocka_unit_test(a_next_hop_finds_its_paths_and_no_other),
	    cmocka_unit_test(explain_tells_the_steps_and_the_verdict),
	    cmocka_unit_test(a_long_answer_comes_in_pages_that_make_one_document),
	    cmocka_unit_test(the_other_answers_hold_what_the_tables_hold),
	    cmocka_unit_test(the_metrics_are_openmetrics_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
