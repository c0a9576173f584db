/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A generation of the configuration, as tcp follows it: what it says and the keys of its peers. While another takes its place
 * each io thread follows the one that it has switched to; with the last of them the old one is nobody's any more.
 */
#pragma once

#include "tcp/tcp_own.h"

/* The first one, before the threads run. */
void setup_first(struct tcp *t, struct tcp_setup *setup);

/* Follow the newest one, if this thread does not yet: sessions of peers that are gone or changed end, new ones begin,
 * the others see nothing of it. */
void setup_take(struct io *io, uint64_t now) ON_IO;
