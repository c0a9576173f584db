/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pulse.h"

#include "core/clock.h"
#include "core/log.h"
#include "core/metric.h"
#include "core/notify.h"
#include "core/waker.h"

#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STACK_SIGNAL  SIGUSR2
#define STACK_DEPTH   64
#define STACK_WAIT_NS (200 * NS_PER_MS) /* for a thread to write its stack */
#define NOTIFY_LOOKS  5                 /* how often systemd is told that all is well */

struct pulse {
	struct pulse *next,
	    **prev_next; /* the registry's, under its lock, as all but the atomics */
	char name[16];
	pthread_t thread;
	void (*wake)(void *ctx);
	void *wake_ctx;
	_Atomic uint64_t asked, answered; /* a question's number */
	uint64_t asked_at_ns;
	bool reported;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct pulse *pulses;
static uint64_t last_look_ns;
static _Thread_local struct pulse *mine;

/* ---- the threads ---- */

void
pulse_begin(const char *name)
{
	struct pulse *p = must_calloc(1, sizeof(*p));

	snprintf(p->name, sizeof(p->name), "%s", name);
	p->thread = pthread_self();
	pthread_mutex_lock(&lock);
	p->next = pulses;
	p->prev_next = &pulses;
	if (p->next)
		p->next->prev_next = &p->next;
	pulses = p;
	pthread_mutex_unlock(&lock);
	mine = p;
}

void
pulse_end(void)
{
	struct pulse *p = mine;

	if (!p)
		return;
	mine = NULL;
	pthread_mutex_lock(&lock);
	*p->prev_next = p->next;
	if (p->next)
		p->next->prev_next = p->prev_next;
	pthread_mutex_unlock(&lock);
	free(p);
}

void
pulse_wakes(void (*wake)(void *ctx), void *ctx)
{
	must(mine);
	pthread_mutex_lock(&lock);
	mine->wake = wake;
	mine->wake_ctx = ctx;
	pthread_mutex_unlock(&lock);
}

void
pulse_beat(void)
{
	struct pulse *p = mine;
	uint64_t asked;

	if (!p)
		return;
	asked = atomic_load_explicit(&p->asked, memory_order_relaxed);
	if (asked != atomic_load_explicit(&p->answered, memory_order_relaxed))
		atomic_store_explicit(&p->answered, asked, memory_order_relaxed);
}

/* ---- looking ---- */

static void
ask(struct pulse *p, uint64_t now_ns)
{
	p->asked_at_ns = now_ns;
	atomic_fetch_add_explicit(&p->asked, 1, memory_order_relaxed);
	if (p->wake)
		p->wake(p->wake_ctx);
}

static bool
has_answered(const struct pulse *p)
{
	return atomic_load_explicit(&p->asked, memory_order_relaxed) ==
	       atomic_load_explicit(&p->answered, memory_order_relaxed);
}

static enum pulse_verdict
look_at(struct pulse *p, const struct pulse_limits *limits, uint64_t now_ns,
    void (*on_stuck)(void *ctx, const char *name, uint64_t stuck_ns), void *ctx)
{
	uint64_t silent = now_ns - p->asked_at_ns;

	if (has_answered(p)) {
		if (p->reported)
			log_warn("a thread that was stuck goes round again",
			    f_str("thread", p->name));
		p->reported = false;
		if (silent >= PULSE_ASK_NS)
			ask(p, now_ns);
		return PULSE_WELL;
	}
	if (silent < limits->report_ns)
		return PULSE_WELL;
	if (!p->reported && on_stuck)
		on_stuck(ctx, p->name, silent);
	p->reported = true;
	return limits->abort_ns && silent >= limits->abort_ns ? PULSE_HOPELESS : PULSE_STUCK;
}

enum pulse_verdict
pulse_look(const struct pulse_limits *limits, uint64_t now_ns,
    void (*on_stuck)(void *ctx, const char *name, uint64_t stuck_ns), void *ctx)
{
	enum pulse_verdict worst = PULSE_WELL;
	uint64_t slept = last_look_ns ? now_ns - last_look_ns : 0;
	int64_t stuck = 0;

	pthread_mutex_lock(&lock);
	for (struct pulse *p = pulses; p; p = p->next) {
		enum pulse_verdict v;

		if (slept > 2 * PULSE_LOOK_NS)
			p->asked_at_ns += slept - PULSE_LOOK_NS;
		v = look_at(p, limits, now_ns, on_stuck, ctx);
		stuck += v != PULSE_WELL;
		worst = v > worst ? v : worst;
	}
	pthread_mutex_unlock(&lock);
	last_look_ns = now_ns;
	metric_set(METRIC_STUCK_THREADS, stuck);
	return worst;
}

bool
pulse_is_stuck(char *buf, size_t size, uint64_t *stuck_ns)
{
	bool found = false;

	pthread_mutex_lock(&lock);
	for (struct pulse *p = pulses; p && !found; p = p->next) {
		if (!p->reported || has_answered(p))
			continue;
		found = true;
		snprintf(buf, size, "%s", p->name);
		*stuck_ns = clock_mono_ns() - p->asked_at_ns;
	}
	pthread_mutex_unlock(&lock);
	return found;
}

/* ---- the watchdog's thread ---- */

static struct {
	struct pulse_limits limits;
	pthread_t thread;
	struct waker stop;
	_Atomic bool stopping;
	bool running;
} dog;

/* On the thread that is stuck: its stack, to stderr, with nothing but what a signal handler may do. */
static void
write_stack(int signal)
{
	void *stack[STACK_DEPTH];
	int n = backtrace(stack, STACK_DEPTH);

	(void)signal;
	backtrace_symbols_fd(stack, n, STDERR_FILENO);
}

static void
sleep_ns(uint64_t ns)
{
	struct timespec t = {(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};

	nanosleep(&t, NULL);
}

static void
dump(const struct pulse *p)
{
	dprintf(STDERR_FILENO, "stack of %s:\n", p->name);
	if (pthread_kill(p->thread, STACK_SIGNAL) == 0)
		sleep_ns(STACK_WAIT_NS);
}

/* Under the registry's lock: the thread cannot end meanwhile. */
static void
report(void *ctx, const char *name, uint64_t stuck_ns)
{
	(void)ctx;
	log_error(
	    "a thread does not go round: it is stuck in its work or on a lock; its stack follows",
	    f_str("thread", name), f_u64("seconds", stuck_ns / NS_PER_S));
	for (const struct pulse *p = pulses; p; p = p->next)
		if (strcmp(p->name, name) == 0)
			dump(p);
}

static void
give_up(void)
{
	log_error(
	    "a thread has not gone round for too long: this process ends itself, so that it is started "
	    "anew; the stacks of all threads follow",
	    f_u64("seconds", dog.limits.abort_ns / NS_PER_S));
	pthread_mutex_lock(&lock);
	for (const struct pulse *p = pulses; p; p = p->next)
		dump(p);
	abort();
}

static void *
run(void *arg)
{
	unsigned looks = 0;

	(void)arg;
	pthread_setname_np(pthread_self(), "helio-watchdog");
	while (!atomic_load_explicit(&dog.stopping, memory_order_acquire)) {
		enum pulse_verdict v = pulse_look(&dog.limits, clock_mono_ns(), report, NULL);

		if (v == PULSE_HOPELESS)
			give_up();
		if (v == PULSE_WELL && looks++ % NOTIFY_LOOKS == 0)
			notify_send("WATCHDOG=1");
		waker_wait(&dog.stop, PULSE_LOOK_NS);
	}
	return NULL;
}

void
watchdog_start(const struct pulse_limits *limits)
{
	struct sigaction act = {.sa_handler = write_stack, .sa_flags = SA_RESTART};
	void *warm[1];

	(void)backtrace(warm, 1); /* loads what it needs now, not in a signal handler */
	sigaction(STACK_SIGNAL, &act, NULL);
	dog.limits = *limits;
	waker_init(&dog.stop);
	atomic_store_explicit(&dog.stopping, false, memory_order_release);
	if (pthread_create(&dog.thread, NULL, run, NULL))
		die("cannot start the watchdog's thread");
	dog.running = true;
}

void
watchdog_stop(void)
{
	if (!dog.running)
		return;
	atomic_store_explicit(&dog.stopping, true, memory_order_release);
	waker_wake(&dog.stop);
	pthread_join(dog.thread, NULL);
	waker_fini(&dog.stop);
	dog.running = false;
}
