/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a session ends: with a NOTIFICATION of ours, with one of the peer's, silently, or because
 * the connection is gone; and what comes next (damping, a new attempt, rest).
 */
#pragma once

#include "bgp/notification.h"
#include "session/session.h"

/* A fatal error: send n (after the message that is half sent), close, drop the peer's bytes. */
void session_fail(struct session *s, const struct notification *n, uint64_t now) ON_IO;

/* Go to Idle; the connection is to be closed once what is queued has gone. why: for people. */
void session_end(struct session *s, const char *why, uint64_t now) ON_IO;

/* The connection is gone: give back what belonged to it and decide what comes next. */
void session_link_gone(struct session *s, uint64_t now) ON_IO;

/* Give back what belongs to the connection. */
void session_forget_link(struct session *s) ON_IO;
