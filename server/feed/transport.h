/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sockets under the follows: sends their requests when they are due and gives them the answers,
 * by libcurl on libevent's loop, over TLS with the credentials of `access`. While the outbox is
 * full nothing is read and nothing is asked. One thread, that of the event loop; this file alone
 * knows libcurl.
 */
#pragma once

#include "feed/access.h"
#include "feed/follow.h"

#include <event2/event.h>

struct transport;

/* Everything borrowed for the transport's life. full() says whether to hold off. */
struct transport *transport_new(struct event_base *base, const struct access *access,
    struct follow *follows, unsigned n_follows, bool (*full)(void *ctx), void *ctx) MUST_USE;
void transport_free(struct transport *t);

/* Look again at what is due, and whether there is room. */
void transport_wake(struct transport *t);

/* Close all requests and list everything anew. */
void transport_restart(struct transport *t);
