/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of the simulated cluster as records of the stream: the key, and the value as the
 * Kubernetes API would serve it, in protobuf or in JSON. An object that is gone becomes a
 * tombstone. One thread; a record lives until the encoder's next one.
 */
#pragma once

#include "cluster.h"
#include "core/arena.h"
#include "schema/key.h"

#include <stddef.h>
#include <stdint.h>

enum encode_style { ENCODE_PROTOBUF, ENCODE_JSON };

/* One object of a cluster by its indices. */
struct object_ref {
	uint8_t resource; /* RESOURCE_NODE, RESOURCE_SERVICE or RESOURCE_SLICE */
	uint32_t index;   /* node or service */
	uint32_t slice;   /* of the service */
};

struct record {
	char key[KEY_TEXT_MAX];
	size_t key_len;
	const uint8_t *value; /* NULL: tombstone */
	size_t value_len;
};

struct encoder {
	struct arena arena;
	enum encode_style style;
	uint64_t version; /* resourceVersion of the next record: grows, across runs too */
	const struct cluster *cluster;
};

void encoder_init(struct encoder *e, const struct cluster *cluster, enum encode_style style);
void encoder_fini(struct encoder *e);

/* The object's record, borrowed. Uses up one resourceVersion. */
void encode_object(struct encoder *e, struct object_ref ref, struct record *out);

/* Only for encode_json.c's use: the text of an object's metadata, in the encoder's arena. */
struct object_meta {
	const char *name, *ns, *uid, *version;
};
struct object_meta encode_meta(struct encoder *e, struct object_ref ref);
const char *encode_addr(struct encoder *e, const struct ip_addr *a);
const char *
encode_endpoint_node(const struct cluster *c, const struct bench_endpoint *ep); /* NULL: none */
const char *encode_service_type(const struct bench_service *s);

/* The JSON value in the encoder's arena. */
const uint8_t *encode_json(struct encoder *e, struct object_ref ref, size_t *n);
