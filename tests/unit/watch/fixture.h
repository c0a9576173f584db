/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that watch reads from, made of real parts and filled by hand: a cluster of three
 * nodes and one Local service, computed into the RIB. No stream runs, no peer is there.
 */
#pragma once

#include "change/decode.h"
#include "change/stream.h"
#include "config/config.h"
#include "core/log.h"
#include "rib/writer.h"
#include "ribout/ribout.h"
#include "tcp/tcp.h"
#include "watch/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct scene {
	struct config *config;
	struct change_queue queue;
	struct cluster *cluster;
	struct names names;
	struct table rib;
	struct writer writer;
	struct mode_order mode;
	struct ribout *ribout;
	struct tcp *tcp;
	struct stream *stream;
	struct decoder decoder;
	struct watch_sources sources;
};

static const char scene_config[] =
    "router_id: 10.255.0.1\n"
    "local_as: 64512\n"
    "listen: []\n"
    "kafka: {brokers: \"127.0.0.1:1\"}\n"
    "advertise:\n"
    "  cluster_ips: [10.96.0.0/12]\n"
    "  communities: [{prefix: 10.96.0.0/12, add: [\"64512:100\", \"64512:1:2\"]}]\n"
    "peers:\n"
    "  - {name: tors, range: 127.1.0.0/16, as: 64512}\n"
    "%s";

/* A record as the stream would hand it over; NULL for both: caught up. */
static inline void
scene_record(struct scene *s, const char *key, const char *value)
{
	struct change *change = NULL;
	struct decode_error why;
	struct record r = {.key = key,
	    .key_len = key ? strlen(key) : 0,
	    .value = value,
	    .value_len = value ? strlen(value) : 0,
	    .ms = -1};

	role_take(ROLE_WRITER, "writer");
	role_is_writer();
	if (key) {
		assert_int_equal(change_decode(&s->decoder, &r, &change, &why), DECODE_OK);
	} else {
		change = must_calloc(1, sizeof(*change));
		change->kind = CHANGE_CAUGHT_UP;
	}
	writer_round(&s->writer, change, clock_mono_ns());
	role_drop();
}

static inline void
scene_node(struct scene *s, unsigned i)
{
	char key[64], value[512];

	snprintf(key, sizeof(key), "nodes//n%u", i);
	snprintf(value, sizeof(value),
	    "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n%u\",\"uid\":\"n%u\","
	    "\"resourceVersion\":\"1\"},\"status\":{\"addresses\":[{\"type\":\"InternalIP\","
	    "\"address\":\"10.0.%u.%u\"}],\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}",
	    i, i, i / 250, i % 250 + 1);
	scene_record(s, key, value);
}

/* Address 10.96.0.7, endpoints on n0 and n1. */
static inline void
scene_service(struct scene *s)
{
	scene_record(s, "services/shop/web",
	    "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"web\","
	    "\"namespace\":\"shop\",\"uid\":\"s\",\"resourceVersion\":\"1\"},\"spec\":{"
	    "\"type\":\"LoadBalancer\",\"clusterIP\":\"10.96.0.7\",\"clusterIPs\":[\"10.96.0.7\"],"
	    "\"ipFamilies\":[\"IPv4\"],\"externalTrafficPolicy\":\"Local\"}}");
	scene_record(s, "endpointslices/shop/web-1",
	    "{\"apiVersion\":\"discovery.k8s.io/v1\",\"kind\":\"EndpointSlice\",\"metadata\":{"
	    "\"name\":\"web-1\",\"namespace\":\"shop\",\"uid\":\"e\",\"resourceVersion\":\"1\","
	    "\"labels\":{\"kubernetes.io/service-name\":\"web\"}},\"addressType\":\"IPv4\","
	    "\"endpoints\":[{\"addresses\":[\"10.9.0.1\"],\"nodeName\":\"n0\"},"
	    "{\"addresses\":[\"10.9.0.2\"],\"nodeName\":\"n1\"}]}");
}

