/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys differ, and which of them a running program can follow. */
#include "config/compare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BASE "router_id: 192.0.2.7\nlocal_as: 64512\n"

static struct config *
load(const char *more)
{
	static struct config_errors errors;
	struct config *c;
	char text[2048];

	snprintf(text, sizeof(text), BASE "%s", more);
	c = config_load_text("test", text, strlen(text), &errors);
	if (!c)
		fail_msg("%s", errors.text[0]);
	return c;
}

static char told[2048];

static void
tell(void *ctx, const struct config_difference *d)
{
	size_t n = strlen(told);

	(void)ctx;
	snprintf(told + n, sizeof(told) - n, "%s%s: %s -> %s%s%s", n ? "; " : "", d->key,
	    d->before ? d->before : "-", d->after ? d->after : "-", d->live ? "" : " (start)",
	    d->paths ? " (paths)" : "");
}

static void
assert_differs(const char *before, const char *after, const char *want)
{
	struct config *a = load(before), *b = load(after);

	told[0] = '\0';
	config_compare(a, b, tell, NULL);
	assert_string_equal(told, want);
	config_free(a);
	config_free(b);
}

static void
what_says_the_same_in_other_words_does_not_differ(void **state)
{
	(void)state;
	assert_differs("peers: []\n", "peers: []\nlog: {level: info}\n# words\n", "");
}

static void
live_keys_and_those_of_the_start_are_told_apart(void **state)
{
	(void)state;
	assert_differs("peers: []\n", "peers: []\nadvertise: {cluster_ips: [10.96.0.0/12]}\n",
	    "advertise.cluster_ips: [] -> [10.96.0.0/12] (paths)");
	assert_differs(
	    "peers: []\n", "peers: []\nthreads: {io: 3}\n", "threads.io: 0 -> 3 (start)");
	assert_differs("peers: []\n", "peers: []\nlog: {level: debug}\nsafety: {settle: 3s}\n",
	    "log.level: info -> debug; safety.settle: 0s -> 3s");
	assert_differs("peers: []\n", "peers: []\nsafety: {watchdog: {abort: 90s}}\n",
	    "safety.watchdog.abort: 60s -> 90s (start)");
	assert_differs("peers: []\n",
	    "peers: []\nadvertise: {node_address: {ipv4: projectcalico.org/IPv4Address}}\n",
	    "advertise.node_address.ipv4: (the node's InternalIP) -> "
	    "projectcalico.org/IPv4Address (start) (paths)");
}

static void
a_view_that_begins_to_weigh_concerns_the_paths_and_another_key_of_it_does_not(void **state)
{
	(void)state;
	assert_differs("peers: []\nviews: {v: {max_next_hops: 2}}\n",
	    "peers: []\nviews: {v: {max_next_hops: 3, weight: endpoints}}\n",
	    "views.v.max_next_hops: 2 -> 3; views.v.weight: none -> endpoints (paths)");
}

static void
what_one_of_several_clusters_advertises_is_live_and_its_topic_is_not(void **state)
{
#define CLUSTERS(topic, cidr)                                                                  \
	"peers: []\nclusters: [{name: a, kafka: {topic: " topic                                \
	"}, advertise: {cluster_ips: [" cidr "]}}]\n"
	(void)state;
	assert_differs(CLUSTERS("x", "10.96.0.0/12"), CLUSTERS("y", "10.97.0.0/16"),
	    "clusters[0].advertise.cluster_ips: [10.96.0.0/12] -> [10.97.0.0/16] (paths); "
	    "clusters[0].kafka.topic: x -> y (start)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_says_the_same_in_other_words_does_not_differ),
	    cmocka_unit_test(live_keys_and_those_of_the_start_are_told_apart),
	    cmocka_unit_test(
	        a_view_that_begins_to_weigh_concerns_the_paths_and_another_key_of_it_does_not),
	    cmocka_unit_test(
	        what_one_of_several_clusters_advertises_is_live_and_its_topic_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
