/* SPDX-License-Identifier: Apache-2.0 */
/* What follow.c and follow_refused.c share. */
#pragma once

#include "feed/follow.h"

enum {
	HTTP_OK = 200,
	HTTP_BAD = 400,
	HTTP_FORBIDDEN = 403,
	HTTP_NOT_FOUND = 404,
	HTTP_GONE = 410,
	HTTP_UNPROCESSABLE = 422,
	HTTP_UNAVAILABLE = 503
};

/* Nothing is known any more: a stream of all, or a list, comes next. */
void follow_start_over(struct follow *f);

/* 0 <= result < n */
uint64_t follow_random(struct follow *f, uint64_t n);

/* Try again later, ever less often; retry_after_s: the server's own wish, or 0. */
void follow_fail(struct follow *f, const char *error, unsigned retry_after_s, uint64_t now_ns);

/* The server has said no: in the answer's status, or in an event of the watch. */
void follow_refused(struct follow *f, int code, unsigned retry_after_s, uint64_t now_ns);
