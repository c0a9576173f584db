/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's hash table that readers search meanwhile, against a plain array. */
#include "core/hash.h"
#include "core/must.h"
#include "core/rcumap.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ALL_ROLES TSA(no_thread_safety_analysis)

#define KEYS   3000u
#define STABLE 300u /* these are put in once and stay: a reader must always find them */

static struct rcumap map;
static uint32_t key_of[KEYS]; /* by index; an index stands for one key for good */
static bool present[KEYS];    /* the model */
static _Atomic bool stop;

static uint64_t
hash_of(uint32_t key)
{
	return hash_mix(key);
}

static bool
same_key(const void *ctx, uint32_t index, const void *key)
{
	must(ctx == key_of);
	return key_of[index] == *(const uint32_t *)key;
}

static uint32_t
find(uint32_t key) ALL_ROLES
{
	return rcumap_find_own(&map, hash_of(key), same_key, key_of, &key);
}

static void
begin(void)
{
	rcumap_init(&map);
	memset(present, 0, sizeof(present));
	for (uint32_t i = 0; i < KEYS; i++)
		key_of[i] = i * 7 + 1;
}

static void
check_all(void)
{
	for (uint32_t i = 0; i < KEYS; i++)
		assert_int_equal(find(key_of[i]), present[i] ? i : RCUMAP_NONE);
}

static void
flip(uint32_t i) ALL_ROLES
{
	if (present[i])
		rcumap_remove(&map, hash_of(key_of[i]), i);
	else
		rcumap_insert(&map, hash_of(key_of[i]), i);
	present[i] = !present[i];
}

static void
an_empty_map_finds_nothing(void **state)
{
	(void)state;
	begin();
	check_all();
	rcumap_fini(&map);
}

/* No two of these keys have the same upper half of their hash, so what is tried first is it. */
static void
what_a_search_will_try_first_is_known_beforehand(void **state) ALL_ROLES
{
	(void)state;
	begin();
	for (uint32_t i = 0; i < KEYS; i += 2)
		flip(i);
	for (uint32_t i = 0; i < KEYS; i++) {
		uint64_t hash = hash_of(key_of[i]);

		rcumap_prefetch_own(&map, hash);
		assert_int_equal(rcumap_first_own(&map, hash), present[i] ? i : RCUMAP_NONE);
	}
	rcumap_fini(&map);
}

static void
random_inserts_and_removes_leave_what_a_plain_array_holds(void **state)
{
	uint64_t random = 1;

	(void)state;
	begin();
	for (unsigned round = 0; round < 60000; round++) {
		uint32_t i;

		random = hash_mix(random + 1);
		i = (uint32_t)(random % KEYS);
		flip(i);
		assert_int_equal(find(key_of[i]), present[i] ? i : RCUMAP_NONE);
		if (round % 5000 == 0)
			check_all();
	}
	check_all();
	rcumap_fini(&map);
	rcu_drain();
}

/* Removed entries fill slots until the array is built anew; its size must not grow by that. */
static void
coming_and_going_does_not_grow_the_map(void **state) ALL_ROLES
{
	uint32_t rebuilt = 0, dead = 0;

	(void)state;
	begin();
	for (unsigned round = 0; round < 10000; round++) {
		flip(round % 20);
		rebuilt += map.dead < dead;
		dead = map.dead;
		must(map.used <= 20 && map.used + map.dead <= 32); /* half of 64 slots */
	}
	assert_true(rebuilt > 100);
	rcumap_fini(&map);
	rcu_drain();
}

static void
keys_whose_hashes_are_equal_are_told_apart_by_comparing(void **state) ALL_ROLES
{
	(void)state;
	begin();
	for (uint32_t i = 0; i < 50; i++)
		rcumap_insert(&map, 42, i);
	for (uint32_t i = 0; i < 50; i += 2)
		rcumap_remove(&map, 42, i);
	for (uint32_t i = 0; i < 50; i++)
		assert_int_equal(rcumap_find_own(&map, 42, same_key, key_of, &key_of[i]),
		    i % 2 ? i : RCUMAP_NONE);
	rcumap_fini(&map);
	rcu_drain();
}

static void *
reader(void *arg) ALL_ROLES
{
	uint64_t random = (uintptr_t)arg;

	role_take(ROLE_IO, "reader");
	while (!atomic_load(&stop)) {
		rcu_enter();
		for (unsigned n = 0; n < 100; n++) {
			uint32_t i, found;

			random = hash_mix(random + 1);
			i = (uint32_t)(random % KEYS);
			found =
			    rcumap_find(&map, hash_of(key_of[i]), same_key, key_of, &key_of[i]);
			must(found == i || (found == RCUMAP_NONE && i >= STABLE));
		}
		rcu_leave();
	}
	role_drop();
	return NULL;
}

static void
readers_always_find_what_stays_while_the_map_grows_and_shrinks(void **state)
{
	pthread_t thread[2];
	uint64_t random = 9;

	(void)state;
	begin();
	for (uint32_t i = 0; i < STABLE; i++)
		flip(i);
	atomic_store(&stop, false);
	for (uintptr_t i = 0; i < COUNT_OF(thread); i++)
		assert_int_equal(pthread_create(&thread[i], NULL, reader, (void *)i), 0);
	for (unsigned round = 0; round < 100000; round++) {
		random = hash_mix(random + 1);
		flip(STABLE + (uint32_t)(random % (KEYS - STABLE)));
	}
	atomic_store(&stop, true);
	for (unsigned i = 0; i < COUNT_OF(thread); i++)
		pthread_join(thread[i], NULL);
	check_all();
	rcumap_fini(&map);
	rcu_drain();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_map_finds_nothing),
	    cmocka_unit_test(what_a_search_will_try_first_is_known_beforehand),
	    cmocka_unit_test(random_inserts_and_removes_leave_what_a_plain_array_holds),
	    cmocka_unit_test(coming_and_going_does_not_grow_the_map),
	    cmocka_unit_test(keys_whose_hashes_are_equal_are_told_apart_by_comparing),
	    cmocka_unit_test(readers_always_find_what_stays_while_the_map_grows_and_shrinks),
	};
	int failed;

	role_take(ROLE_WRITER, "test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
