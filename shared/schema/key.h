/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of the records on the stream: `<resource>/<namespace>/<name>`, the namespace empty for
 * what is cluster-scoped, `sync//begin` and `sync//end` around a publisher's full listing.
 * Pure functions over borrowed bytes; any thread. A key that parses prints back to the same
 * bytes.
 */
#pragma once

#include "core/must.h"

#include <stdbool.h>
#include <stdint.h>

enum resource {
	RESOURCE_NONE,
#define RESOURCE(id, plural, scope, api_version, older_api_version, kind) RESOURCE_##id,
#include "schema/resource.def"
#undef RESOURCE
	RESOURCE_COUNT
};

enum resource_scope { SCOPE_CLUSTER, SCOPE_NAMESPACE };

struct resource_row {
	const char *plural; /* first part of the key: the name in the API's paths */
	enum resource_scope scope;
	const char *api_version;       /* "v1", "discovery.k8s.io/v1"; "" for sync */
	const char *older_api_version; /* also understood; "" where there is none */
	const char *kind;              /* "Node"; "" for sync */
};

/* By enum resource; the row of RESOURCE_NONE is empty strings. */
extern const struct resource_row resource_rows[RESOURCE_COUNT];

/* Kubernetes: a namespace is a DNS label, a name at most a DNS subdomain. */
#define KEY_NS_MAX       63
#define KEY_NAME_MAX     253
#define KEY_RESOURCE_MAX 17 /* "bgpconfigurations" */
#define KEY_TEXT_MAX                                                                           \
	(KEY_RESOURCE_MAX + KEY_NS_MAX + KEY_NAME_MAX + 3) /* any of ours, two slashes, NUL */
#define KEY_BYTES_MAX 1024                                 /* longer ones are refused unread */

struct record_key {
	const char *ns,
	    *name;        /* borrowed; end by length, and with a NUL where the owner says so */
	uint8_t resource; /* enum resource */
	uint8_t ns_len, name_len;
};

enum key_result {
	KEY_OK,
	KEY_UNKNOWN, /* well-formed, of a resource we do not follow */
	KEY_BAD
};

/* Split n bytes; the parts of *out point into them. *out is set only by KEY_OK. */
enum key_result key_parse(const void *bytes, size_t n, struct record_key *out) MUST_USE;

/* A key of NUL-terminated parts, borrowed. They must be within the limits above. */
struct record_key key_make(enum resource resource, const char *ns, const char *name);

/* Write as text with a NUL into buf (KEY_TEXT_MAX bytes); returns the length without it. */
size_t key_format(const struct record_key *key, char *buf);

bool key_equal(const struct record_key *a, const struct record_key *b);
uint64_t key_hash(const struct record_key *key);
