/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request and its answer, whatever it came by: query in, text out. A handler writes its
 * answer, or the first page of it and the function that writes the next one; so a table of a
 * million paths is never in memory as a whole, and no read side is longer than a page.
 *
 * Belongs to the watch thread. Handlers are named in routes.def.
 */
#pragma once

#include "core/json_out.h"
#include "core/role.h"
#include "ribout/view.h"
#include "watch/watch.h"

#include <event2/buffer.h>

#define CALL_PAGE_BYTES ((size_t)64 * 1024) /* a page ends when it has so much text */
#define CALL_PAGE_STEPS 1024u               /* and a read side after so many entries */

/* The parameters, NULL where not given. Borrowed from the transport for the call's life. */
struct call_query {
	const char *prefix, *peer, *next_hop, *node, *cluster, *class, *mode, *reason, *wait,
	    *order, *plan, *force;
};

/* What a paged answer remembers between its pages. */
struct call_walk {
	uint32_t at; /* index of the next entry */
	uint32_t cluster,
	    clusters_end; /* of the clusters that are listed: the present one, the end */
	struct ip_prefix prefix;
	struct ip_addr next_hop;
	bool by_prefix, by_address, by_next_hop;
	bool family[IP_FAMILIES]; /* of what is listed */
	bool single[IP_FAMILIES]; /* one path a prefix: the peer has no ADD-PATH */
	struct view view;         /* of the peer; every path where none was named */
	struct view_items chosen; /* scratch of its choices */
	struct sets_rows *sets;   /* of sets.c: what is counted; NULL: nothing */
};

struct call {
	const struct watch_sources *sources;
	struct call_query query;
	int status;       /* HTTP; 200 until call_fail() */
	const char *type; /* content type */
	struct evbuffer *out;
	struct json_out json;         /* writes to out */
	bool (*page)(struct call *c); /* set: there is more; writes it, false: that was all */
	struct call_walk walk;
};

struct call *call_new(const struct watch_sources *sources) MUST_USE;
void call_free(struct call *c);

/* Set one parameter; false: there is none of this name anywhere. The value is borrowed. */
bool call_set(struct call *c, const char *name, const char *value) MUST_USE;

/* How it is asked: GET; POST over the control socket; or POST where only GET is served. */
enum call_method { CALL_GET, CALL_POST, CALL_POST_REFUSED };

/* Answer to this path: fills out, status and type; with page set, the rest is to be asked for. */
void call_run(struct call *c, enum call_method method, const char *path) ON_WATCH;

/* Write more into out, which the caller has emptied; afterwards page is NULL when that was all. */
void call_more(struct call *c) ON_WATCH;

/* After call_fail() outside of a handler: hand the text to out. */
void call_finish(struct call *c);

/* Instead of an answer: a status and {"error": "..."}. Before anything else was written. */
void call_fail(struct call *c, int status, const char *format, ...) PRINTF_LIKE(3);

/* End of a line, so that a reader can take a long array one element a line. */
void call_newline(struct call *c);

/* A page is full. */
bool call_page_full(struct call *c);

#define ROUTE(path, handler, parameters)  void handler(struct call *c) ON_WATCH;
#define ACTION(path, handler, parameters) void handler(struct call *c) ON_WATCH;
#include "watch/routes.def"

/* ---- what several handlers use ---- */

/* Routes are announced completely: the stream has caught up and its first commit is out. Once
 * true, for ever. False: why (size bytes) says what is missing. */
bool call_ready(const struct watch_sources *sources, char *why, size_t size);

/* Write one array "peers" with every peer that `only` names (name or address; NULL: all);
 * returns how many. */
unsigned call_write_peers(struct call *c, const char *only) ON_WATCH;

/* Write the members of an object about a cluster's stream, without its partitions. */
void call_write_stream(struct call *c, const struct stream *stream);

/*
 * The clusters that the query means, in walk.cluster and walk.clusters_end: the one that it names, or all. False:
 * there is none of that name; the call has failed.
 */
bool call_clusters(struct call *c) MUST_USE;

/* The cluster that is listed now. */
static inline const struct watch_cluster *
call_cluster(const struct call *c)
{
	return &c->sources->clusters[c->walk.cluster];
}

/* NULL is allowed. */
void sets_rows_free(struct sets_rows *rows);

/* Write the members that tell the operator's mode. */
void call_write_mode(struct call *c);

/* Write the member that tells whether this replica serves, drains or is drained. */
void call_write_drain(struct call *c);

/* Seconds as text for people would be wrong here: numbers with a fraction. */
void call_seconds(struct call *c, const char *key, uint64_t ns);
