/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fleet's threads and the orders that the caller gives them. An order travels as a struct
 * on the caller's stack, through an eventfd that wakes the loop, and back by a condition
 * variable. All that two threads share is the order and a count of complete ToRs.
 */
#include "core/clock.h"
#include "fleet_thread.h"
#include "tape.h"

#include <event2/event.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 50 /* reconnects, keepalives */

/* ToRs that may begin to connect now. */
static uint32_t
free_to_connect(const struct fleet_thread *th)
{
	uint32_t connecting = 0;

	if (th->at_once == 0)
		return th->count;
	for (uint32_t i = 0; i < th->count; i++)
		connecting += th->links[i].fd >= 0 && th->links[i].tor.state < TOR_ESTABLISHED;
	return connecting < th->at_once ? th->at_once - connecting : 0;
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct fleet_thread *th = arg;
	uint64_t now = clock_mono_ns();
	uint32_t room = free_to_connect(th);

	(void)fd;
	(void)what;
	for (uint32_t i = 0; i < th->count; i++) {
		struct link *l = &th->links[i];

		unruly_on_tick(l, now);
		if (l->fd < 0 && th->wanted && room > 0) {
			room--;
			link_open(l);
		}
		tor_tick(&l->tor, now);
		if (l->tor.out_len && l->tor.state >= TOR_OPEN_CONFIRM)
			link_flush(l);
	}
}

static void
on_order(evutil_socket_t fd, short what, void *arg)
{
	struct fleet_thread *th = arg;
	uint64_t n;

	(void)what;
	if (read(fd, &n, sizeof(n)) != sizeof(n))
		return;
	pthread_mutex_lock(&th->fleet->lock);
	const struct order *o = th->order;
	pthread_mutex_unlock(&th->fleet->lock);
	if (!o)
		return;
	o->run(th, o->ctx);
	pthread_mutex_lock(&th->fleet->lock);
	th->order = NULL;
	pthread_cond_broadcast(&th->fleet->changed);
	pthread_mutex_unlock(&th->fleet->lock);
}

void
fleet_give_order(struct fleet *f, void (*run)(struct fleet_thread *, void *), void *ctx)
{
	struct order o = {.run = run, .ctx = ctx};
	uint64_t one = 1;

	for (uint32_t i = 0; i < f->options.threads; i++) {
		struct fleet_thread *th = &f->threads[i];

		pthread_mutex_lock(&f->lock);
		th->order = &o;
		must(write(th->order_fd, &one, sizeof(one)) == sizeof(one));
		while (th->order)
			pthread_cond_wait(&f->changed, &f->lock);
		pthread_mutex_unlock(&f->lock);
	}
}

static void *
thread_main(void *arg)
{
	struct fleet_thread *th = arg;

	while (!th->ending)
		event_base_loop(th->base, EVLOOP_ONCE);
	return NULL;
}

static struct ip_addr
source_of(const struct fleet_options *o, uint32_t n)
{
	if (o->first_source.family == IP_V6)
		return o->first_source; /* ::1 is the only one there is */
	return ip_v4(ip_v4_host(&o->first_source) + n);
}

static void
take_habit(struct link *l)
{
	const struct fleet_options *o = &l->thread->fleet->options;
	struct habit h = crowd_habit(&o->crowd, l->tor.number, o->tors);

	tor_take_habit(&l->tor, &h);
	l->timed = h.pace == HABIT_NORMAL;
	l->tor.no_tape = !l->tor.add_path_wanted || !l->timed ||
	                 (l->tor.checked && o->tapes == FLEET_TAPES_COUNTING);
	l->tor.probed = l->timed && l->tor.add_path_wanted;
	l->thread->timed += l->timed;
	l->thread->unruly += !l->timed;
}

