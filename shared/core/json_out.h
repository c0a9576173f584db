/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streaming JSON writer: builds no tree, so a million paths cost one buffer. The sink gets
 * the text in pieces of at most JSON_OUT_BUFFER bytes. Commas and nesting are kept right by
 * the writer; closing what is not open is a bug (must).
 */
#pragma once

#include "core/ip.h"

#include <stdbool.h>
#include <stdint.h>

#define JSON_OUT_BUFFER 8192
#define JSON_OUT_DEPTH  32

/* Takes n bytes of text, borrowed for the call. */
typedef void json_sink(void *ctx, const char *text, size_t n);

struct json_out {
	json_sink *sink;
	void *ctx;
	size_t len;
	unsigned depth;
	bool first[JSON_OUT_DEPTH];
	char closer[JSON_OUT_DEPTH];
	char buf[JSON_OUT_BUFFER];
};

void json_out_init(struct json_out *j, json_sink *sink, void *ctx);
void json_out_flush(struct json_out *j); /* hand the rest to the sink */

/* Inside an object every value needs a key; inside an array and at the top, key is NULL. */
void json_begin_object(struct json_out *j, const char *key);
void json_begin_array(struct json_out *j, const char *key);
void json_end(struct json_out *j); /* closes the innermost object or array */
void json_str(struct json_out *j, const char *key,
    const char *v); /* NULL becomes null; bytes that are not UTF-8 become U+FFFD */
void json_strn(struct json_out *j, const char *key, const char *v, size_t n);
void json_u64(struct json_out *j, const char *key, uint64_t v);
void json_i64(struct json_out *j, const char *key, int64_t v);
void json_f64(struct json_out *j, const char *key, double v);
void json_bool(struct json_out *j, const char *key, bool v);
void json_put_null(struct json_out *j, const char *key);
void json_ip(struct json_out *j, const char *key, const struct ip_addr *v);
void json_prefix(struct json_out *j, const char *key, const struct ip_prefix *v);
