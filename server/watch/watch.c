/* SPDX-License-Identifier: Apache-2.0 */
/* The watch thread: opens what it listens on, runs the loop until it is told to end. */
#include "watch/watch.h"

#include "config/config.h"
#include "core/pulse.h"
#include "core/waker.h"
#include "watch/control.h"
#include "watch/http.h"
#include "watch/keeper.h"
#include "watch/neighbours.h"
#include "watch/process.h"
#include "watch/reload.h"
#include "watch/replica.h"
#include "watch/sets.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct watch {
	struct watch_sources sources;
	struct event_base *base;
	struct http *http;
	struct event *on_stop, *on_pulse, *on_hup, *on_second;
	struct waker stop, pulse, hup; /* pulse: the watchdog asks; hup: SIGHUP came */
	struct keeper keeper;
	pthread_t thread;
	dev_t control_dev; /* the file that is ours, to be taken away at the end */
	ino_t control_ino;
	bool has_control, running;
};

struct watch *
watch_new(const struct watch_sources *sources)
{
	struct watch *w = must_calloc(1, sizeof(*w));

	process_started();
	w->sources = *sources;
	w->sources.sets = sets_memory_new();
	waker_init(&w->stop);
	waker_init(&w->pulse);
	waker_init(&w->hup);
	return w;
}

static void
on_stop(evutil_socket_t fd, short what, void *ctx)
{
	struct watch *w = ctx;

	(void)fd;
	(void)what;
	event_base_loopbreak(w->base);
}

static void
on_pulse(evutil_socket_t fd, short what, void *ctx)
{
	struct watch *w = ctx;

	(void)fd;
	(void)what;
	waker_clear(&w->pulse);
	pulse_beat();
}

static void
on_hup(evutil_socket_t fd, short what, void *ctx)
{
	struct watch *w = ctx;

	(void)fd;
	(void)what;
	role_is_watch();
	waker_clear(&w->hup);
	reload_on_signal(&w->sources);
}

static void
on_second(evutil_socket_t fd, short what, void *ctx)
{
	struct watch *w = ctx;

	(void)fd;
	(void)what;
	role_is_watch();
	neighbours_follow(&w->sources);
	replicas_tick(w->sources.replicas);
	sets_memory_tick(w->sources.sets);
	keeper_tick(&w->keeper, &w->sources);
}

void
watch_reload(struct watch *w)
{
	waker_wake(&w->hup);
}

static void
wake(void *ctx)
{
	struct watch *w = ctx;

	waker_wake(&w->pulse);
}

static bool
open_control(struct watch *w, char *why, size_t size)
{
	const char *path = w->sources.config->control_socket;
	int fd = control_listen(path, why, size);
	struct stat st;

	if (fd < 0)
		return false;
	if (stat(path, &st) == 0) {
		w->has_control = true;
		w->control_dev = st.st_dev;
		w->control_ino = st.st_ino;
	}
	http_listen(w->http, HTTP_CONTROL, fd);
	return true;
}

static bool
open_http(struct watch *w, char *why, size_t size)
{
	const struct config_endpoint *e = &w->sources.config->http;
	int fd;

	if (e->addr.family == IP_NONE)
		return true;
	fd = http_bind(&e->addr, e->port, why, size);
	if (fd < 0)
		return false;
	http_listen(w->http, HTTP_TCP, fd);
	return true;
}

static void *
run(void *arg)
{
	struct watch *w = arg;
	sigset_t pipe;

	/* A client that is gone is an error of write(), not a signal. */
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, NULL);
	role_take(ROLE_WATCH, "watch");
	pulse_wakes(wake, w);
	event_base_dispatch(w->base);
	/* On this thread: answers under way are ended by its callbacks. */
	http_free(w->http);
	w->http = NULL;
	replicas_free(w->sources.replicas);
	w->sources.replicas = NULL;
	role_drop();
	return NULL;
}

bool
watch_start(struct watch *w, char *why, size_t size)
{
	static const struct timeval second = {.tv_sec = 1};

	w->base = event_base_new();
	if (!w->base)
		die("no event loop for the watch thread");
	w->sources.replicas = replicas_new(w->base, &w->sources);
	w->http = http_new(w->base, &w->sources);
	w->on_stop = event_new(w->base, w->stop.fd, EV_READ | EV_PERSIST, on_stop, w);
	w->on_pulse = event_new(w->base, w->pulse.fd, EV_READ | EV_PERSIST, on_pulse, w);
	w->on_hup = event_new(w->base, w->hup.fd, EV_READ | EV_PERSIST, on_hup, w);
	w->on_second = event_new(w->base, -1, EV_PERSIST, on_second, w);
	if (!w->on_stop || event_add(w->on_stop, NULL) != 0 || !w->on_pulse ||
	    event_add(w->on_pulse, NULL) != 0 || !w->on_hup ||
	    event_add(w->on_hup, NULL) != 0 || !w->on_second ||
	    event_add(w->on_second, &second) != 0)
		die("no event for the watch thread");
	if (!open_control(w, why, size) || !open_http(w, why, size))
		return false;
	if (pthread_create(&w->thread, NULL, run, w) != 0)
		die("no thread to watch");
	w->running = true;
	return true;
}

void
watch_stop(struct watch *w)
{
	const char *path = w->sources.config->control_socket;
	struct stat st;

	if (w->running) {
		waker_wake(&w->stop);
		pthread_join(w->thread, NULL);
		w->running = false;
	}
	if (w->has_control && stat(path, &st) == 0 && st.st_dev == w->control_dev &&
	    st.st_ino == w->control_ino)
		unlink(path);
	w->has_control = false;
	http_free(w->http);
	w->http = NULL;
	replicas_free(w->sources.replicas);
	w->sources.replicas = NULL;
	if (w->on_stop)
		event_free(w->on_stop);
	w->on_stop = NULL;
	if (w->on_pulse)
		event_free(w->on_pulse);
	w->on_pulse = NULL;
	if (w->on_hup)
		event_free(w->on_hup);
	w->on_hup = NULL;
	if (w->on_second)
		event_free(w->on_second);
	w->on_second = NULL;
	if (w->base)
		event_base_free(w->base);
	w->base = NULL;
}

void
watch_free(struct watch *w)
{
	if (!w)
		return;
	must(!w->running);
	waker_fini(&w->stop);
	waker_fini(&w->pulse);
	waker_fini(&w->hup);
	sets_memory_free(w->sources.sets);
	free(w);
}
