/* SPDX-License-Identifier: Apache-2.0 */
/* What is held until an operator decides is held on by the next run. */
#include "breaker_world.h"
#include "rib/kept_holds.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define WALL     (1800000000ull * S)
#define HALF_DAY (43200 * S)

static const char config_text[] =
    "router_id: 10.255.0.1\nlocal_as: 64512\npeers: []\n"
    "advertise: {cluster_ips: [10.0.0.0/8], load_balancer_ips: [10.0.0.0/8]}\n";

static struct config *config;
static char folder[] = "/tmp/kept-holds-XXXXXX";
static char path[sizeof(folder) + 8];
static char why[512];

static int
begin_keeping(void **state)
{
	static struct config_errors errors;

	config = config_load_text("test", config_text, strlen(config_text), &errors);
	assert_non_null(config);
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/holds", folder);
	return begin_breaking(state);
}

static int
end_keeping(void **state)
{
	unlink(path);
	rmdir(folder);
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	config_free(config);
	return end_breaking(state);
}

#define KEEPING(test) cmocka_unit_test_setup_teardown(test, begin_keeping, end_keeping)

static void
keep(void) ALL_ROLES
{
	struct kept_holds kept;

	kept_holds_take(&kept, &breaker, now, WALL);
	assert_true(kept_holds_store(&kept, path, why, sizeof(why)));
	kept_holds_fini(&kept);
}

/* Another process, an hour later: an empty table. */
static void
start_anew(void **state) ALL_ROLES
{
	end_breaking(state);
	begin_breaking(state);
	now = 3 * S;
	breaker_now(&breaker, now);
}

static uint32_t
load_and_restore(void) ALL_ROLES
{
	struct kept_holds kept;
	uint32_t n;

	assert_true(kept_holds_load(&kept, path, HALF_DAY, why, sizeof(why)));
	n = kept_holds_restore(&kept, config, &breaker, now, WALL + 3600 * S);
	kept_holds_fini(&kept);
	breaker_tick(&breaker, now);
	table_commit(&table);
	return n;
}

/* 2,000 paths, of which 15 % may go; then 30 prefixes lose all of theirs, and half is held. */
static void
hold_some(void) ALL_ROLES
{
	two_thousand_paths();
	for (uint32_t i = 0; i < 30; i++)
		put(i, 0);
	assert_int_equal(held(HOLD_LIMIT), 300);
}

static void
what_was_held_is_announced_and_held_by_the_next_run(void **state) ALL_ROLES
{
	hold_some();
	keep();
	start_anew(state);
	put(99, 0xfffff);
	assert_int_equal(load_and_restore(), 300);
	assert_int_equal(held(HOLD_LIMIT), 300);
	assert_int_equal(announced(29), 0xfffff);
	assert_int_equal(announced(0), 0); /* had gone */
	assert_int_equal(path_of(get(29), 3)->attrs, path_of(get(99), 3)->attrs);
	assert_true(breaker.by[CLASS_CLUSTER_IP].open);
	pass(3600 * S);
	assert_int_equal(held(HOLD_LIMIT), 300); /* until an operator decides */
	breaker_release(&breaker, &(struct hold_match){.prefix_class = -1}, true, now);
	table_commit(&table);
	assert_int_equal(announced(29), 0);
}

static void
paths_that_the_cluster_has_again_are_not_held(void **state) ALL_ROLES
{
	hold_some();
	keep();
	start_anew(state);
	put(29, 0xfffff);
	put(28, 0x1);
	assert_int_equal(load_and_restore(), 300 - 20 - 1);
	assert_int_equal(announced(28), 0xfffff);
	put(28, 0xfffff);
	assert_int_equal(held(HOLD_LIMIT), 300 - 40);
}

static void
what_an_operator_has_released_goes_on_going(void **state) ALL_ROLES
{
	hold_some();
	breaker_release(&breaker, &(struct hold_match){.prefix_class = -1}, false, now);
	keep();
	start_anew(state);
	for (uint32_t i = 30; i < 100; i++)
		put(i, 0xfffff);
	load_and_restore();
	for (unsigned i = 0; i < 10; i++)
		pass(60 * S);
	assert_int_equal(held(HOLD_LIMIT), 0);
	assert_int_equal(announced(29), 0);
}

