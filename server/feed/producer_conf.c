/* SPDX-License-Identifier: Apache-2.0 */
/*
 * librdkafka's properties: ours first, then the operator's, except those that would break what the
 * feed promises. Values may come from files, so that a secret is on no command line.
 */
#include "core/log.h"
#include "feed/producer_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* rd_kafka_version() has a byte each for major, minor, revision and pre-release. */
#define VERSION_WITH_SCRAM_FOR_KAFKA_4 0x020601ff
#define SECRET_MAX                     8192

struct setting {
	const char *name, *value; /* for a refused one: why */
};

static const struct setting ours[] = {
    {"client.id", "heliofeed"},
    {"enable.idempotence", "true"},    /* with acks=all: no loss, no doubles, the order kept */
    {"partitioner", "murmur2_random"}, /* as the Java client: any producer agrees */
    {"compression.type", "lz4"},
    {"linger.ms", "2"},
    {"message.max.bytes", "8388608"}, /* the broker has its own limit and says so */
    {"reconnect.backoff.ms", "100"},
    {"reconnect.backoff.max.ms", "2000"}, /* a broker that is back is found soon */
    {"topic.metadata.refresh.interval.ms", "10000"},
    {"socket.keepalive.enable", "true"},
    {"queue.buffering.max.messages", "1000000"},
    {"queue.buffering.max.kbytes", "262144"},
};

static const struct setting refused[] = {
    {"bootstrap.servers", "use --kafka"},
    {"metadata.broker.list", "use --kafka"},
    {"transactional.id", "use --transactional-id"},
    {"enable.idempotence", "a retry must not write twice or out of order"},
    {"acks", "a record counts as written when all replicas in sync have it"},
    {"request.required.acks", "a record counts as written when all replicas in sync have it"},
    {"partitioner", "records of one key must meet those of other producers"},
    {"enable.gapless.guarantee", "failed records are written again by the program"},
    {"test.mock.num.brokers", "use --kafka embedded:STATE_DIR"},
    {"enabled_events", "events are this program's business"},
    {"log.queue", "log lines go through this program's log"},
};

static bool
fail(char *error, const char *name, const char *text)
{
	snprintf(error, PRODUCER_ERROR_MAX, "Kafka property %.80s: %.200s", name, text);
	return false;
}

static bool
set(rd_kafka_conf_t *conf, const char *name, const char *value, char *error)
{
	char text[200];

	if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) == RD_KAFKA_CONF_OK)
		return true;
	return fail(error, name, text);
}

/* The file's text without its last newline. */
static bool
set_from_file(rd_kafka_conf_t *conf, const struct producer_property *p, char *error)
{
	FILE *f = fopen(p->value, "re");
	char secret[SECRET_MAX], text[200];
	size_t n = f ? fread(secret, 1, sizeof(secret) - 1, f) : 0;
	bool whole = f && feof(f) && !ferror(f), ok;

	if (!whole)
		snprintf(text, sizeof(text), "file %.100s: %s", p->value,
		    f ? "cannot be read or is too long" : strerror(errno));
	if (f)
		fclose(f);
	if (!whole)
		return fail(error, p->name, text);
	while (n > 0 && (secret[n - 1] == '\n' || secret[n - 1] == '\r'))
		n--;
	secret[n] = '\0';
	ok = set(conf, p->name, secret, error);
	explicit_bzero(secret, sizeof(secret));
	return ok;
}

static bool
set_property(rd_kafka_conf_t *conf, const struct producer_property *p, char *error)
{
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		if (strcmp(refused[i].name, p->name) == 0)
			return fail(error, p->name, refused[i].value);
	if (p->from_file)
		return set_from_file(conf, p, error);
	if ((strcmp(p->name, "sasl.mechanisms") == 0 ||
	        strcmp(p->name, "sasl.mechanism") == 0) &&
	    strstr(p->value, "SCRAM") && rd_kafka_version() < VERSION_WITH_SCRAM_FOR_KAFKA_4)
		log_warn(
		    "this librdkafka cannot authenticate by SCRAM with Kafka 4; use 2.6.1 or later, "
		    "or SASL PLAIN over TLS, or client certificates",
		    f_str("librdkafka", rd_kafka_version_str()), f_str("property", p->name));
	return set(conf, p->name, p->value, error);
}

/* Its own lines say at length what comes to us as errors too; they are for debugging. */
static void
on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	(void)rk;
	log_debug("librdkafka", f_i64("level", level), f_str("facility", facility),
	    f_str("text", text));
}

static void
on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
	struct producer *p = opaque;

	(void)rk;
	pthread_mutex_lock(&p->lock);
	snprintf(p->status.last_error, sizeof(p->status.last_error), "%s: %.200s",
	    rd_kafka_err2name((rd_kafka_resp_err_t)code), reason);
	pthread_mutex_unlock(&p->lock);
}

rd_kafka_conf_t *
producer_conf_new(struct producer *p, const char *brokers, char *error)
{
	const struct producer_options *o = p->options;
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	bool ok = true;

	for (size_t i = 0; ok && i < COUNT_OF(ours); i++)
		ok = set(conf, ours[i].name, ours[i].value, error);
	if (ok && o->transactional_id)
		ok = set(conf, "transactional.id", o->transactional_id, error);
	else if (ok)
		ok = set(conf, "message.timeout.ms", "0", error); /* tried for ever */
	for (unsigned i = 0; ok && i < o->n_properties; i++)
		ok = set_property(conf, &o->properties[i], error);
	if (ok && brokers)
		ok = set(conf, "bootstrap.servers", brokers, error);
	if (!ok) {
		rd_kafka_conf_destroy(conf);
		return NULL;
	}
	rd_kafka_conf_set_opaque(conf, p);
	rd_kafka_conf_set_log_cb(conf, on_log);
	rd_kafka_conf_set_error_cb(conf, on_error);
	rd_kafka_conf_set_dr_msg_cb(conf, producer_on_delivery);
	return conf;
}
