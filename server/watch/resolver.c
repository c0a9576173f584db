/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/resolver.h"

#include "core/clock.h"

#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_NS     (30 * NS_PER_S)
#define AGAIN_NEW_NS (5 * NS_PER_S)
#define NAME_BYTES   256u

struct wanted {
	char name[NAME_BYTES];
	uint64_t asked_ns; /* 0: not yet */
	struct resolved known;
};

struct resolver {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct wanted at[RESOLVER_NAMES_MAX];
	uint32_t n;
	bool runs; /* the thread */
	bool stop;
};

struct resolver *
resolver_new(void)
{
	struct resolver *r = must_calloc(1, sizeof(*r));
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return r;
}

static void
dispose(struct resolver *r)
{
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

void
resolver_free(struct resolver *r)
{
	bool runs;

	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	runs = r->runs;
	pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->lock);
	if (!runs)
		dispose(r);
}

/* ---- the thread ---- */

static int
by_address(const void *a, const void *b)
{
	const struct ip_addr *x = a, *y = b;

	if (x->family != y->family)
		return x->family == IP_V4 ? -1 : 1;
	return memcmp(x->bytes, y->bytes, sizeof(x->bytes));
}

static void
add(struct ip_addr *at, uint32_t *n, uint32_t cap, const struct sockaddr *from)
{
	struct ip_addr addr;
	uint16_t port;

	if (!ip_from_sockaddr(from, &addr, &port))
		return;
	for (uint32_t i = 0; i < *n; i++)
		if (ip_equal(&at[i], &addr))
			return;
	if (*n < cap)
		at[(*n)++] = addr;
}

/* Blocks. */
static void
look_up(const char *name, struct resolved *out)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list;
	struct ip_addr all[256];
	int error = getaddrinfo(name, NULL, &hints, &list);
	uint32_t n = 0;

	*out = (struct resolved){.asked = true};
	if (error) {
		snprintf(out->error, sizeof(out->error), "%s", gai_strerror(error));
		return;
	}
	for (const struct addrinfo *i = list; i; i = i->ai_next)
		add(all, &n, COUNT_OF(all), i->ai_addr);
	freeaddrinfo(list);
	qsort(all, n, sizeof(all[0]), by_address);
	out->n = n < RESOLVER_ADDRESSES_MAX ? n : RESOLVER_ADDRESSES_MAX;
	memcpy(out->at, all, out->n * sizeof(all[0]));
	if (n == 0)
		snprintf(out->error, sizeof(out->error), "it has no address");
}

static struct wanted *
find(struct resolver *r, const char *name)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (strcmp(r->at[i].name, name) == 0)
			return &r->at[i];
	return NULL;
}

static uint64_t
due_ns(const struct wanted *w)
{
	if (!w->asked_ns)
		return 0;
	return w->asked_ns + (w->known.n ? AGAIN_NS : AGAIN_NEW_NS);
}

static const struct wanted *
first_due(const struct resolver *r)
{
	const struct wanted *first = NULL;

	for (uint32_t i = 0; i < r->n; i++)
		if (!first || due_ns(&r->at[i]) < due_ns(first))
			first = &r->at[i];
	return first;
}

/* What was known stays when there is no answer. */
static void
take(struct wanted *w, const struct resolved *answer)
{
	w->asked_ns = clock_mono_ns();
	if (!answer->error[0]) {
		w->known = *answer;
		return;
	}
	w->known.asked = true;
	memcpy(w->known.error, answer->error, sizeof(w->known.error));
}

static void
wait_until(struct resolver *r, uint64_t until_ns)
{
	struct timespec at = {
	    .tv_sec = (time_t)(until_ns / NS_PER_S), .tv_nsec = (long)(until_ns % NS_PER_S)};

	pthread_cond_timedwait(&r->changed, &r->lock, &at);
}

static void *
run(void *ctx)
{
	struct resolver *r = ctx;
	char name[NAME_BYTES];

	pthread_setname_np(pthread_self(), "helio-resolver");
	pthread_mutex_lock(&r->lock);
	while (!r->stop) {
		const struct wanted *next = first_due(r);
		struct resolved answer;
		struct wanted *w;

		if (!next || due_ns(next) > clock_mono_ns()) {
			wait_until(r, next ? due_ns(next) : clock_mono_ns() + AGAIN_NS);
			continue;
		}
		memcpy(name, next->name, sizeof(name));
		pthread_mutex_unlock(&r->lock);
		look_up(name, &answer);
		pthread_mutex_lock(&r->lock);
		w = find(r, name);
		if (w)
			take(w, &answer);
	}
	pthread_mutex_unlock(&r->lock);
	dispose(r);
	return NULL;
}

/* ---- the owner ---- */

static bool
is_same(const struct resolver *r, const char *const *names, uint32_t n)
{
	for (uint32_t i = 0; i < n && n == r->n; i++)
		if (strcmp(r->at[i].name, names[i]) != 0)
			return false;
	return n == r->n;
}

/* Those that were wanted before keep what is known of them. */
static void
want(struct resolver *r, const char *const *names, uint32_t n)
{
	struct wanted fresh[RESOLVER_NAMES_MAX];

	memset(fresh, 0, sizeof(fresh));
	for (uint32_t i = 0; i < n; i++) {
		const struct wanted *before = find(r, names[i]);

		if (before)
			fresh[i] = *before;
		snprintf(fresh[i].name, sizeof(fresh[i].name), "%s", names[i]);
	}
	memcpy(r->at, fresh, sizeof(fresh));
	r->n = n;
}

void
resolver_want(struct resolver *r, const char *const *names, uint32_t n)
{
	pthread_t thread;
	bool start;

	must(n <= RESOLVER_NAMES_MAX);
	pthread_mutex_lock(&r->lock);
	if (!is_same(r, names, n)) {
		want(r, names, n);
		pthread_cond_signal(&r->changed);
	}
	start = n && !r->runs;
	r->runs = r->runs || start;
	pthread_mutex_unlock(&r->lock);
	if (!start)
		return;
	if (pthread_create(&thread, NULL, run, r) != 0)
		die("cannot start the resolver's thread");
	pthread_detach(thread);
}

bool
resolver_read(struct resolver *r, const char *name, struct resolved *out)
{
	const struct wanted *w;

	pthread_mutex_lock(&r->lock);
	w = find(r, name);
	if (w)
		*out = w->known;
	pthread_mutex_unlock(&r->lock);
	return w != NULL;
}
