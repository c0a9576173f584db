/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the fleet: one ToR's connection, and the thread that owns it. fleet.c runs the
 * threads and gives them orders, link.c moves bytes between sockets and ToRs. Everything here
 * belongs to its thread but for what says otherwise.
 */
#pragma once

#include "fleet.h"

#include <pthread.h>
#include <stdatomic.h>

struct event;
struct event_base;

#define LINK_READ_SIZE (256u * 1024) /* one read(): big enough that the call's cost vanishes */
#define LINK_TAIL_MAX  BGP_MESSAGE_MAX_EXTENDED
#define SLOW_TICK_MS   20

/* A ToR's connection. */
struct link {
	struct tor tor;
	struct fleet_thread *thread;
	struct event *readable, *writable;
	uint8_t *tail; /* the start of a message whose rest has not come yet */
	size_t tail_len, tail_room;
	struct ip_addr source;
	int fd; /* -1: none */
	bool complete;
	bool timed; /* a wait is for it; else it is one of the others */
	uint64_t next_flap_ns;
	size_t allowance; /* bytes that a slow one may read now */
};

struct order {
	void (*run)(struct fleet_thread *th, void *ctx);
	void *ctx;
};

struct fleet_thread {
	struct fleet *fleet;
	pthread_t id;
	struct event_base *base;
	struct event *tick, *orders;
	struct event *slow_tick; /* reads for the slow ones; NULL: there are none */
	int order_fd;
	const struct order *order; /* under the fleet's lock */
	struct intake intake;
	struct link *links;
	uint32_t count, timed, unruly;
	uint32_t at_once; /* ToRs that may be connecting at a time; 0: all */
	bool wanted;      /* sessions are to be up */
	bool misbehaving; /* unruly ToRs are */
	bool holding_still;
	bool ending;
	struct fleet_target target;
	uint64_t first_update_ns, last_complete_ns, others_last_complete_ns,
	    last_established_ns;
	uint32_t disconnects;
	char trouble[200];
	_Atomic uint32_t
	    complete; /* timed ToRs that match the target; read by the waiting caller */
	_Atomic uint32_t others_complete;
	uint8_t *buffer; /* LINK_TAIL_MAX + LINK_READ_SIZE */
};

struct fleet {
	struct fleet_options options;
	struct fleet_thread *threads;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* an order is done, or a thread's ToRs are all complete */
};

/* Run the order in every thread, one after the other, and wait for each. The caller's. */
void fleet_give_order(struct fleet *f, void (*run)(struct fleet_thread *, void *), void *ctx);

/* Connect, nonblocking; the ToR stays idle where that fails at once. l has no connection. */
void link_open(struct link *l);
/* Close and forget; nothing where there is no connection. */
void link_close(struct link *l);
/* Close with a reset, so that the target hears of it at once and nothing else. */
void link_break(struct link *l);
/* Send what the ToR has to say. A connection that is found broken is closed. */
void link_flush(struct link *l);
/* Read at most `most` bytes; may close. */
void link_receive(struct link *l, size_t most);
/* Should the loop read whatever comes? Turns that on or off for a connected one. */
void link_choose_reader(struct link *l);
/* Has the ToR reached the target? Once it has, it counts, also if it moves on. */
void link_look(struct link *l, uint64_t now_ns);

/* unruly.c: what those that do not behave do, every SLOW_TICK_MS and every tick. */
void unruly_on_slow_tick(int fd, short what, void *thread);
void unruly_on_tick(struct link *l, uint64_t now_ns);
void unruly_turn(struct fleet_thread *th, bool on);
