/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UPDATEs into a ToR's table, in place and without allocation per path: this is the loop that
 * has to swallow tens of millions of paths a second. The attributes are hashed once per
 * message; a path then costs one guess in the dictionary and one hash for the digest.
 */
#include "core/clock.h"
#include "pathhash.h"
#include "tor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One NLRI into *key, whose family is set. False: past the end or a length beyond the family's. */
static inline bool
read_key(struct wire_in *w, bool add_path, struct path_key *key)
{
	key->id = add_path ? wire_u32(w) : 0;
	key->len = wire_u8(w);
	memset(key->bytes, 0, sizeof(key->bytes));
	if (key->len == 32) {
		const uint8_t *four = wire_take(w, 4);

		if (four)
			memcpy(key->bytes, four, 4);
		return wire_ok(w);
	}
	if (key->len > ip_bits(key->family))
		return false;
	size_t n = (key->len + 7u) / 8u;
	const uint8_t *p = wire_take(w, n);

	if (!p)
		return false;
	if (n) {
		memcpy(key->bytes, p, n);
		if (key->len % 8)
			key->bytes[n - 1] &= (uint8_t)(0xff00u >> key->len % 8);
	}
	return true;
}

static inline uint64_t
key_path_hash(const struct path_key *key, uint64_t seed)
{
	if (key->family == IP_V4) {
		uint32_t n;

		memcpy(&n, key->bytes, 4);
		return path_hash4(__builtin_bswap32(n), key->len, seed);
	}
	return path_hash6(key->bytes, key->len, seed);
}

static uint32_t *
hop_slot(struct hop_map *m, uint32_t id)
{
	uint32_t at = (uint32_t)hash_mix(id) & m->mask;

	while (m->slots[at].attrs && m->slots[at].id != id)
		at = (at + 1) & m->mask;
	m->slots[at].id = id;
	return &m->slots[at].attrs;
}

static void
hop_learn(struct hop_map *m, uint32_t id, uint32_t attrs)
{
	uint32_t *slot = hop_slot(m, id);

	if (*slot == 0 && ++m->count * 2 > m->mask) {
		struct hop_map bigger = {.count = m->count, .mask = m->mask * 2 + 1};

		bigger.slots = must_calloc(bigger.mask + 1, sizeof(*bigger.slots));
		for (uint32_t i = 0; i <= m->mask; i++)
			if (m->slots[i].attrs)
				*hop_slot(&bigger, m->slots[i].id) = m->slots[i].attrs;
		free(m->slots);
		*m = bigger;
		slot = hop_slot(m, id);
	}
	*slot = attrs;
}

/* The table reaches as far as the dictionary, so that growing is rare. */
static void
grow_table(struct tor *t)
{
	uint32_t room = t->in->dict.room;

	t->held = must_realloc(t->held, room * sizeof(*t->held));
	memset(t->held + t->held_room, 0, (room - t->held_room) * sizeof(*t->held));
	t->held_room = room;
}

/* Set the table's entry for key; returns what stood there. */
static inline uint32_t
exchange(struct tor *t, const struct path_key *key, uint32_t attrs)
{
	uint32_t at = pathdict_intern(&t->in->dict, key, t->guess);

	t->guess = at + 1;
	if (at >= t->held_room)
		grow_table(t);
	uint32_t before = t->held[at];

	t->held[at] = attrs;
	if (t->in->on_change)
		t->in->on_change(t->in->ctx, t, key, before, attrs);
	return before;
}

/* Put the path in place of what the table holds; returns the hash of what it held, or 0. */
static inline uint64_t
replace(struct tor *t, const struct path_key *key, uint32_t attrs)
{
	uint32_t before = exchange(t, key, attrs);

	if (!before)
		return 0;
	t->counts.replaced++;
	t->paths--;
	return key_path_hash(key, t->in->attrs.sets[before].seed);
}

