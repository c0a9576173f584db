/* SPDX-License-Identifier: Apache-2.0 */
/* In which rack and zone a peer stands: its own keys, else the first rule of `racks` that fits. */
#pragma once

#include "config/config.h"

#define CONFIG_RACK_MAX 254 /* with the NUL */

struct config_location {
	char rack[CONFIG_RACK_MAX], zone[CONFIG_RACK_MAX]; /* "": unknown */
};

/* address: the peer's own, also where it came from a range. Any thread. */
void config_locate(const struct config *c, const struct config_peer *peer,
    const struct ip_addr *address, struct config_location *out);
