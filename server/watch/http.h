/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between evhttp and the calls: limits, the query, answers at once or page by page. A client
 * that reads slowly holds one page of memory, one that is gone takes its call with it.
 * Belongs to the watch thread; libevent's HTTP is known here and in watch.c only.
 */
#pragma once

#include "watch/call.h"

#include <event2/event.h>

struct http;

/* Serves on base; both borrowed, and outlive it. */
struct http *http_new(struct event_base *base, const struct watch_sources *sources) MUST_USE;

/* Closes listeners and connections, cuts answers off. */
void http_free(struct http *h);

/* Where a request comes in: only the control socket takes orders. */
enum http_socket { HTTP_TCP, HTTP_CONTROL, HTTP_SOCKETS };

/* Answer to connections of this listening, non-blocking socket, which it owns from now on. */
void http_listen(struct http *h, enum http_socket socket, int fd);

/* A listening TCP socket on the address, or -1: why says what is wrong and what to do. */
int http_bind(const struct ip_addr *addr, uint16_t port, char *why, size_t size) MUST_USE;