static bool
announce(struct tor *t, struct wire_in nlri, uint8_t family, const struct attr_parts *parts)
{
	const struct ip_addr *hop = &parts->next_hop[ip_family_index(family)];
	bool add_path = t->agreed.add_path_rx[ip_family_index(family)];
	bool id_known = add_path && family == IP_V4;
	struct path_key key = {.family = family};
	uint32_t learned = 0;

	if (hop->family == IP_NONE)
		return false;
	uint32_t attrs = attrset_intern(&t->in->attrs, parts, hop);
	uint32_t expected_id = id_known ? ip_v4_host(hop) : 0;
	uint64_t seed = t->in->attrs.sets[attrs].seed, sum = 0, count = 0, odd = 0;

	while (wire_left(&nlri)) {
		if (!read_key(&nlri, add_path, &key))
			return false;
		odd += id_known && key.id != expected_id;
		if (t->checked) {
			sum -= replace(t, &key, attrs);
		} else if (key.id != learned || count == 0) {
			hop_learn(&t->in->hops[ip_family_index(family)], key.id, attrs);
			learned = key.id;
		}
		sum += key_path_hash(&key, seed);
		count++;
	}
	t->counts.announced += count;
	t->counts.id_mismatch += odd;
	t->digest += sum;
	t->paths += count;
	return true;
}

/* A counting ToR trusts that the path has the attributes its identifier was last announced with. */
static void
withdraw_counted(struct tor *t, const struct path_key *key)
{
	uint32_t attrs = *hop_slot(&t->in->hops[ip_family_index(key->family)], key->id);

	if (!attrs) {
		t->counts.withdrawn_unknown++;
		return;
	}
	t->digest -= key_path_hash(key, t->in->attrs.sets[attrs].seed);
	t->paths--;
}

static bool
withdraw(struct tor *t, struct wire_in nlri, uint8_t family)
{
	bool add_path = t->agreed.add_path_rx[ip_family_index(family)];
	struct path_key key = {.family = family};

	while (wire_left(&nlri)) {
		if (!read_key(&nlri, add_path, &key))
			return false;
		t->counts.withdrawn++;
		if (!t->checked) {
			withdraw_counted(t, &key);
			continue;
		}
		uint32_t before = exchange(t, &key, 0);

		if (!before) {
			t->counts.withdrawn_unknown++;
			continue;
		}
		t->digest -= key_path_hash(&key, t->in->attrs.sets[before].seed);
		t->paths--;
	}
	return true;
}

static void
on_eor(struct tor *t, unsigned family_index, uint64_t now_ns)
{
	t->eor[family_index] = true;
	if (tor_has_eor(t))
		t->eor_ns = now_ns;
}

static bool
malformed(struct tor *t, const char *what)
{
	snprintf(t->trouble, sizeof(t->trouble), "malformed UPDATE from the target: %s", what);
	return false;
}

bool
tor_update(struct tor *t, struct wire_in body, uint64_t now_ns)
{
	struct wire_in withdrawn = wire_child(&body, wire_u16(&body));
	struct wire_in attributes = wire_child(&body, wire_u16(&body));
	size_t attributes_len = wire_left(&attributes);
	struct attr_parts parts;

	t->counts.updates++;
	if (!wire_ok(&body))
		return malformed(t, "lengths do not add up");
	if (!attr_parts_read(attributes, &parts))
		return malformed(t, "path attributes");
	if (parts.has_other_family)
		return malformed(t, "a family that was not negotiated");
	if (!wire_left(&withdrawn) && !wire_left(&body)) { /* End-of-RIB: RFC 4724 section 2 */
		if (attributes_len == 0) {
			on_eor(t, 0, now_ns);
			return true;
		}
		if (parts.has_unreach6 && !wire_left(&parts.unreach6) && !parts.has_reach6) {
			on_eor(t, 1, now_ns);
			return true;
		}
	}
	if (t->first_update_ns == 0)
		t->first_update_ns = now_ns;
	if (!withdraw(t, withdrawn, IP_V4) ||
	    (parts.has_unreach6 && !withdraw(t, parts.unreach6, IP_V6)))
		return malformed(t, "a withdrawn prefix runs past its field or is too long");
	if (wire_left(&body) && !announce(t, body, IP_V4, &parts))
		return malformed(t, "IPv4 prefixes, or no NEXT_HOP for them");
	if (parts.has_reach6 && !announce(t, parts.reach6, IP_V6, &parts))
		return malformed(t, "IPv6 prefixes");
	return true;
}
