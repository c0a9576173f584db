/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line, one event, on stderr: "time level event key=value ..." or the same as JSON.
 *
 *     log_info("peer up", f_str("peer", name), f_u64("as", as));
 *
 * Any thread; one write() a line, so lines never mix. Secrets are never a field. Log once,
 * where it is decided.
 */
#pragma once

#include "core/ip.h"

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

enum log_format { LOG_LOGFMT, LOG_JSON };

struct log_field {
	const char *key; /* NULL ends the list */
	enum { FIELD_STR, FIELD_U64, FIELD_I64, FIELD_BOOL, FIELD_IP, FIELD_PREFIX } type;
	union {
		const char *str; /* borrowed; NULL prints as "" */
		uint64_t u64;
		int64_t i64;
		bool flag;
		struct ip_addr ip;
		struct ip_prefix prefix;
	};
};

static inline struct log_field
f_str(const char *key, const char *v)
{
	return (struct log_field){.key = key, .type = FIELD_STR, .str = v};
}
static inline struct log_field
f_u64(const char *key, uint64_t v)
{
	return (struct log_field){.key = key, .type = FIELD_U64, .u64 = v};
}
static inline struct log_field
f_i64(const char *key, int64_t v)
{
	return (struct log_field){.key = key, .type = FIELD_I64, .i64 = v};
}
static inline struct log_field
f_bool(const char *key, bool v)
{
	return (struct log_field){.key = key, .type = FIELD_BOOL, .flag = v};
}
static inline struct log_field
f_ip(const char *key, struct ip_addr v)
{
	return (struct log_field){.key = key, .type = FIELD_IP, .ip = v};
}
static inline struct log_field
f_prefix(const char *key, struct ip_prefix v)
{
	return (struct log_field){.key = key, .type = FIELD_PREFIX, .prefix = v};
}

#define log_write_fields(level, event, ...)                                                    \
	log_write(                                                                             \
	    level, event, (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){.key = NULL}})
#define log_debug(event, ...) log_write_fields(LOG_DEBUG, event __VA_OPT__(, ) __VA_ARGS__)
#define log_info(event, ...)  log_write_fields(LOG_INFO, event __VA_OPT__(, ) __VA_ARGS__)
#define log_warn(event, ...)  log_write_fields(LOG_WARN, event __VA_OPT__(, ) __VA_ARGS__)
#define log_error(event, ...) log_write_fields(LOG_ERROR, event __VA_OPT__(, ) __VA_ARGS__)

/* Write the event if its level is enabled. fields ends with a NULL key. */
void log_write(enum log_level level, const char *event, const struct log_field *fields);

/* Change what is written from now on; any thread, at any time. Default: info, logfmt. */
void log_set(enum log_level level, enum log_format format);

bool log_enabled(enum log_level level);
bool
log_level_parse(const char *text, enum log_level *out) MUST_USE; /* debug info warn error */
bool log_format_parse(const char *text, enum log_format *out) MUST_USE; /* logfmt json */

/*
 * A limit for events that repeat: log_allow() is true at most `burst` times per second of
 * now_ns, and *suppressed tells how many were swallowed since the last true one. Owned by one
 * thread (a peer's io thread, the consumer).
 */
struct log_limit {
	uint64_t window_start_ns;
	uint32_t in_window, swallowed;
};
bool log_allow(struct log_limit *l, uint32_t burst, uint64_t now_ns, uint32_t *suppressed);
