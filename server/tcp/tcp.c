/* SPDX-License-Identifier: Apache-2.0 */
#include "tcp/tcp.h"

#include "core/cpus.h"
#include "tcp/io.h"
#include "tcp/kept.h"
#include "tcp/listen.h"
#include "tcp/password.h"
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

	t->config = config;
	t->table = table;
	t->ribout = ribout;
	t->keys = must_calloc(config->peers.len + 1, sizeof(t->keys[0]));
	t->configured = must_calloc(config->peers.len + 1, sizeof(struct peer *));
	t->dynamic_end = &t->dynamic;
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
	t->started_at = clock_mono_ns();
	if (!password_read_all(t->config, t->keys) || !listen_open(t)) {
		listen_close(t);
		return false;
	}
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
	explicit_bzero(t->keys, (t->config->peers.len + 1) * sizeof(t->keys[0]));
	free(t->io);
	free(t->keys);
	free(t->configured);
	free(t);
}
