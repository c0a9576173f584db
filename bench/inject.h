/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One BGP speaker that gives a rival its paths: an iBGP session from an address of its own, with
 * ADD-PATH. Its thread sends what it is given, keeps the session alive and drops what it hears.
 */
#pragma once

#include "core/must.h"
#include "endpoint.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct injector;

#define INJECT_ERROR_MAX 300

struct inject_options {
	struct endpoint target;
	struct ip_addr source; /* also its BGP identifier; IPv4 */
	uint32_t as;
	unsigned timeout_ms; /* until the session is up; connecting is tried again until then */
};

/* Connects and waits until the session is up. NULL: error (INJECT_ERROR_MAX) says why. Owned. */
struct injector *injector_new(const struct inject_options *o, char *error) MUST_USE;
void injector_free(struct injector *i);

/* Send n bytes of whole messages, once per injector; borrowed until injector_free(). Returns at once. */
void injector_send(struct injector *i, const uint8_t *bytes, size_t n);

/*
 * Send one small message more at once, from the caller's thread: nothing is woken in between. Everything that
 * injector_send() was given must be done. False: error (INJECT_ERROR_MAX) says why the socket does not take it.
 */
bool injector_say(struct injector *i, const uint8_t *message, size_t n, char *error) MUST_USE;

/* Everything is in the rival's hands (or its socket's). */
bool injector_done(const struct injector *i);

/* Why the session ended; "" while it is up. Valid until injector_free(). */
const char *injector_trouble(struct injector *i);
