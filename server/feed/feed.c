/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/feed.h"

#include "core/clock.h"
#include "core/log.h"
#include "feed/counts.h"
#include "feed/monitor.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define LAST_CALL_SECONDS 5 /* for Kafka to take what is waiting when we are told to end */

static uint64_t
wall_ms(void)
{
	return clock_wall_ns() / NS_PER_MS;
}

static void
put(void *ctx, const char *key, const void *value, size_t n, uint64_t epoch, uint64_t version)
{
	struct feed *f = ctx;

	outbox_put(&f->outbox, key, value, n, epoch, version);
	if (f->publisher.ended && f->end_position == 0)
		f->end_position = outbox_put_count(&f->outbox);
}

static bool
is_full(void *ctx)
{
	struct feed *f = ctx;

	return f->ending || outbox_is_full(&f->outbox);
}

static void
want_all_again(void *ctx)
{
	struct feed *f = ctx;

	f->again = true;
	waker_wake(&f->outbox.room);
}

/* It is not known what the topic holds: all of it again. Records in the outbox are older, and go before. */
static void
write_all_again(struct feed *f)
{
	f->again = false;
	publisher_epoch(&f->publisher, wall_ms());
	f->end_position = 0;
	f->caught_up = false;
	counts_set(COUNT_CAUGHT_UP, 0);
	transport_restart(f->transport);
}

static void
begin_end(struct feed *f, enum feed_exit code)
{
	struct timeval tv = {.tv_sec = LAST_CALL_SECONDS};

	if (f->ending)
		return;
	f->ending = true;
	f->code = code;
	if (outbox_is_empty(&f->outbox) || code == FEED_FENCED)
		event_base_loopbreak(f->base);
	else
		event_add(f->last_call, &tv);
}

static void
look_for_end_of_listing(struct feed *f)
{
	if (f->caught_up || f->end_position == 0 ||
	    outbox_done_count(&f->outbox) < f->end_position)
		return;
	f->caught_up = true;
	counts_set(COUNT_CAUGHT_UP, 1);
	log_info("a full listing is written", f_u64("epoch", f->publisher.epoch),
	    f_u64("records", f->end_position));
	if (f->options->once)
		begin_end(f, FEED_ENDED);
}

/* A batch is done, or the producer has something to say. */
static void
on_room(evutil_socket_t fd, short what, void *ctx)
{
	struct feed *f = ctx;
	struct producer_status status;

	(void)fd;
	(void)what;
	waker_clear(&f->outbox.room);
	producer_status_read(f->producer, &status);
	if (status.state == PRODUCER_FENCED) {
		log_error(
		    "fenced: another heliofeed with this transactional id writes to the topic; "
		    "run one only",
		    f_str("transactional_id", f->options->producer.transactional_id));
		begin_end(f, FEED_FENCED);
		return;
	}
	if (f->ending) {
		if (outbox_is_empty(&f->outbox))
			event_base_loopbreak(f->base);
		return;
	}
	if (producer_has_lost(f->producer) || f->again)
		write_all_again(f);
	look_for_end_of_listing(f);
	transport_wake(f->transport);
}

static void
on_signal(evutil_socket_t number, short what, void *ctx)
{
	(void)what;
	log_info("told to end", f_str("signal", strsignal((int)number)));
	begin_end(ctx, FEED_ENDED);
}

static void
on_last_call(evutil_socket_t fd, short what, void *ctx)
{
	struct feed *f = ctx;

	(void)fd;
	(void)what;
	log_warn("Kafka did not take everything in time; the next run writes it");
	event_base_loopbreak(f->base);
}

static bool
find_access(struct feed *f)
{
	const struct options *o = f->options;
	char error[ACCESS_ERROR_MAX];
	bool ok = o->kubeconfig
	              ? access_from_kubeconfig(&f->access, o->kubeconfig, o->context, error)
	              : access_from_pod(&f->access, "", error);

	if (!ok)
		log_error("cannot use the Kubernetes credentials", f_str("error", error));
	return ok;
}

static void
start_events(struct feed *f)
{
	static const int numbers[] = {SIGTERM, SIGINT};

	f->room = event_new(f->base, f->outbox.room.fd, EV_READ | EV_PERSIST, on_room, f);
	f->last_call = event_new(f->base, -1, 0, on_last_call, f);
	if (!f->room || !f->last_call || event_add(f->room, NULL) < 0)
		die("libevent takes no events");
	for (unsigned i = 0; i < COUNT_OF(numbers); i++) {
		f->signals[i] = evsignal_new(f->base, numbers[i], on_signal, f);
		if (!f->signals[i] || event_add(f->signals[i], NULL) < 0)
			die("libevent takes no signals");
	}
}

static void
start_pipeline(struct feed *f)
{
	const struct options *o = f->options;
	struct publisher_options publishing = {.no_annotations = o->no_annotations,
	    .kept_annotations = o->no_annotations ? o->kept_annotations : NULL,
	    .n_kept_annotations = o->n_kept_annotations,
	    .every_version = o->every_version};
	struct follow_options following = {.page_limit = o->page,
	    .no_streaming = o->no_streaming,
	    .seed = clock_wall_ns() ^ (uint64_t)getpid()};

	publisher_init(&f->publisher, &publishing, put, want_all_again, f);
	publisher_epoch(&f->publisher, wall_ms());
	for (unsigned i = 0; i < SOURCE_COUNT; i++)
		follow_init(
		    &f->follows[i], &sources[i], &following, &publisher_sink, &f->publisher);
	f->transport = transport_new(f->base, &f->access, f->follows, SOURCE_COUNT, is_full, f);
	producer_start(f->producer);
	log_info("following the Kubernetes API", f_str("server", f->access.server),
	    f_str("version", HELIO_VERSION));
}

static void
stop_pipeline(struct feed *f)
{
	producer_stop(f->producer);
	transport_free(f->transport);
	for (unsigned i = 0; i < SOURCE_COUNT; i++)
		follow_fini(&f->follows[i]);
	publisher_fini(&f->publisher);
	event_free(f->room);
	event_free(f->last_call);
	for (unsigned i = 0; i < COUNT_OF(f->signals); i++)
		event_free(f->signals[i]);
}

/* What can be wrong is found before anything runs. */
static bool
prepare(struct feed *f)
{
	const struct options *o = f->options;
	char producer_error[PRODUCER_ERROR_MAX], monitor_error[MONITOR_ERROR_MAX];

	if (!find_access(f))
		return false;
	f->producer = producer_new(&o->producer, &f->outbox, producer_error);
	if (!f->producer) {
		log_error("cannot write to Kafka", f_str("error", producer_error));
		return false;
	}
	if (strcmp(o->http, "none") == 0)
		return true;
	f->monitor = monitor_new(f, o->http, monitor_error);
	if (!f->monitor)
		log_error("cannot serve HTTP", f_str("error", monitor_error));
	return f->monitor != NULL;
}

enum feed_exit
feed_run(const struct options *options)
{
	struct feed f = {.options = options, .code = FEED_WRONG};

	signal(SIGPIPE, SIG_IGN);
	f.base = event_base_new();
	if (!f.base)
		die("libevent does not start");
	outbox_init(&f.outbox);
	if (prepare(&f)) {
		start_events(&f);
		start_pipeline(&f);
		event_base_dispatch(f.base);
		stop_pipeline(&f);
	}
	monitor_free(f.monitor);
	producer_free(f.producer);
	outbox_fini(&f.outbox);
	access_fini(&f.access);
	event_base_free(f.base);
	return f.code;
}
