/* SPDX-License-Identifier: Apache-2.0 */
/*
 * librdkafka's properties: ours first, then the operator's, except those that would break what
 * the stream promises. Values may come from files, so that a secret is never in the config.
 */
#include "change/stream_private.h"

#include <librdkafka/rdkafka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* rd_kafka_version() has a byte each for major, minor, revision and pre-release. */
#define VERSION_WITH_SCRAM_FOR_KAFKA_4 0x020601ff
#define SECRET_MAX                     8192

struct setting {
	const char *name, *value; /* for a refused one: why */
};

static const struct setting ours[] = {
    {"client.id", "heliograph"},
    {"enable.partition.eof", "true"},
    {"auto.offset.reset", "error"},
    {"isolation.level", "read_committed"},
    {"allow.auto.create.topics", "false"},
    {"enable.auto.commit", "false"},
    {"log.queue", "true"}, /* log lines come through our poll, on our thread */
    {"reconnect.backoff.ms", "100"},
    {"reconnect.backoff.max.ms", "2000"}, /* a broker that is back is found soon */
    {"topic.metadata.refresh.interval.ms", "10000"},
    {"socket.keepalive.enable", "true"},
    {"fetch.max.bytes", "16777216"}, /* with the queues: what a first scan holds in memory */
    {"queued.max.messages.kbytes",
        "65536"}, /* of each decoder's queue; a full one pauses long */
    {"queued.min.messages", "100000"},
    {"fetch.error.backoff.ms", "100"},
    {"check.crcs", "true"},
};

static const struct setting ours_embedded[] = {
    {"fetch.wait.max.ms",
        "5"}, /* it holds an empty fetch that long, whatever arrives meanwhile */
    {"allow.auto.create.topics", "true"}, /* it cannot be told otherwise; the topic exists */
};

static const struct setting refused[] = {
    {"bootstrap.servers", "use kafka.brokers"},
    {"metadata.broker.list", "use kafka.brokers"},
    {"group.id", "there is no consumer group: every replica reads everything"},
    {"group.instance.id", "there is no consumer group: every replica reads everything"},
    {"enable.auto.commit",
        "nothing is committed: every start reads the topic from its beginning"},
    {"auto.commit.enable",
        "nothing is committed: every start reads the topic from its beginning"},
    {"enable.auto.offset.store", "nothing is committed"},
    {"auto.offset.reset", "offsets that are gone are handled by a rescan, never by skipping"},
    {"enable.partition.eof", "the caught-up barrier needs it"},
    {"isolation.level", "an aborted transaction must not change routes"},
    {"allow.auto.create.topics", "a missing topic is reported, not created"},
    {"log.queue", "log lines go through this program's log"},
    {"test.mock.num.brokers", "use kafka.brokers: embedded"},
    {"enabled_events", "events are this program's business"},
};

static bool
fail(struct stream_error *why, const char *name, const char *text)
{
	snprintf(why->text, sizeof(why->text), "kafka.properties: %.60s: %.150s", name, text);
	return false;
}

static bool
set(rd_kafka_conf_t *conf, const char *name, const char *value, struct stream_error *why)
{
	char text[200];

	if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) == RD_KAFKA_CONF_OK)
		return true;
	return fail(why, name, text);
}

static bool
set_all(
    rd_kafka_conf_t *conf, const struct setting *settings, size_t n, struct stream_error *why)
{
	for (size_t i = 0; i < n; i++) {
		if (!set(conf, settings[i].name, settings[i].value, why))
			return false;
	}
	return true;
}

/* The file's text without its last newline. */
static bool
read_secret(const char *path, char *out, size_t size, const char **problem)
{
	FILE *f = fopen(path, "re");
	size_t n;

	*problem = strerror(errno);
	if (!f)
		return false;
	n = fread(out, 1, size - 1, f);
	if (ferror(f) || !feof(f)) {
		*problem = ferror(f) ? "cannot be read" : "is too long";
		fclose(f);
		return false;
	}
	fclose(f);
	while (n > 0 && (out[n - 1] == '\n' || out[n - 1] == '\r'))
		n--;
	out[n] = '\0';
	return true;
}

static bool
set_from_file(rd_kafka_conf_t *conf, const char *name, size_t name_len, const char *path,
    struct stream_error *why)
{
	char property[128], secret[SECRET_MAX], text[200];
	const char *problem;
	bool ok;

	if (name_len >= sizeof(property))
		return fail(why, name, "name too long");
	memcpy(property, name, name_len);
	property[name_len] = '\0';
	if (!read_secret(path, secret, sizeof(secret), &problem)) {
		snprintf(text, sizeof(text), "file %.80s: %.60s", path, problem);
		return fail(why, name, text);
	}
	ok = set(conf, property, secret, why);
	explicit_bzero(secret, sizeof(secret));
	return ok;
}

static bool
set_property(rd_kafka_conf_t *conf, const struct stream_property *p, struct stream_error *why)
{
	size_t n = strlen(p->name);
	bool from_file = n > 5 && strcmp(p->name + n - 5, ".file") == 0;
	size_t property_len = from_file ? n - 5 : n;

	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		if (strlen(refused[i].name) == property_len &&
		    strncmp(refused[i].name, p->name, property_len) == 0)
			return fail(why, p->name, refused[i].value);
	}
	if (from_file)
		return set_from_file(conf, p->name, property_len, p->value, why);
	if ((strcmp(p->name, "sasl.mechanisms") == 0 ||
	        strcmp(p->name, "sasl.mechanism") == 0) &&
	    strstr(p->value, "SCRAM") && rd_kafka_version() < VERSION_WITH_SCRAM_FOR_KAFKA_4)
		log_warn(
		    "this librdkafka cannot authenticate by SCRAM with Kafka 4; use 2.6.1 or later, "
		    "or SASL PLAIN over TLS, or client certificates",
		    f_str("librdkafka", rd_kafka_version_str()), f_str("property", p->name));
	return set(conf, p->name, p->value, why);
}

struct rd_kafka_conf_s *
consumer_conf_new(const struct stream_options *options, const char *brokers, struct stream *s,
    struct stream_error *why)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	bool ok = set_all(conf, ours, COUNT_OF(ours), why) &&
	          set(conf, "bootstrap.servers", brokers, why);

	if (ok && s->embedded)
		ok = set_all(conf, ours_embedded, COUNT_OF(ours_embedded), why);
	for (size_t i = 0; ok && i < options->n_properties; i++)
		ok = set_property(conf, &options->properties[i], why);
	if (!ok) {
		rd_kafka_conf_destroy(conf);
		return NULL;
	}
	rd_kafka_conf_set_opaque(conf, s);
	rd_kafka_conf_set_error_cb(conf, consumer_on_error);
	rd_kafka_conf_set_log_cb(conf, consumer_on_log);
	(void)!rd_kafka_conf_set_ssl_cert_verify_cb(
	    conf, consumer_on_certificate); /* a librdkafka without TLS has none to refuse */
	return conf;
}
