/* SPDX-License-Identifier: Apache-2.0 */
/* Names to addresses by a thread of its own. Only /etc/hosts is asked here; test_replica_names.py has a DNS server. */
#include "core/clock.h"
#include "watch/resolver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const char *const local[] = {"localhost"};

static struct resolved
wait_for(struct resolver *r, const char *name)
{
	const struct timespec moment = {.tv_nsec = 2000000};
	struct resolved known = {.n = 0};

	for (unsigned i = 0; i < 5000 && !known.asked; i++) {
		assert_true(resolver_read(r, name, &known));
		nanosleep(&moment, NULL);
	}
	assert_true(known.asked);
	return known;
}

static void
a_name_becomes_its_addresses(void **state)
{
	struct resolver *r = resolver_new();
	struct resolved known;
	char text[IP_TEXT_MAX];

	(void)state;
	resolver_want(r, local, 1);
	known = wait_for(r, "localhost");
	assert_string_equal(known.error, "");
	assert_true(known.n >= 1);
	assert_true(
	    strcmp(ip_text(&known.at[0], text), "127.0.0.1") == 0 || strcmp(text, "::1") == 0);
	resolver_free(r);
}

static void
what_is_known_of_a_name_stays_when_others_are_wanted_too_and_goes_when_it_is_not(void **state)
{
	static const char *const both[] = {"ip6-localhost", "localhost"};
	struct resolver *r = resolver_new();
	struct resolved known;

	(void)state;
	resolver_want(r, local, 1);
	wait_for(r, "localhost");
	resolver_want(r, both, 2);
	assert_true(resolver_read(r, "localhost", &known));
	assert_true(known.asked && known.n);
	resolver_want(r, both, 1);
	assert_false(resolver_read(r, "localhost", &known));
	resolver_free(r);
}

static void
without_names_there_is_no_thread_and_nothing_to_wait_for(void **state)
{
	struct resolver *r = resolver_new();
	struct resolved known;

	(void)state;
	resolver_want(r, NULL, 0);
	assert_false(resolver_read(r, "localhost", &known));
	resolver_free(r);
	resolver_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_name_becomes_its_addresses),
	    cmocka_unit_test(
	        what_is_known_of_a_name_stays_when_others_are_wanted_too_and_goes_when_it_is_not),
	    cmocka_unit_test(without_names_there_is_no_thread_and_nothing_to_wait_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
