/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hash.h"

#include <endian.h>
#include <string.h>

/* Eight bytes as a little-endian number, whatever the machine. */
static uint64_t
load_8(const uint8_t *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return le64toh(x);
}

static uint64_t
load_less(const uint8_t *p, size_t n)
{
	uint64_t x = 0;

	for (size_t i = 0; i < n; i++)
		x |= (uint64_t)p[i] << (8 * i);
	return x;
}

uint64_t
hash_bytes(const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	uint64_t h = hash_mix(n + 0x9e3779b97f4a7c15ull);

	for (; n >= 8; p += 8, n -= 8)
		h = hash_mix(h ^ load_8(p)) + 0x9e3779b97f4a7c15ull;
	return n ? hash_mix(h ^ load_less(p, n)) : h;
}

uint64_t
place_hash(const char *name)
{
	uint64_t h = name && *name ? hash_bytes(name, strlen(name)) : 0;

	return name && *name && h == 0 ? 1 : h;
}
