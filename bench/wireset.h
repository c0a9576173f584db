/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model's IPv4 paths as the bytes of one BGP stream: attribute-major (all paths of a next hop
 * stand behind its attributes once), UPDATE after UPDATE, End-of-RIB of both families at the end. Written by
 * shared/bgp, as heliographd does. Immutable once made; any thread may read it.
 */
#pragma once

#include "core/must.h"
#include "model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 23 octets of header and lengths, 28 of attributes, 7 more of CLUSTER_LIST. */
#define WIRESET_OVERHEAD           51u /* of an UPDATE, before it was reflected */
#define WIRESET_OVERHEAD_REFLECTED 58u

struct wireset_format {
	size_t message_max; /* 4096, or 65535 with extended messages */
	bool
	    reflected; /* CLUSTER_LIST has the rules' cluster_id: as a reflector's client gets it */
	uint32_t cluster_id, local_pref;
};

struct wireset {
	uint8_t *bytes;
	size_t table_size; /* the UPDATEs; End-of-RIB follows */
	size_t size;       /* all of it */
	uint64_t messages, paths;
	uint32_t next_hops;
};

/* ADD-PATH, the identifier is the next hop's address; paths of IPv6 must not be there. Owned. */
struct wireset *wireset_new(const struct model *m, const struct wireset_format *f);
void wireset_free(struct wireset *w);

/* False, with errno: the file cannot be written, or read. */
bool wireset_save(const struct wireset *w, const char *path) MUST_USE;
/* What wireset_save() wrote; its counts of paths and messages are 0. Owned; NULL with errno. */
struct wireset *wireset_load(const char *path) MUST_USE;