/* The thread's ToRs are dealt out like cards: those that cost more to play are neighbours. */
static void
thread_init(struct fleet_thread *th, struct fleet *f, uint32_t index)
{
	uint32_t threads = f->options.threads;
	uint32_t count = (f->options.tors - index + threads - 1) / threads;
	struct timeval every = {.tv_usec = TICK_MS * 1000};
	struct timeval slow_every = {.tv_usec = SLOW_TICK_MS * 1000};

	th->fleet = f;
	th->count = count;
	th->at_once = f->options.at_once;
	th->base = event_base_new();
	th->order_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!th->base || th->order_fd < 0)
		die("event loop of a fleet thread: %s", strerror(errno));
	intake_init(&th->intake, f->options.expected_paths);
	th->intake.on_change = f->options.on_change;
	th->intake.ctx = f->options.ctx;
	th->intake.tapes = f->options.tapes ? tapes_new(&th->intake) : NULL;
	th->buffer = must_alloc(LINK_TAIL_MAX + LINK_READ_SIZE);
	th->links = must_calloc(count + 1, sizeof(*th->links));
	for (uint32_t i = 0; i < count; i++) {
		struct link *l = &th->links[i];
		uint32_t n = index + i * threads;

		l->thread = th;
		l->fd = -1;
		l->source = source_of(&f->options, n);
		tor_init(&l->tor, &th->intake, n, f->options.as, 0x7f010001u + n,
		    n < f->options.checked, f->options.add_path);
		take_habit(l);
	}
	if (th->unruly) {
		th->slow_tick = event_new(th->base, -1, EV_PERSIST, unruly_on_slow_tick, th);
		must(th->slow_tick);
		event_add(th->slow_tick, &slow_every);
	}
	th->tick = event_new(th->base, -1, EV_PERSIST, on_tick, th);
	th->orders = event_new(th->base, th->order_fd, EV_READ | EV_PERSIST, on_order, th);
	must(th->tick && th->orders);
	event_add(th->tick, &every);
	event_add(th->orders, NULL);
	if (pthread_create(&th->id, NULL, thread_main, th) != 0)
		die("cannot start a fleet thread");
	pthread_setname_np(th->id, "tors");
}

static void
thread_fini(struct fleet_thread *th)
{
	for (uint32_t i = 0; i < th->count; i++) {
		link_close(&th->links[i]);
		tor_fini(&th->links[i].tor);
		free(th->links[i].tail);
	}
	event_free(th->tick);
	if (th->slow_tick)
		event_free(th->slow_tick);
	event_free(th->orders);
	event_base_free(th->base);
	close(th->order_fd);
	intake_fini(&th->intake);
	free(th->links);
	free(th->buffer);
}

/* A socket each, and some to spare. */
static void
raise_file_limit(uint32_t wanted)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < wanted) {
		r.rlim_cur = r.rlim_max < wanted ? r.rlim_max : wanted;
		setrlimit(RLIMIT_NOFILE, &r);
		if (r.rlim_cur < wanted)
			die("%u ToRs need %u open files, the limit is %llu (ulimit -n)",
			    wanted - 64, wanted, (unsigned long long)r.rlim_cur);
	}
}

uint32_t
fleet_default_threads(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1                           ? 1
	       : n > FLEET_THREADS_DEFAULT_MAX ? FLEET_THREADS_DEFAULT_MAX
	                                       : (uint32_t)n;
}

struct fleet *
fleet_new(const struct fleet_options *options)
{
	struct fleet *f = must_calloc(1, sizeof(*f));

	f->options = *options;
	if (f->options.threads == 0)
		f->options.threads = 1;
	if (f->options.threads > f->options.tors)
		f->options.threads = f->options.tors;
	raise_file_limit(f->options.tors + 64);
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	f->threads = must_calloc(f->options.threads + 1, sizeof(*f->threads));
	for (uint32_t i = 0; i < f->options.threads; i++)
		thread_init(&f->threads[i], f, i);
	return f;
}

static void
order_end(struct fleet_thread *th, void *ctx)
{
	(void)ctx;
	th->ending = true;
}

