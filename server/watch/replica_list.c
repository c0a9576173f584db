/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/replica_list.h"

#include "core/log.h"
#include "watch/resolver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOUND_MAX (CONFIG_REPLICAS_MAX * RESOLVER_ADDRESSES_MAX)

_Static_assert(CONFIG_REPLICAS_MAX <= RESOLVER_NAMES_MAX, "each may be a name");

struct found {
	struct config_endpoint at[FOUND_MAX];
	uint32_t n;
};

void
replica_list_init(struct replica_list *l)
{
	memset(l, 0, sizeof(*l));
	l->resolver = resolver_new();
}

void
replica_list_fini(struct replica_list *l)
{
	resolver_free(l->resolver);
}

static void
add(struct found *f, const struct ip_addr *addr, uint16_t port)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (ip_equal(&f->at[i].addr, addr) && f->at[i].port == port)
			return;
	f->at[f->n++] = (struct config_endpoint){.addr = *addr, .port = port};
}

static int
by_address(const void *a, const void *b)
{
	const struct config_endpoint *x = a, *y = b;
	int order = memcmp(x->addr.bytes, y->addr.bytes, sizeof(x->addr.bytes));

	if (x->addr.family != y->addr.family)
		return x->addr.family == IP_V4 ? -1 : 1;
	return order ? order : (int)x->port - (int)y->port;
}

/* Said when it begins, and when it is over. */
static void
tell(struct replica_list *l, uint32_t i, const char *name, const struct resolved *known)
{
	bool silent = known->error[0] != '\0';

	if (silent && !l->silent[i])
		log_warn(
		    known->n
		        ? "a replica's name has no answer: its last addresses are used on"
		        : "a replica's name has no answer: there is nobody to compare with",
		    f_str("name", name), f_str("error", known->error));
	if (!silent && l->silent[i])
		log_info("a replica's name has an answer again", f_str("name", name),
		    f_u64("addresses", known->n));
	l->silent[i] = silent;
}

static void
tell_too_many(struct replica_list *l, uint32_t n)
{
	bool too_many = n > CONFIG_REPLICAS_MAX;

	if (too_many && !l->too_many)
		log_warn(
		    "the names of replicas stand for too many addresses: only the first are asked",
		    f_u64("addresses", n), f_u64("most", CONFIG_REPLICAS_MAX));
	l->too_many = too_many;
}

static void
want_names(struct replica_list *l, const struct config_servers *configured)
{
	const char *names[CONFIG_REPLICAS_MAX];
	uint32_t n = 0;

	for (uint32_t i = 0; i < configured->len; i++)
		if (configured->items[i].host[0])
			names[n++] = configured->items[i].host;
	resolver_want(l->resolver, names, n);
}

void
replica_list_follow(struct replica_list *l, const struct config_servers *configured)
{
	struct found f = {.n = 0};
	uint32_t literals;

	want_names(l, configured);
	for (uint32_t i = 0; i < configured->len; i++)
		if (!configured->items[i].host[0])
			add(&f, &configured->items[i].addr, configured->items[i].port);
	literals = f.n;
	for (uint32_t i = 0; i < configured->len; i++) {
		const struct config_server *s = &configured->items[i];
		struct resolved known;

		if (!s->host[0] || !resolver_read(l->resolver, s->host, &known)) {
			l->silent[i] = false;
			continue;
		}
		tell(l, i, s->host, &known);
		for (uint32_t k = 0; k < known.n; k++)
			add(&f, &known.at[k], s->port);
	}
	qsort(&f.at[literals], f.n - literals, sizeof(f.at[0]), by_address);
	tell_too_many(l, f.n);
	l->n = f.n < CONFIG_REPLICAS_MAX ? f.n : CONFIG_REPLICAS_MAX;
	memcpy(l->at, f.at, l->n * sizeof(l->at[0]));
}

void
replica_list_write_unresolved(
    struct replica_list *l, const struct config_servers *configured, struct json_out *j)
{
	char where[CONFIG_HOST_MAX + 8];

	for (uint32_t i = 0; i < configured->len; i++) {
		const struct config_server *s = &configured->items[i];
		struct resolved known;

		if (!s->host[0] || !resolver_read(l->resolver, s->host, &known) || known.n)
			continue;
		snprintf(where, sizeof(where), "%s:%u", s->host, s->port);
		json_begin_object(j, NULL);
		json_str(j, "address", where);
		json_str(j, "router_id", "");
		json_str(j, "state", known.asked ? "unresolved" : "unknown");
		json_bool(j, "ready", false);
		json_f64(j, "differs_seconds", 0);
		json_str(j, "error", known.error);
		json_begin_array(j, "differing");
		json_end(j);
		json_end(j);
	}
}
