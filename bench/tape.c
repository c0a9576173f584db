/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tape is messages end to end, what each did to the table and to the counts, and a ToR of its own (the
 * reader) that has read all of them. Whoever reaches the end of a tape first with a new message has the reader
 * read it; what the reader sees of paths that are waited for is noted, and reported by each ToR that gets
 * there. Where two streams part, a new tape begins with what they have in common.
 */
#include "tape.h"

#include "bgp/message.h"
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAPES     8            /* streams at once; more are read by each ToR for itself */
#define TAPE_SIZE (512u << 20) /* bytes of one at most: 50 million paths */

/* One message, and how things stand behind it. */
struct tape_entry {
	size_t at; /* in bytes */
	uint32_t size;
	bool eor[IP_FAMILIES];    /* had by now */
	bool ends;                /* it is an End-of-RIB itself */
	uint32_t seen;            /* so many of the sightings were made by now */
	uint64_t paths, digest;   /* of the table */
	struct tor_counts counts; /* since the beginning; no bytes and messages */
};

struct tape {
	struct tape *parent; /* the first `fork` messages are the parent's; NULL: none */
	uint32_t fork;
	uint32_t
	    followers; /* ToRs and tapes that go on from it: without any it may be dropped */
	struct tor reader;
	struct sightings sightings;
	struct tape_entry *entries;
	uint32_t count, room;
	uint8_t *bytes;
	size_t size, bytes_room;
};

struct tapes {
	struct intake *intake;
	struct tape *list[TAPES];
	unsigned count;
};

struct tapes *
tapes_new(struct intake *in)
{
	struct tapes *s = must_calloc(1, sizeof(*s));

	must(!in->on_change);
	s->intake = in;
	return s;
}

static void
tape_free(struct tape *p)
{
	tor_fini(&p->reader);
	free(p->sightings.list);
	free(p->entries);
	free(p->bytes);
	free(p);
}

void
tapes_free(struct tapes *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->count; i++)
		tape_free(s->list[i]);
	free(s);
}

/* The ToR follows p from now on; NULL: none. */
static void
follow(struct tor *t, struct tape *p)
{
	if (p)
		p->followers++;
	if (t->tape)
		t->tape->followers--;
	t->tape = p;
}

/* Room for one more tape, by dropping one that nobody follows. False: all are followed. */
static bool
make_room(struct tapes *s)
{
	for (unsigned i = 0; s->count == TAPES && i < s->count; i++) {
		if (s->list[i]->followers)
			continue;
		if (s->list[i]->parent)
			s->list[i]->parent->followers--;
		tape_free(s->list[i]);
		s->list[i] = s->list[--s->count];
	}
	return s->count < TAPES;
}

/* sum += now - before */
static void
add_counts(
    struct tor_counts *sum, const struct tor_counts *now, const struct tor_counts *before)
{
	sum->updates += now->updates - before->updates;
	sum->announced += now->announced - before->announced;
	sum->withdrawn += now->withdrawn - before->withdrawn;
	sum->withdrawn_unknown += now->withdrawn_unknown - before->withdrawn_unknown;
	sum->replaced += now->replaced - before->replaced;
	sum->id_mismatch += now->id_mismatch - before->id_mismatch;
}

/* How many sightings were made within the first n messages. */
static uint32_t
seen_before(const struct tape *p, uint32_t n)
{
	return n ? p->entries[n - 1].seen : 0;
}

static bool
observes(const struct tor *t)
{
	return t->probed && t->in->probes;
}

/* The reader reads one more message. False: it is malformed (reader.trouble), the tape stays as it was. */
static bool
tape_append(struct tape *p, const uint8_t *msg, size_t n)
{
	struct tor *r = &p->reader;
	bool had[IP_FAMILIES] = {r->eor[0], r->eor[1]}, ends, good;
	uint32_t seen = p->sightings.count;

	r->eor[0] = r->eor[1] = false;
	good = tor_update(r, bgp_body(msg, n), 1);
	ends = r->eor[0] || r->eor[1];
	for (unsigned f = 0; f < IP_FAMILIES; f++)
		r->eor[f] = r->eor[f] || had[f];
	if (!good) {
		p->sightings.count = seen;
		return false;
	}
	if (p->count == p->room) {
		p->room = p->room ? p->room * 2 : 1024;
		p->entries = must_realloc(p->entries, p->room * sizeof(*p->entries));
	}
	if (p->size + n > p->bytes_room) {
		p->bytes_room = (p->size + n) * 2;
		p->bytes = must_realloc(p->bytes, p->bytes_room);
	}
	memcpy(p->bytes + p->size, msg, n);
	p->entries[p->count] = (struct tape_entry){.at = p->size,
	    .size = (uint32_t)n,
	    .eor = {r->eor[0], r->eor[1]},
	    .ends = ends,
	    .seen = p->sightings.count,
	    .paths = r->paths,
	    .digest = r->digest,
	    .counts = r->counts};
	p->size += n;
	p->count++;
	return true;
}

