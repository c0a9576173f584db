/* SPDX-License-Identifier: Apache-2.0 */
/* Which view a peer gets: the rules of its configuration's view, and its own place among racks, zones and variants. */
#pragma once

#include "config/locate.h"
#include "ribout/view.h"

/*
 * Peers that take one path of a prefix (no ADD-PATH) would all take the same; so many groups of them take
 * different ones. More would spread better and cost an encoding each.
 */
#define SINGLE_VARIANTS 16u

/* view->view_index may be CONFIG_VIEW_ALL. */
void viewing_of(const struct config *c, const struct config_peer *peer,
    const struct config_location *at, const struct ip_addr *address, struct view *out);

/* Which of the SINGLE_VARIANTS the peer belongs to: the same on both replicas. */
uint32_t viewing_single(const struct ip_addr *address);