static void
what_ends_by_itself_is_not_kept(void **state) ALL_ROLES
{
	struct breaker_rules r = {.percent = 100,
	    .window_ns = 60 * S,
	    .last_path_ns = 5 * S,
	    .last_prefix_ns = 5 * S};

	with(&r);
	two_thousand_paths();
	put(1, 0);
	assert_int_equal(held(HOLD_LAST_PATH), 20);
	keep();
	start_anew(state);
	assert_int_equal(load_and_restore(), 0);
}

static void
what_was_held_by_an_order_that_is_taken_back_goes(void **state) ALL_ROLES
{
	two_thousand_paths();
	breaker_no_withdraw(&breaker, true, now);
	put(1, 0);
	assert_int_equal(held(HOLD_NO_WITHDRAW), 20);
	keep();
	start_anew(state);
	for (uint32_t i = 2; i < 100; i++)
		put(i, 0xfffff);
	assert_int_equal(load_and_restore(), 20);
	assert_int_equal(announced(1), 0);
	start_anew(state);
	breaker_no_withdraw(&breaker, true, now);
	load_and_restore();
	assert_int_equal(announced(1), 0xfffff);
}

static void
what_the_guard_refuses_now_is_not_announced_again(void **state) ALL_ROLES
{
	static const char other[] = "router_id: 10.255.0.1\nlocal_as: 64512\npeers: []\n"
	                            "advertise: {cluster_ips: [10.96.0.0/12]}\n";
	static struct config_errors errors;

	hold_some();
	keep();
	start_anew(state);
	config_free(config);
	config = config_load_text("test", other, strlen(other), &errors);
	assert_int_equal(load_and_restore(), 0);
	assert_int_equal(table.live_paths, 0);
}

static void
a_file_that_is_not_there_or_too_old_holds_nothing(void **state) ALL_ROLES
{
	struct timespec past[2];

	start_anew(state);
	assert_int_equal(load_and_restore(), 0);
	hold_some();
	keep();
	past[0] = past[1] = (struct timespec){.tv_sec = time(NULL) - 86400};
	assert_int_equal(utimensat(AT_FDCWD, path, past, 0), 0);
	start_anew(state);
	assert_int_equal(load_and_restore(), 0);
}

static void
a_damaged_file_is_refused_whatever_byte_it_is(void **state) ALL_ROLES
{
	struct kept_holds kept;
	unsigned char byte;
	struct stat st;
	int fd;

	(void)state;
	hold_some();
	keep();
	assert_int_equal(stat(path, &st), 0);
	for (off_t at = 0; at < st.st_size; at += 1 + at / 64) {
		fd = open(path, O_RDWR);
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		assert_false(kept_holds_load(&kept, path, HALF_DAY, why, sizeof(why)));
		assert_non_null(strstr(why, "it is damaged, or another version's"));
		assert_int_equal(kept.n, 0);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		close(fd);
	}
	for (off_t size = 0; size < st.st_size; size += 37) {
		assert_int_equal(truncate(path, size), 0);
		assert_false(kept_holds_load(&kept, path, HALF_DAY, why, sizeof(why)));
		assert_int_equal(truncate(path, st.st_size), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    KEEPING(what_was_held_is_announced_and_held_by_the_next_run),
	    KEEPING(paths_that_the_cluster_has_again_are_not_held),
	    KEEPING(what_an_operator_has_released_goes_on_going),
	    KEEPING(what_ends_by_itself_is_not_kept),
	    KEEPING(what_was_held_by_an_order_that_is_taken_back_goes),
	    KEEPING(what_the_guard_refuses_now_is_not_announced_again),
	    KEEPING(a_file_that_is_not_there_or_too_old_holds_nothing),
	    KEEPING(a_damaged_file_is_refused_whatever_byte_it_is),
	};
	int failed;

	role_take(ROLE_WRITER, "test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
