/* SPDX-License-Identifier: Apache-2.0 */
#include "core/role.h"

#include "core/must.h"
#include "core/pulse.h"
#include "core/rcu.h"

#include <pthread.h>

struct role role_writer, role_consumer, role_decoder, role_packer, role_io, role_watch;
struct rcu_side rcu_side;

static _Thread_local enum role_id my_role;

#ifdef RCU_TSAN
#include <threads.h>
/* Links tsan_threads.c, whose thrd_create() must win over libc's. */
int (*const role_tsan_threads)(thrd_t *, thrd_start_t, void *) = thrd_create;
#endif

void
role_take(enum role_id id, const char *name)
{
	must(my_role == ROLE_NONE && id != ROLE_NONE);
	my_role = id;
	pthread_setname_np(pthread_self(), name);
	rcu_thread_register();
	pulse_begin(name);
}

void
role_drop(void)
{
	must(my_role != ROLE_NONE);
	my_role = ROLE_NONE;
	pulse_end();
	rcu_thread_unregister();
}

static void
check(enum role_id id)
{
#ifdef HELIO_DEBUG
	must(my_role == id);
#else
	(void)id;
#endif
}

void
role_is_writer(void)
{
	check(ROLE_WRITER);
}
void
role_is_consumer(void)
{
	check(ROLE_CONSUMER);
}
void
role_is_decoder(void)
{
	check(ROLE_DECODER);
}
void
role_is_packer(void)
{
	check(ROLE_PACKER);
}
void
role_is_io(void)
{
	check(ROLE_IO);
}
void
role_is_watch(void)
{
	check(ROLE_WATCH);
}
