/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes-only limit: a server that answers every BGP session's OPEN with the least that
 * makes it come up, and then moves one shared buffer into its socket; upon a pulse, one message more. It encodes
 * nothing, reads no UPDATE, has no timer and no table: what it costs, any sender of these bytes costs at least.
 */
#pragma once

#include "core/must.h"
#include "endpoint.h"
#include "wirepath.h"
#include "wireset.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLAST_ERROR_MAX 200
#define BLAST_CHUNK     (256u * 1024) /* bytes of one send(), unless told */

struct blast_options {
	struct endpoint listen;
	uint32_t threads;
	uint32_t as, router_id;
	size_t chunk; /* bytes of one send() at most: how sessions take turns */
	bool loaded;  /* from the start; else "go" on the control descriptor loads the table */
	int control;  /* lines: see blast_run(); end of file ends everything */
	const struct wireset *set;
	const struct wirepath *path; /* of the set, for pulses; NULL: there will be none */
};

/*
 * Serve until the control descriptor ends. Sessions get End-of-RIB alone until the line "go" loads the
 * table; at that moment all get it; whoever comes later gets it, then End-of-RIB. Each line "pulse" sends one UPDATE
 * to every session that has the table: the first withdraws the path, the next announces it, and so
 * on. The thread that reads the lines sends itself, so that with one thread nothing is woken in between.
 * False: error says why it cannot listen.
 */
bool blast_run(const struct blast_options *o, char *error) MUST_USE;
