/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UPDATEs into a ToR's table, in place and without allocation per path: this is the loop that
 * has to swallow tens of millions of paths a second. The attributes are hashed once per
 * message; a path then costs one guess in the dictionary and one hash for the digest.
 */
#include "core/clock.h"
#include "pathhash.h"
#include "probe.h"
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
	uint32_t room = t->in->dict.room; /* a power of two, 1024 at least */

	if (t->checked) {
		t->held = must_realloc(t->held, room * sizeof(*t->held));
		memset(t->held + t->room, 0, (room - t->room) * sizeof(*t->held));
	} else {
		t->bits = must_realloc(t->bits, room / 8);
		memset(t->bits + t->room / 64, 0, (room - t->room) / 8);
	}
	t->room = room;
}

/* Where the path stands in the table, which reaches that far. */
static inline uint32_t
place_of(struct tor *t, const struct path_key *key)
{
	uint32_t at = pathdict_intern(&t->in->dict, key, t->guess);

	t->guess = at + 1;
	if (at >= t->room)
		grow_table(t);
	return at;
}

/* Set the table's entry for key; returns what stood there. */
static inline uint32_t
exchange(struct tor *t, const struct path_key *key, uint32_t attrs)
{
	uint32_t at = place_of(t, key), before = t->held[at];

	t->held[at] = attrs;
	if (t->in->on_change)
		t->in->on_change(t->in->ctx, t, key, before, attrs);
	return before;
}

/* The same for one that counts: was the path held? */
static inline bool
mark(struct tor *t, const struct path_key *key, bool held)
{
	uint32_t at = place_of(t, key);
	uint64_t *word = &t->bits[at / 64], bit = 1ull << at % 64, before = *word & bit;

	*word = held ? *word | bit : *word & ~bit;
	return before != 0;
}

/* One UPDATE's paths of one family, and what they change the sums by. */
struct batch {
	struct tor *tor;
	struct path_key key;
	struct hop_map *hops;
	uint64_t sum, count;
	uint32_t attrs; /* announced with; 0: withdrawn */
	uint32_t id,
	    id_attrs; /* counting: the identifier of this run of paths, its attributes before */
	bool in_run;
};

static struct batch
batch_of(struct tor *t, uint8_t family, uint32_t attrs)
{
	return (struct batch){.tor = t,
	    .key = {.family = family},
	    .hops = &t->in->hops[ip_family_index(family)],
	    .attrs = attrs};
}

static void
end_run(struct batch *b)
{
	if (b->in_run && b->attrs)
		hop_learn(b->hops, b->id, b->attrs);
	b->in_run = false;
}

static inline void
start_run(struct batch *b)
{
	if (b->in_run && b->key.id == b->id)
		return;
	end_run(b);
	b->in_run = true;
	b->id = b->key.id;
	b->id_attrs = *hop_slot(b->hops, b->id);
}

/*
 * Put the batch's attributes (or none) at its key. Returns what the table held: a counting ToR takes
 * a path to have what its identifier was last announced with.
 */
static inline uint32_t
put_path(struct batch *b)
{
	if (b->tor->checked)
		return exchange(b->tor, &b->key, b->attrs);
	start_run(b);
	return mark(b->tor, &b->key, b->attrs != 0) ? b->id_attrs : 0;
}

static inline void
subtract(struct batch *b, uint32_t attrs)
{
	b->sum -= key_path_hash(&b->key, b->tor->in->attrs.sets[attrs].seed);
	b->count--;
}

static void
end_batch(struct batch *b)
{
	end_run(b);
	b->tor->digest += b->sum;
	b->tor->paths += b->count;
}

/* Where this ToR reports what it receives; NULL nearly always. */
static struct probes *
probes_of(const struct tor *t)
{
	return t->probed ? t->in->probes : NULL;
}

