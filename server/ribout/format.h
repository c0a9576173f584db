/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wire format of a group: everything the encoder reads besides the table. Two peers share a
 * group exactly when their formats (and views) are equal, because then their bytes are.
 * Compared as bytes: always start from a zeroed struct.
 */
#pragma once

#include "core/ip.h"
#include "ribout/view.h"

#include <stdbool.h>
#include <stdint.h>

struct format {
	bool family[IP_FAMILIES]; /* negotiated; index: ip_family_index()                    */
	bool add_path
	    [IP_FAMILIES]; /* RFC 7911: all paths with identifiers; else one best one  */
	bool extended;     /* RFC 8654: messages up to 65535 bytes                     */
	bool as4;          /* RFC 6793                                                 */
	bool ebgp;         /* AS_PATH with our AS; no LOCAL_PREF, no reflector attributes */
	bool
	    draining; /* RFC 8326: every path says GRACEFUL_SHUTDOWN, to iBGP peers with LOCAL_PREF 0 */
	uint32_t local_as;
	uint32_t cluster_id; /* CLUSTER_LIST towards iBGP, host order                    */
	struct view view;
};
_Static_assert(sizeof(struct format) == 56, "no padding: formats are compared as bytes");
