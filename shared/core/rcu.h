/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only door to liburcu (flavour memb: a read side costs no instruction barrier).
 *
 * Protocol of every published object: build it completely, rcu_publish() it once, never
 * write to it again; replace it by publishing another and rcu_retire() the old one; its
 * memory goes after every read side that could see it has ended. RCU(T) wraps the pointer so
 * that it cannot be dereferenced by accident.
 *
 * Read sides are short and visible: rcu_enter() .. rcu_leave() around one unit of work, never
 * around a socket write or a blocking call. A thread registers by role_take(), nowhere else.
 */
#pragma once

#include "core/role.h"

#include <urcu/urcu-memb.h>

#if defined(__SANITIZE_THREAD__)
#define RCU_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RCU_TSAN 1
#endif
#endif

#define RCU(T)                                                                                 \
	struct {                                                                               \
		T *rcu_only_;                                                                  \
	}

/* Embedded in an object that is retired. */
struct rcu_later {
	struct rcu_head head;
	void (*free_it)(struct rcu_later *later);
};

void rcu_thread_register(void);
void rcu_thread_unregister(void);

#ifdef RCU_TSAN
/* liburcu's barriers are invisible to ThreadSanitizer: this says the same in its words. */
void rcu_tsan_leave(void);
#else
static inline void
rcu_tsan_leave(void)
{
}
#endif

static inline void
rcu_enter(void) TSA(acquire_shared_capability(rcu_side)) TSA(no_thread_safety_analysis)
{
	urcu_memb_read_lock();
}

static inline void
rcu_leave(void) TSA(release_shared_capability(rcu_side)) TSA(no_thread_safety_analysis)
{
	rcu_tsan_leave();
	urcu_memb_read_unlock();
}

static inline void
rcu_need_reader(void) RCU_READER
{
}
static inline void
rcu_need_writer(void) ON_WRITER
{
}
static inline void
rcu_need_packer(void) ON_PACKER
{
}

/* The published object, for use until rcu_leave(). */
#define rcu_get(f) (rcu_need_reader(), __atomic_load_n(&(f).rcu_only_, __ATOMIC_ACQUIRE))

/* The published object, for the one thread that publishes it (role: writer or packer). */
#define rcu_own_as(role, f) (rcu_need_##role(), (f).rcu_only_)
#define rcu_own(f)          rcu_own_as(writer, f)

/* Make v (complete, from now on immutable) what readers see. The old value is the caller's to retire. */
#define rcu_publish_as(role, f, v)                                                             \
	(rcu_need_##role(), __atomic_store_n(&(f).rcu_only_, (v), __ATOMIC_RELEASE))
#define rcu_publish(f, v) rcu_publish_as(writer, f, v)

/*
 * After a grace period, run free_it(later) on liburcu's callback thread. The object that
 * contains `later` must already be unreachable for new readers. Never blocks. Any thread
 * that has a role.
 */
void rcu_retire(struct rcu_later *later, void (*free_it)(struct rcu_later *later));

/* Retire a plain heap block that has no rcu_later inside: one small allocation more. */
void rcu_retire_block(void *block);

/* Wait until all that was retired before this call is freed (shutdown, tests). Blocks. */
void rcu_drain(void) RCU_BLOCKS;

/* Objects retired and not yet freed, process-wide. Any thread. */
unsigned long rcu_backlog(void);
