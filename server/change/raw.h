/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside change/: a Kubernetes object between parsing and building, the same whether it came
 * as protobuf or as JSON. Everything is borrowed from the decoder's scratch memory or its
 * JSON tree and gone after the record. Texts are NULL where the field is absent.
 */
#pragma once

#include "change/decode.h"
#include "schema/value.h"

struct raw_pair {
	const char *key,
	    *value; /* label; condition's type and status; address's type and text */
};

struct raw_pairs {
	struct raw_pair *at;
	size_t n;
};

struct raw_texts {
	const char **at;
	size_t n;
};

struct raw_meta {
	const char *name, *ns, *uid, *resource_version;
	struct raw_pairs labels, annotations;
	bool deleting;
};

struct raw_taint {
	const char *key, *value, *effect;
};

struct raw_node {
	const char *pod_cidr;
	struct raw_texts pod_cidrs;
	struct raw_pairs conditions, addresses;
	struct raw_taint *taints;
	size_t n_taints;
	bool unschedulable;
};

struct raw_ingress {
	const char *ip, *hostname, *ip_mode;
};

struct raw_service {
	const char *type, *cluster_ip, *external_policy, *internal_policy, *load_balancer_class;
	struct raw_texts cluster_ips, external_ips, ip_families;
	struct raw_ingress *ingress;
	size_t n_ingress;
	bool publish_not_ready;
};

struct raw_endpoint {
	const char *address, *node_name, *zone; /* address: the first one */
	uint8_t ready, serving, terminating;    /* enum condition; unknown: absent */
};

struct raw_slice {
	const char *address_type;
	struct raw_endpoint *endpoints;
	size_t n_endpoints;
};

struct raw_cidr {
	struct raw_texts cidrs;
	struct raw_pairs conditions;
};

struct raw_calico {
	struct json_t *spec; /* of the decoder's JSON tree; NULL: there is none */
};

struct raw_object {
	enum resource resource;
	const char *api_version, *kind; /* NULL: the value does not say */
	struct raw_meta meta;
	union {
		struct raw_node node;
		struct raw_service service;
		struct raw_slice slice;
		struct raw_cidr cidr;
		struct raw_calico calico;
	};
};

/* Fill *raw (zeroed but for resource) from the value; false: *why is set. */
bool raw_from_protobuf(struct decoder *d, const struct record *r, struct raw_object *raw,
    struct decode_error *why) MUST_USE;
bool raw_from_json(struct decoder *d, const struct record *r, struct raw_object *raw,
    struct decode_error *why) MUST_USE;

/*
 * A slice's bytes in the form in which everybody writes them. True: *out is set as
 * raw_from_protobuf() would set it, *metadata lies in the bytes (at NULL: there is none) and is
 * not looked at yet. False: another form, well-formed or not; *out is untouched.
 */
bool slice_from_wire(struct decoder *d, struct value_span object, struct raw_slice *out,
    struct value_span *metadata) MUST_USE;

/* epoch and counts of a sync record's JSON value into *c; false: *why is set. */
bool
sync_from_json(const struct record *r, struct change *c, struct decode_error *why) MUST_USE;

/* Build the object (and the slice's names) in one block each; false: *why is set. */
bool object_build(struct decoder *d, const struct raw_object *raw, struct change *c,
    struct decode_error *why) MUST_USE;

/* Set *why and return false. */
bool decode_refuse(struct decode_error *why, enum decode_fault fault, const char *format, ...)
    PRINTF_LIKE(3);
