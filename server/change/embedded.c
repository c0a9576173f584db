/* SPDX-License-Identifier: Apache-2.0 */
#include "change/embedded.h"

#include "core/log.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct embedded {
	rd_kafka_t
	    *rk; /* the library wants a client to hang the brokers on; it never connects */
	rd_kafka_mock_cluster_t *cluster;
	char *topic;
	char *file; /* NULL: none written */
};

static void
on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	(void)rk;
	(void)level;
	log_debug("embedded kafka", f_str("facility", facility), f_str("text", text));
}

static bool
refuse(struct stream_error *why, const char *what, const char *detail)
{
	snprintf(why->text, sizeof(why->text), "kafka.brokers: embedded: %.120s: %.80s", what,
	    detail);
	return false;
}

/* Complete under another name, then renamed: a reader sees all of it or nothing. */
static bool
write_bootstrap(const struct embedded *e, struct stream_error *why)
{
	char tmp[4096];
	const char *text = embedded_bootstrap(e);
	size_t n = strlen(text);
	bool ok;
	int fd;

	if (snprintf(tmp, sizeof(tmp), "%s.%d.tmp", e->file, (int)getpid()) >= (int)sizeof(tmp))
		return refuse(why, e->file, "path too long");
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return refuse(why, tmp, strerror(errno));
	ok = write(fd, text, n) == (ssize_t)n && write(fd, "\n", 1) == 1;
	ok = close(fd) == 0 && ok && rename(tmp, e->file) == 0;
	if (!ok) {
		refuse(why, e->file, strerror(errno));
		unlink(tmp);
	}
	return ok;
}

static bool
start_cluster(struct embedded *e, uint32_t partitions, struct stream_error *why)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_resp_err_t err;
	char text[200];

	rd_kafka_conf_set_log_cb(conf, on_log);
	e->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
	if (!e->rk) {
		rd_kafka_conf_destroy(conf);
		return refuse(why, "librdkafka", text);
	}
	e->cluster = rd_kafka_mock_cluster_new(e->rk, 1);
	if (!e->cluster)
		return refuse(why, "librdkafka", "no loopback listener could be opened");
	err = rd_kafka_mock_topic_create(e->cluster, e->topic, (int)partitions, 1);
	return err ? refuse(why, e->topic, rd_kafka_err2str(err)) : true;
}

struct embedded *
embedded_start(
    const char *topic, uint32_t partitions, const char *state_dir, struct stream_error *why)
{
	struct embedded *e = must_calloc(1, sizeof(*e));
	bool ok;

	e->topic = must_strdup(topic);
	ok = start_cluster(e, partitions, why);
	if (ok && state_dir) {
		size_t n = strlen(state_dir) + sizeof("/" EMBEDDED_BOOTSTRAP_FILE);

		e->file = must_alloc(n);
		snprintf(e->file, n, "%s/" EMBEDDED_BOOTSTRAP_FILE, state_dir);
		ok = write_bootstrap(e, why);
	}
	if (!ok) {
		embedded_stop(e);
		return NULL;
	}
	log_info("embedded kafka runs", f_str("bootstrap", embedded_bootstrap(e)),
	    f_str("topic", topic), f_u64("partitions", partitions),
	    f_str("file", e->file ? e->file : ""));
	return e;
}

const char *
embedded_bootstrap(const struct embedded *e)
{
	return rd_kafka_mock_cluster_bootstraps(e->cluster);
}

void
embedded_hide_topic(struct embedded *e, bool hidden)
{
	rd_kafka_mock_topic_set_error(e->cluster, e->topic,
	    hidden ? RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART : RD_KAFKA_RESP_ERR_NO_ERROR);
}

void
embedded_set_down(struct embedded *e, bool down)
{
	if (down)
		rd_kafka_mock_broker_set_down(e->cluster, 1);
	else
		rd_kafka_mock_broker_set_up(e->cluster, 1);
}

void
embedded_stop(struct embedded *e)
{
	if (!e)
		return;
	if (e->file)
		unlink(e->file);
	if (e->cluster)
		rd_kafka_mock_cluster_destroy(e->cluster);
	if (e->rk)
		rd_kafka_destroy(e->rk);
	free(e->topic);
	free(e->file);
	free(e);
}
