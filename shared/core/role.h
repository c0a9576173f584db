/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thread roles. A thread takes its role once, at its start; it then may call what that role
 * may call. clang checks this at compile time (-Wthread-safety); debug builds check it at run
 * time against a thread-local, where a callback begins with role_is_io() and the like, because
 * the analysis does not follow function pointers.
 */
#pragma once

#include <stdbool.h>

#if defined(__clang__)
#define TSA(x) __attribute__((x))
#else
#define TSA(x)
#endif

struct TSA(capability("role")) role {
	char unused;
};
struct TSA(capability("rcu read side")) rcu_side {
	char unused;
};

extern struct role role_writer;   /* exactly one: cluster, path, rib                     */
extern struct role role_consumer; /* Kafka's topic, its partitions and their faults      */
extern struct role role_decoder;  /* records of its partitions to typed changes          */
extern struct role role_packer;   /* a group belongs to one: encodes chunks              */
extern struct role role_io;       /* a session belongs to one: sockets                   */
extern struct role role_watch;    /* HTTP, CLI: reads only                               */
extern struct rcu_side rcu_side;  /* held between rcu_enter() and rcu_leave()            */

#define ON_WRITER   TSA(requires_capability(role_writer))
#define ON_CONSUMER TSA(requires_capability(role_consumer))
#define ON_DECODER  TSA(requires_capability(role_decoder))
#define ON_PACKER   TSA(requires_capability(role_packer))
#define ON_IO       TSA(requires_capability(role_io))
#define ON_WATCH    TSA(requires_capability(role_watch))
#define ANY_THREAD                                            /* says so for the reader */
#define RCU_READER  TSA(requires_shared_capability(rcu_side)) /* caller is inside enter..leave */
#define RCU_BLOCKS  TSA(locks_excluded(rcu_side)) /* may wait for a grace period   */

enum role_id {
	ROLE_NONE,
	ROLE_WRITER,
	ROLE_CONSUMER,
	ROLE_DECODER,
	ROLE_PACKER,
	ROLE_IO,
	ROLE_WATCH
};

/*
 * Take a role for the rest of this thread's life, or until role_drop(). Registers the thread
 * with RCU and names it (shown by top -H and perf); name has at most 15 bytes.
 */
void role_take(enum role_id id, const char *name);

/* Give the role back: unregisters from RCU. The thread is about to end. */
void role_drop(void);

/* Tell the analysis (and check, in debug builds) that this thread has the role. */
void role_is_writer(void) TSA(assert_capability(role_writer));
void role_is_consumer(void) TSA(assert_capability(role_consumer));
void role_is_decoder(void) TSA(assert_capability(role_decoder));
void role_is_packer(void) TSA(assert_capability(role_packer));
void role_is_io(void) TSA(assert_capability(role_io));
void role_is_watch(void) TSA(assert_capability(role_watch));
