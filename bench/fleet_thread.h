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
	int order_fd;
	const struct order *order; /* under the fleet's lock */
	struct intake intake;
	struct link *links;
	uint32_t count;
	uint32_t at_once; /* ToRs that may be connecting at a time; 0: all */
	bool wanted;      /* sessions are to be up */
	bool ending;
	struct fleet_target target;
	uint64_t first_update_ns, last_complete_ns, last_established_ns;
	uint32_t disconnects;
	char trouble[200];
	_Atomic uint32_t complete; /* ToRs that match the target; read by the waiting caller */
	uint8_t *buffer;           /* LINK_TAIL_MAX + LINK_READ_SIZE */
};

struct fleet {
	struct fleet_options options;
	struct fleet_thread *threads;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* an order is done, or a thread's ToRs are all complete */
};

/* Connect, nonblocking; the ToR stays idle where that fails at once. l has no connection. */
void link_open(struct link *l);
/* Close and forget; nothing where there is no connection. */
void link_close(struct link *l);
/* Send what the ToR has to say. */
void link_flush(struct link *l);
/* Has the ToR reached the target? Once it has, it counts, also if it moves on. */
void link_look(struct link *l, uint64_t now_ns);
