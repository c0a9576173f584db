/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, AS numbers and communities as people and Calico's objects write them. Pure functions. */
#pragma once

#include "config/config.h"

/* Digits only, the whole text, at most max. */
bool config_number_parse(const char *text, uint64_t max, uint64_t *out) MUST_USE;

/* asplain, or asdot as some routers print it (RFC 5396); reserved ones too. */
bool config_asn_parse(const char *text, uint32_t *out) MUST_USE;

/* "64512:100", both parts up to 65535, a large one, "64512:1:2" (RFC 8092), or a well-known one, "no-export". */
bool config_community_parse(const char *text, struct config_community *out) MUST_USE;
