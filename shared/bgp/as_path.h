/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AS paths in wire form: segments of (type, count, count AS numbers of 2 or 4 octets). Walks,
 * checks and composes them, and joins AS_PATH with AS4_PATH of a 2-octet peer (RFC 6793).
 */
#pragma once

#include "core/wire.h"

enum as_segment_type {
	AS_SET = 1,
	AS_SEQUENCE = 2,
	AS_CONFED_SEQUENCE = 3, /* RFC 5065 */
	AS_CONFED_SET = 4,
};

enum { AS_SEGMENT_MAX = 255, AS_PATH_TEXT_MAX = 512 };

struct attrs;

struct as_path {
	const uint8_t *at; /* borrowed */
	size_t n;
	bool as4;
};

enum as_path_fault {
	AS_PATH_OK,
	AS_PATH_BAD_TYPE,
	AS_PATH_TRUNCATED, /* overrun, or one octet left behind the last segment */
	AS_PATH_EMPTY_SEGMENT,
	AS_PATH_CONFED,  /* a confederation segment, and we are in no confederation */
	AS_PATH_AS_ZERO, /* RFC 7607 */
};

/*
 * Judge the whole path: the first fault of structure, else the first other one. An empty path
 * is fine. confed_allowed: AS_PATH_CONFED is not reported.
 */
enum as_path_fault as_path_check(struct as_path p, bool confed_allowed) MUST_USE;

/* The functions below expect a path that as_path_check() found sound (confederation segments allowed). */

/* Hops as RFC 4271 9.1.2.2 counts them: a set is one, confederation segments are none. */
unsigned as_path_hops(struct as_path p);

/* True when the number occurs in any segment. */
bool as_path_has(struct as_path p, uint32_t as);

/* The leftmost AS, or 0 when the path is empty or begins with a set. */
uint32_t as_path_first(struct as_path p);

/* The AS that originated the route, or 0 when the path is empty or ends with a set. */
uint32_t as_path_origin(struct as_path p);

/* Append `path` (4-octet) with `as` prepended `times` times (RFC 4271 5.1.2), 4-octet. */
void as_path_prepend(struct wire_out *w, uint32_t as, unsigned times, struct as_path path);

/*
 * For 2-octet peers (RFC 6793 4.2.2): append a 4-octet path with 2-octet numbers, AS_TRANS for
 * those that need 4; the path as AS4_PATH wants it; does any number need 4 octets?
 */
void as_path_narrow(struct wire_out *w, struct as_path path);
void as_path_without_confed(struct wire_out *w, struct as_path path);
bool as_path_is_wide(struct as_path p);

/*
 * The path that decoded attributes mean, appended with 4-octet numbers: AS_PATH itself, or
 * its leading part before AS4_PATH as RFC 6793 section 4.2.3 says. Twice the octets of
 * AS_PATH are room enough.
 */
void as_path_merge(struct wire_out *w, const struct attrs *a);

/* "64512 65001 {1 2}" into buf; a path too long ends in "...". Returns buf. */
char *as_path_text(struct as_path p, char buf[AS_PATH_TEXT_MAX]);