/* more: further lines of the configuration. Nothing is in the cluster yet. */
static inline void
scene_begin(struct scene *s, const char *more)
{
	static struct config_errors errors;
	struct stream_error why;
	struct ribout_options ro = {.packers = 1};
	struct stream_options so = {
	    .brokers = "127.0.0.1:1", .topic = "kubernetes-state", .state_dir = "."};
	char text[2048];

	log_set(LOG_ERROR, LOG_LOGFMT);
	memset(s, 0, sizeof(*s));
	snprintf(text, sizeof(text), scene_config, more);
	s->config = config_load_text("scene", text, strlen(text), &errors);
	if (!s->config)
		fail_msg("%s", errors.text[0]);
	decoder_init(&s->decoder, &so.decode);
	change_queue_init(&s->queue, CHANGE_QUEUE_BYTES);
	s->cluster = cluster_new();
	names_init(&s->names);
	table_init(&s->rib, &s->names);
	writer_init(&s->writer, s->config, &s->queue, &s->cluster, &s->rib);
	s->ribout = ribout_new(&ro, &s->rib);
	s->tcp = tcp_new(s->config, &s->rib, s->ribout);
	s->stream = stream_new(&so, &s->queue, &why);
	assert_non_null(s->stream);
	s->sources = (struct watch_sources){.config = s->config,
	    .tcp = s->tcp,
	    .n_clusters = 1,
	    .writer = &s->writer,
	    .mode = &s->mode,
	    .rib = &s->rib,
	    .ribout = s->ribout};
	s->sources.clusters[0] = (struct watch_cluster){.config = s->config->followed.items,
	    .stream = s->stream,
	    .cluster = s->cluster,
	    .paths = s->writer.clusters[0].paths};
}

static inline void
scene_fill(struct scene *s)
{
	for (unsigned i = 0; i < 3; i++)
		scene_node(s, i);
	scene_service(s);
	scene_record(s, NULL, NULL);
}

static inline void
scene_end(struct scene *s)
{
	stream_free(s->stream);
	tcp_free(s->tcp);
	role_take(ROLE_WRITER, "writer");
	role_is_writer();
	ribout_free(s->ribout);
	writer_fini(&s->writer);
	table_fini(&s->rib);
	cluster_free(s->cluster);
	rcu_drain();
	names_fini(&s->names);
	role_drop();
	change_queue_fini(&s->queue);
	decoder_fini(&s->decoder);
	config_free(s->config);
}

/* Move what the call has written behind the text. */
static inline char *
scene_take(struct call *c, char *text, size_t *len)
{
	size_t n = evbuffer_get_length(c->out);

	text = must_realloc(text, *len + n + 1);
	evbuffer_remove(c->out, text + *len, n);
	*len += n;
	text[*len] = '\0';
	return text;
}

/* The whole answer to "/path?name=value" with at most one parameter; the caller frees it. */
static inline char *
scene_ask(struct scene *s, const char *path, const char *name, const char *value, int *status)
{
	struct call *c = call_new(&s->sources);
	size_t len = 0;
	char *text;

	role_take(ROLE_WATCH, "watch");
	role_is_watch();
	if (name)
		assert_true(call_set(c, name, value));
	call_run(c, CALL_GET, path);
	text = scene_take(c, NULL, &len);
	while (c->page) {
		call_more(c);
		text = scene_take(c, text, &len);
	}
	role_drop();
	if (status)
		*status = c->status;
	call_free(c);
	return text;
}

/* How often the words stand in the text. */
static inline unsigned
scene_count(const char *text, const char *words)
{
	unsigned n = 0;

	for (const char *at = text; (at = strstr(at, words)); at += strlen(words))
		n++;
	return n;
}

/* The answer has these words. */
static inline void
scene_expect(
    struct scene *s, const char *path, const char *name, const char *value, const char *words)
{
	char *text = scene_ask(s, path, name, value, NULL);

	if (!strstr(text, words))
		fail_msg("%s: expected %s in %s", path, words, text);
	free(text);
}
