/* SPDX-License-Identifier: Apache-2.0 */
/* "127.0.0.1:1790" or "[::1]:1790": where a program listens, as a value. */
#pragma once

#include "core/ip.h"
#include "core/must.h"

#include <stdbool.h>
#include <stdint.h>

#define ENDPOINT_TEXT_MAX (IP_TEXT_MAX + 8)

struct endpoint {
	struct ip_addr addr;
	uint16_t port;
};

bool endpoint_parse(const char *text, struct endpoint *out) MUST_USE;
char *endpoint_text(const struct endpoint *e, char buf[ENDPOINT_TEXT_MAX]);

/* Does a TCP connection to it open? Blocks for as long as the kernel's answer takes. */
bool endpoint_answers(const struct endpoint *e) MUST_USE;

/* A port of that address that nobody uses at this moment; 0: there is none. */
uint16_t endpoint_free_port(const struct ip_addr *a);
