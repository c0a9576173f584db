/* SPDX-License-Identifier: Apache-2.0 */
/* A table whose next hops stand in racks and zones, for the tests of views. */
#pragma once

#include "../rib/fixture.h"
#include "core/hash.h"
#include "ribout/view.h"

static struct view_items items;

static inline int
begin_viewing(void **state)
{
	items = (struct view_items){.at = NULL};
	return begin(state);
}

static inline int
end_viewing(void **state)
{
	view_items_fini(&items);
	return end(state);
}

/* Node h stands in one of `racks` racks, eight of which are a zone. */
static inline uint32_t
node_name(uint32_t h, uint32_t racks) ALL_ROLES
{
	struct nexthop nh = hop_of(h);
	char rack[20], zone[20];

	snprintf(rack, sizeof(rack), "r%u", h % racks);
	snprintf(zone, sizeof(zone), "z%u", h % racks / 8);
	nh.rack = place_hash(rack);
	nh.zone = place_hash(zone);
	return nexthop_name(&names, &nh);
}

static inline struct view
near(const char *rack, const char *zone, uint32_t max)
{
	return (struct view){.prefer = VIEW_PREFER_RACK,
	    .rack = place_hash(rack),
	    .zone = place_hash(zone),
	    .max = max};
}

#define VIEWING(test) cmocka_unit_test_setup_teardown(test, begin_viewing, end_viewing)