static bool
same_form(const struct negotiated *a, const struct negotiated *b)
{
	return memcmp(a->families, b->families, sizeof(a->families)) == 0 &&
	       memcmp(a->add_path_rx, b->add_path_rx, sizeof(a->add_path_rx)) == 0;
}

/* What was waited for when the messages came: the copy has seen the same. */
static void
copy_sightings(struct tape *p, const struct tape *from, uint32_t at)
{
	uint32_t n = at ? seen_before(from, at) : 0;

	if (n == 0)
		return;
	p->sightings = (struct sightings){
	    .list = must_calloc(n, sizeof(*p->sightings.list)), .count = n, .room = n};
	memcpy(p->sightings.list, from->sightings.list, n * sizeof(*p->sightings.list));
}

/* A tape that begins with the first `at` messages of `from`, or NULL: there are enough. */
static struct tape *
tape_new(struct tapes *s, const struct tor *t, struct tape *from, uint32_t at)
{
	struct tape *p;

	if (!make_room(s))
		return NULL;
	p = must_calloc(1, sizeof(*p));
	p->parent = from;
	if (from)
		from->followers++;
	p->fork = at;
	tor_init(&p->reader, s->intake, UINT32_MAX, t->local.as, t->local.router_id, true,
	    t->add_path_wanted);
	p->reader.agreed = t->agreed;
	p->reader.state = TOR_ESTABLISHED;
	for (uint32_t i = 0; i < at; i++) {
		const struct tape_entry *e = &from->entries[i];
		bool same = tape_append(p, from->bytes + e->at, e->size);

		must(same);
		p->entries[i].seen = e->seen;
	}
	copy_sightings(p, from, at);
	p->reader.probed = true;
	p->reader.sightings = &p->sightings;
	s->list[s->count++] = p;
	return p;
}

/* The eldest tape that has the first n messages of p. */
static const struct tape *
origin(const struct tape *p, uint32_t n)
{
	while (p->parent && p->fork >= n)
		p = p->parent;
	return p;
}

static bool
tape_has(const struct tape *p, uint32_t at, const uint8_t *msg, size_t n)
{
	return at < p->count && p->entries[at].size == n &&
	       memcmp(p->bytes + p->entries[at].at, msg, n) == 0;
}

/* Another tape with the ToR's past and this message; NULL: none. */
static struct tape *
find_other(struct tapes *s, const struct tor *t, const uint8_t *msg, size_t n)
{
	for (unsigned i = 0; i < s->count; i++) {
		struct tape *p = s->list[i];

		if (same_form(&p->reader.agreed, &t->agreed) &&
		    (t->tape_at == 0 || origin(p, t->tape_at) == origin(t->tape, t->tape_at)) &&
		    tape_has(p, t->tape_at, msg, n))
			return p;
	}
	return NULL;
}

/* Put the ToR on a tape whose next message is this one. False: there is none for it. */
static bool
choose_tape(struct tor *t, const uint8_t *msg, size_t n)
{
	struct tapes *s = t->in->tapes;
	struct tape *p;

	if (t->tape && tape_has(t->tape, t->tape_at, msg, n))
		return true;
	p = find_other(s, t, msg, n);
	if (!p && t->tape && t->tape_at == t->tape->count)
		p = t->tape; /* its end: ours to continue */
	else if (!p)
		p = tape_new(s, t, t->tape, t->tape_at);
	if (!p || p->size + n > TAPE_SIZE)
		return false;
	follow(t, p);
	return true;
}

