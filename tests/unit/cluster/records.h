/* SPDX-License-Identifier: Apache-2.0 */
/* Records for the tests of cluster/: JSON objects with "'" for quotes, decoded and applied. */
#pragma once

#include "change/decode.h"
#include "cluster/cluster.h"
#include "core/metric.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct records {
	struct decoder decoder;
	struct cluster *cluster;
	uint64_t epoch; /* header of the next records, 0: none */
	int64_t ms;     /* their time, -1: unknown */
};

static inline void
records_init(struct records *r)
{
	memset(r, 0, sizeof(*r));
	decoder_init(&r->decoder, NULL);
	role_take(ROLE_WRITER, "test");
	r->cluster = cluster_new();
	r->ms = -1;
}

static inline void
records_fini(struct records *r)
{
	role_is_writer();
	cluster_free(r->cluster);
	role_drop();
	decoder_fini(&r->decoder);
}

/* json NULL: a tombstone with this rv in its header. */
static inline enum cluster_result
apply(struct records *r, const char *key, const char *json, uint64_t rv)
{
	char text[8192];
	struct record record = {.key = key,
	    .key_len = strlen(key),
	    .value = json ? text : NULL,
	    .value_len = json ? strlen(json) : 0,
	    .ms = r->ms,
	    .epoch = r->epoch,
	    .rv = rv};
	enum cluster_result result;
	struct decode_error why;
	struct change *c = NULL;

	role_is_writer();
	snprintf(text, sizeof(text), "%s", json ? json : "");
	for (char *p = text; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	if (change_decode(&r->decoder, &record, &c, &why) != DECODE_OK)
		fail_msg("%s: %s", key, why.text);
	result = cluster_apply(r->cluster, c);
	change_free(c);
	return result;
}

static inline enum cluster_result delete (struct records *r, const char *key, uint64_t rv) {
	return apply(r, key, NULL, rv);
}

/* An object of any kind: name from the key, uid, rv, and what follows the metadata. */
static inline enum cluster_result
put(struct records *r, const char *key, const char *uid, uint64_t rv, const char *rest)
{
	const char *ns = strchr(key, '/') + 1, *name = strrchr(key, '/') + 1;
	char json[8192];

	snprintf(json, sizeof(json),
	    "{'metadata':{'name':'%s','namespace':'%.*s','uid':'%s','resourceVersion':'%llu'}%s%s}",
	    name, (int)(name - ns - 1), ns, uid, (unsigned long long)rv, *rest ? "," : "",
	    rest);
	return apply(r, key, json, 0);
}

/* A slice of a service with one ready endpoint on each node named. */
static inline enum cluster_result
put_slice(
    struct records *r, const char *key, uint64_t rv, const char *service, const char *nodes)
{
	const char *ns = strchr(key, '/') + 1, *name = strrchr(key, '/') + 1;
	char json[8192], list[512], *save = NULL;
	size_t n;

	n = (size_t)snprintf(json, sizeof(json),
	    "{'metadata':{'name':'%s','namespace':'%.*s','resourceVersion':'%llu',"
	    "'labels':{'kubernetes.io/service-name':'%s'}},'addressType':'IPv4','endpoints':[",
	    name, (int)(name - ns - 1), ns, (unsigned long long)rv, service);
	snprintf(list, sizeof(list), "%s", nodes);
	for (char *s = strtok_r(list, " ", &save); s; s = strtok_r(NULL, " ", &save))
		n += (size_t)snprintf(json + n, sizeof(json) - n,
		    "%s{'addresses':['10.0.0.1'],'nodeName':'%s'}",
		    json[n - 1] == '[' ? "" : ",", s);
	snprintf(json + n, sizeof(json) - n, "]}");
	return apply(r, key, json, 0);
}

static inline void
read_all(struct records *r)
{
	struct change c = {.kind = CHANGE_CAUGHT_UP};

	role_is_writer();
	cluster_apply(r->cluster, &c);
}
