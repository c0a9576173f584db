/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request over heliographd's control socket. HTTP/1.0 on purpose: the body then ends with the
 * connection, and can be read line by line while the server still writes it.
 */
#pragma once

#include "core/must.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct client {
	FILE *in;   /* at the body */
	int status; /* HTTP */
	char *line; /* of client_line() */
	size_t room;
};

#define TARGET_MAX 1024

/* A path and its query, grown parameter by parameter. */
struct target {
	char text[TARGET_MAX];
	size_t len;
	bool query, overflow;
};

void target_init(struct target *t, const char *path);

/* Adds name=value, percent-encoded; a NULL value adds nothing. */
void target_add(struct target *t, const char *name, const char *value);

/* socket: a path, or the URL of another heliographd's HTTP server, which is only read. method: "GET", or "POST" for an order. False: why (size bytes) says what is wrong and what to do; nothing is open. */
bool client_ask(struct client *c, const char *socket, const char *method,
    const struct target *t, char *why, size_t size) MUST_USE;

/* The next line without its end, borrowed until the next call; NULL: that was all. */
char *client_line(struct client *c, size_t *len);

/* The rest of the body, NUL-terminated; the caller frees it. */
char *client_body(struct client *c, size_t *len) MUST_USE;

/* False: reading has failed, what was read is not all. */
bool client_close(struct client *c);