static void
order_connect(struct fleet_thread *th, void *ctx)
{
	(void)ctx;
	th->wanted = true;
	th->first_update_ns = 0;
	on_tick(-1, 0, th);
}

static void
order_disconnect(struct fleet_thread *th, void *ctx)
{
	struct notification bye = notification_make(NOTIFY_CEASE, NOTIFY_CEASE_SHUTDOWN);

	(void)ctx;
	th->wanted = false;
	th->at_once = 0;
	for (uint32_t i = 0; i < th->count; i++) {
		struct link *l = &th->links[i];

		if (l->tor.state >= TOR_OPEN_SENT) {
			l->tor.out_len += notification_encode(
			    &bye, l->tor.out + l->tor.out_len, TOR_OUT_MAX - l->tor.out_len);
			link_flush(l);
		}
		link_close(l);
	}
}

static void
order_storm(struct fleet_thread *th, void *ctx)
{
	(void)ctx;
	for (uint32_t i = 0; i < th->count; i++)
		link_break(&th->links[i]);
	order_connect(th, NULL);
}

static void
order_misbehave(struct fleet_thread *th, void *ctx)
{
	unruly_turn(th, *(const bool *)ctx);
}

static void
order_hold_still(struct fleet_thread *th, void *ctx)
{
	th->holding_still = *(const bool *)ctx;
}

static void
order_probe(struct fleet_thread *th, void *ctx)
{
	th->intake.probes = ctx;
}

static void
order_aim(struct fleet_thread *th, void *ctx)
{
	uint64_t now = clock_mono_ns();

	th->target = *(const struct fleet_target *)ctx;
	th->first_update_ns = th->last_complete_ns = th->others_last_complete_ns = 0;
	th->last_established_ns = 0;
	atomic_store(&th->complete, 0);
	atomic_store(&th->others_complete, 0);
	for (uint32_t i = 0; i < th->count; i++) {
		th->links[i].complete = false;
		th->links[i].tor.first_update_ns = 0;
	}
	for (uint32_t i = 0; i < th->count; i++)
		link_look(&th->links[i], now);
}

void
fleet_connect(struct fleet *f)
{
	fleet_give_order(f, order_connect, NULL);
}

void
fleet_disconnect(struct fleet *f)
{
	fleet_give_order(f, order_disconnect, NULL);
}

void
fleet_storm(struct fleet *f)
{
	fleet_give_order(f, order_storm, NULL);
}

void
fleet_misbehave(struct fleet *f, bool on)
{
	fleet_give_order(f, order_misbehave, &on);
}

void
fleet_hold_still(struct fleet *f, bool still)
{
	fleet_give_order(f, order_hold_still, &still);
}

void
fleet_probe(struct fleet *f, struct probes *p)
{
	fleet_give_order(f, order_probe, p);
}

uint32_t
fleet_timed(const struct fleet *f)
{
	return f->options.tors - crowd_unruly(&f->options.crowd);
}

uint32_t
fleet_probed(const struct fleet *f)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->options.threads; i++)
		for (uint32_t k = 0; k < f->threads[i].count; k++)
			n += f->threads[i].links[k].tor.probed;
	return n;
}

void
fleet_aim(struct fleet *f, const struct fleet_target *target)
{
	fleet_give_order(f, order_aim, (void *)(uintptr_t)target);
}

void
fleet_free(struct fleet *f)
{
	if (!f)
		return;
	fleet_disconnect(f);
	fleet_give_order(f, order_end, NULL);
	for (uint32_t i = 0; i < f->options.threads; i++)
		pthread_join(f->threads[i].id, NULL);
	for (uint32_t i = 0; i < f->options.threads; i++)
		thread_fini(&f->threads[i]);
	pthread_mutex_destroy(&f->lock);
	pthread_cond_destroy(&f->changed);
	free(f->threads);
	free(f);
}