static void
note(struct sightings *s, uint64_t tag, bool present)
{
	if (s->count == s->room) {
		s->room = s->room ? s->room * 2 : 64;
		s->list = must_realloc(s->list, s->room * sizeof(*s->list));
	}
	s->list[s->count++] = (struct sighting){.tag = tag, .present = present};
}

/* The path by this next hop is here now, or is no longer. */
static inline void
probe_look(const struct tor *t, struct probes *probes, const struct path_key *key, uint32_t hop,
    bool present, uint64_t now_ns)
{
	uint64_t tag = probes_wait(probes, key, hop);

	if (!tag)
		return;
	if (t->sightings)
		note(t->sightings, tag, present);
	else
		probes_report(probes, tag, present, t->number, now_ns);
}

static uint32_t
hop_of(const struct tor *t, uint32_t attrs)
{
	const struct ip_addr *hop = &t->in->attrs.sets[attrs].next_hop;

	return hop->family == IP_V4 ? ip_v4_host(hop) : 0;
}

static bool
announce(struct tor *t, struct wire_in nlri, uint8_t family, const struct attr_parts *parts,
    uint64_t now_ns)
{
	struct probes *probes = probes_of(t);
	const struct ip_addr *hop = &parts->next_hop[ip_family_index(family)];
	bool add_path = t->agreed.add_path_rx[ip_family_index(family)];
	bool id_known = add_path && family == IP_V4;

	if (hop->family == IP_NONE)
		return false;
	struct batch b = batch_of(t, family, attrset_intern(&t->in->attrs, parts, hop));
	uint32_t expected_id = id_known ? ip_v4_host(hop) : 0;
	uint64_t seed = t->in->attrs.sets[b.attrs].seed, announced = 0;

	for (; wire_left(&nlri); announced++) {
		if (!read_key(&nlri, add_path, &b.key))
			return false;
		t->counts.id_mismatch += id_known && b.key.id != expected_id;
		uint32_t before = put_path(&b);

		if (before) {
			t->counts.replaced += add_path; /* else it is how a path changes */
			subtract(&b, before);
		}
		if (probes)
			probe_look(t, probes, &b.key, hop_of(t, b.attrs), true, now_ns);
		b.sum += key_path_hash(&b.key, seed);
		b.count++;
	}
	t->counts.announced += announced;
	end_batch(&b);
	return true;
}

static bool
withdraw(struct tor *t, struct wire_in nlri, uint8_t family, uint64_t now_ns)
{
	struct probes *probes = probes_of(t);
	bool add_path = t->agreed.add_path_rx[ip_family_index(family)];
	struct batch b = batch_of(t, family, 0);

	while (wire_left(&nlri)) {
		if (!read_key(&nlri, add_path, &b.key))
			return false;
		uint32_t before = put_path(&b);

		t->counts.withdrawn++;
		if (probes && before)
			probe_look(t, probes, &b.key, hop_of(t, before), false, now_ns);
		if (before)
			subtract(&b, before);
		else
			t->counts.withdrawn_unknown++;
	}
	end_batch(&b);
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
	if (parts.has_other_family || ((parts.has_reach6 || parts.has_unreach6) &&
	                                  !t->agreed.families[ip_family_index(IP_V6)]))
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
	t->last_update_ns = now_ns;
	if (t->first_update_ns == 0)
		t->first_update_ns = now_ns;
	if (!withdraw(t, withdrawn, IP_V4, now_ns) ||
	    (parts.has_unreach6 && !withdraw(t, parts.unreach6, IP_V6, now_ns)))
		return malformed(t, "a withdrawn prefix runs past its field or is too long");
	if (wire_left(&body) && !announce(t, body, IP_V4, &parts, now_ns))
		return malformed(t, "IPv4 prefixes, or no NEXT_HOP for them");
	if (parts.has_reach6 && !announce(t, parts.reach6, IP_V6, &parts, now_ns))
		return malformed(t, "IPv6 prefixes");
	return true;
}
