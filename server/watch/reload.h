/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the configuration file again: checked, planned, and carried out as a whole or not at all. The watch thread does it,
 * for helioctl reload and for SIGHUP; the writer and the io threads take over what is theirs.
 *
 * Refused is what cannot be done while the program runs (which keys, is said), and, unless it is forced, what would take away
 * too much: more than half of the peers, a whole class of paths, or more than safety.withdraw_limit allows.
 */
#pragma once

#include "config/config.h"
#include "core/role.h"

struct call;
struct watch_sources;

/* The configurations; main's. */
struct reloader {
	const char *path;
	struct config
	    *first; /* with which the program was started: some parts go on borrowing from it */
	struct config *now;    /* the one in force; may be the first */
	struct config *before; /* the one before it, which io threads may still leave; NULL */
	struct neighbours *peers,
	    *peers_before;   /* what tcp follows, and has followed; NULL: the file's own */
	uint64_t peers_hash; /* of Calico's objects, as they were last looked at */
};

struct tcp;
struct tcp_setup;

/* tcp follows these from now on, which the setup was made of. */
void reloader_configure(struct reloader *r, struct tcp *tcp, struct tcp_setup *setup,
    struct neighbours *peers) ON_WATCH;

/* c is the one that the program starts with; it is freed by reloader_fini(). */
void reloader_init(struct reloader *r, const char *path, struct config *c);
void reloader_fini(struct reloader *r);

/* SIGHUP: as helioctl reload, never forced; what comes of it is logged. sources are changed to follow. */
void reload_on_signal(struct watch_sources *sources) ON_WATCH;
