/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes-only limit: a server that answers every BGP session's OPEN with the least that
 * makes it come up, and then moves one shared buffer into its socket. It encodes nothing, reads no
 * UPDATE, has no timer and no table: what it costs, any sender of these bytes costs at least.
 */
#pragma once

#include "core/must.h"
#include "endpoint.h"
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
	int control;  /* a line "go" loads; end of file ends everything */
	const struct wireset *set;
};

/*
 * Serve until the control descriptor ends. Sessions get End-of-RIB alone until the table is
 * loaded; at that moment all get it; whoever comes later gets it, then End-of-RIB. False: error says
 * why it cannot listen.
 */
bool blast_run(const struct blast_options *o, char *error) MUST_USE;
