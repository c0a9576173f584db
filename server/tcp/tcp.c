/* SPDX-License-Identifier: Apache-2.0 */
#include "tcp/tcp.h"

#include "core/cpus.h"
#include "core/log.h"
#include "tcp/io.h"
#include "tcp/kept.h"
#include "tcp/listen.h"
#include "tcp/setup.h"
#include "tcp/tcp_own.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * One processor is left to the writer, the packers and the decoders; a few threads that send from shared chunks
 * fill any link (some 3-5 GB/s each). On two processors one thread was faster than two: what it shares with
 * nobody stays in its cache. ribout serves 64 wakers.
 */
#define IO_THREADS_DEFAULT_MAX 8
#define IO_THREADS_MAX         64

static unsigned
count_threads(const struct config *config)
{
	unsigned cpus = cpus_usable();

	if (config->threads.io)
		return config->threads.io < IO_THREADS_MAX ? config->threads.io
		                                           : IO_THREADS_MAX;
	if (cpus <= 2)
		return 1;
	return cpus - 1 < IO_THREADS_DEFAULT_MAX ? cpus - 1 : IO_THREADS_DEFAULT_MAX;
}

struct tcp *
tcp_new(const struct config *config, struct table *table, struct ribout *ribout)
{
	struct tcp *t = must_calloc(1, sizeof(*t));
	char path[4096];

	t->listed_end = &t->listed;
	t->table = table;
	t->ribout = ribout;
	t->config_first = config;
	t->keeps = config->graceful_restart.enabled;
	t->restart_time_ns = config->graceful_restart.restart_time_ns;
	t->max_peers = config->limits.peers;
	if (config_path(config, KEPT_FILE, path, sizeof(path)))
		t->kept_path = strdup(path);
	pthread_mutex_init(&t->registry_lock, NULL);
	pthread_mutex_init(&t->kept_lock, NULL);
	pthread_mutex_init(&t->drain.lock, NULL);
	if (gethostname(t->hostname, sizeof(t->hostname) - 1) < 0)
		t->hostname[0] = '\0';
	t->n_io = count_threads(config);
	t->io = must_calloc(t->n_io, sizeof(t->io[0]));
	for (unsigned i = 0; i < t->n_io; i++)
		io_init(&t->io[i], t, i);
	return t;
}

bool
tcp_start(struct tcp *t)
{
	struct tcp_setup *setup;
	char why[512];

	t->started_at = clock_mono_ns();
	setup = tcp_setup_new(t->config_first, why, sizeof(why));
	if (!setup) {
		log_error("cannot use a peer's password_file", f_str("why", why));
		return false;
	}
	setup_first(t, setup);
	if (!listen_open(t)) {
		listen_close(t);
		return false;
	}
	t->config_first = NULL;
	kept_read(t);
	t->running = true;
	for (unsigned i = 0; i < t->n_io; i++)
		io_start(&t->io[i]);
	return true;
}

void
tcp_stop(struct tcp *t)
{
	if (!t->running)
		return;
	kept_finish(t);
	atomic_store_explicit(&t->stop, true, memory_order_release);
	for (unsigned i = 0; i < t->n_io; i++)
		waker_wake(&t->io[i].waker);
	for (unsigned i = 0; i < t->n_io; i++)
		io_join(&t->io[i]);
	t->running = false;
}

void
tcp_free(struct tcp *t)
{
	must(!t->running);
	for (unsigned i = 0; i < t->n_io; i++)
		io_fini(&t->io[i]);
	pthread_mutex_destroy(&t->registry_lock);
	pthread_mutex_destroy(&t->kept_lock);
	pthread_mutex_destroy(&t->drain.lock);
	free(t->kept);
	free(t->kept_path);
	tcp_setup_free(t->setup);
	tcp_setup_free(t->setup_before);
	free(t->io);
	free(t);
}