/* The ToR has had the messages up to `to`, of which `update` says that one was no End-of-RIB. */
static void
take_entries(struct tor *t, uint32_t to, bool update, uint64_t now_ns)
{
	static const struct tor_counts none;
	const struct tape *p = t->tape;
	const struct tape_entry *e = &p->entries[to - 1];
	bool had_eor = tor_has_eor(t);

	add_counts(
	    &t->counts, &e->counts, t->tape_at ? &p->entries[t->tape_at - 1].counts : &none);
	t->tape_at = to;
	t->paths = e->paths;
	t->digest = e->digest;
	memcpy(t->eor, e->eor, sizeof(t->eor));
	if (tor_has_eor(t) && (!had_eor || e->ends))
		t->eor_ns = now_ns;
	if (update)
		t->last_update_ns = now_ns;
	if (update && t->first_update_ns == 0)
		t->first_update_ns = now_ns;
}

void
tapes_leave(struct tor *t)
{
	const struct tape *p = t->tape;
	struct tor as_it_was = *t;

	t->own_table = true;
	t->probed = false; /* what it reads again it has reported */
	follow(t, NULL);
	t->paths = t->digest = 0;
	for (uint32_t i = 0; p && i < t->tape_at; i++) {
		const struct tape_entry *e = &p->entries[i];
		bool same = tor_update(t, bgp_body(p->bytes + e->at, e->size), 1);

		must(same);
	}
	must(t->paths == as_it_was.paths && t->digest == as_it_was.digest);
	t->probed = as_it_was.probed;
	t->counts = as_it_was.counts;
	t->first_update_ns = as_it_was.first_update_ns;
	t->last_update_ns = as_it_was.last_update_ns;
	t->eor_ns = as_it_was.eor_ns;
	memcpy(t->eor, as_it_was.eor, sizeof(t->eor));
}

void
tapes_forget(struct tor *t)
{
	follow(t, NULL);
	t->tape_at = 0;
	t->own_table = t->no_tape;
}

/* What the next message of its tape says about paths that somebody waited for when it first came. */
static void
report(const struct tor *t, const struct tape_entry *next, uint64_t now_ns)
{
	const struct sightings *s = &t->tape->sightings;

	for (uint32_t i = seen_before(t->tape, t->tape_at); i < next->seen; i++)
		probes_report(
		    t->in->probes, s->list[i].tag, s->list[i].present, t->number, now_ns);
}

bool
tapes_update(struct tor *t, const uint8_t *msg, size_t n, uint64_t now_ns)
{
	if (!t->in->tapes || t->own_table)
		return tor_update(t, bgp_body(msg, n), now_ns);
	if (!choose_tape(t, msg, n)) {
		tapes_leave(t);
		return tor_update(t, bgp_body(msg, n), now_ns);
	}
	struct tape *p = t->tape;

	if (t->tape_at == p->count && !tape_append(p, msg, n)) {
		memcpy(t->trouble, p->reader.trouble, sizeof(t->trouble));
		return false;
	}
	const struct tape_entry *e = &p->entries[t->tape_at];

	if (observes(t))
		report(t, e, now_ns);
	take_entries(t, t->tape_at + 1, !e->ends, now_ns);
	return true;
}

/*
 * How many messages of the tape end within its first `size` bytes and, for one who reports, come before the next
 * one with a sighting; at least `from` do.
 */
static uint32_t
messages_within(const struct tape *p, uint32_t from, size_t size, bool reports)
{
	uint32_t low = from, high = p->count, seen = seen_before(p, from);

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		const struct tape_entry *e = &p->entries[mid];

		if (e->at + e->size <= size && !(reports && e->seen != seen))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

size_t
tapes_skip(struct tor *t, const uint8_t *bytes, size_t n, uint64_t now_ns)
{
	const struct tape *p = t->tape;

	if (!p || t->own_table || t->tape_at == p->count || t->habit.no_extended)
		return 0;
	size_t from = p->entries[t->tape_at].at, same = p->size - from;
	uint32_t to, was = t->tape_at;

	if (same > n)
		same = n;
	to = messages_within(p, was, from + same, observes(t));
	if (to == was)
		return 0;
	same = p->entries[to - 1].at + p->entries[to - 1].size - from;
	if (memcmp(p->bytes + from, bytes, same) != 0)
		return 0;
	take_entries(t, to, to - was > 1 || !p->entries[was].ends, now_ns);
	t->counts.messages += to - was;
	return same;
}
