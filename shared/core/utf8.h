/* SPDX-License-Identifier: Apache-2.0 */
/* What is UTF-8 and what is not: for text that others sent and that we print as JSON. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Bytes of the UTF-8 sequence that begins at s, of which n > 0 bytes are there (RFC 3629: no
 * surrogates, no overlong forms); 0: it is none. */
size_t utf8_len(const unsigned char *s, size_t n);
