/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One simulated top-of-rack switch, without I/O: bytes of a BGP session in, bytes out, and the
 * table that follows. A checked ToR keeps every path (one attribute-set index per entry of
 * its thread's path dictionary); a counting one keeps a bit of each, and the sum. Both know at
 * every moment how many paths they hold and the digest of those. ToRs of one fleet thread
 * share an intake.
 */
#pragma once

#include "attrset.h"
#include "bgp/open.h"
#include "habit.h"
#include "pathdict.h"

#include <stdbool.h>
#include <stdint.h>

#define TOR_OUT_MAX 1200 /* an OPEN and a KEEPALIVE */

enum tor_state { TOR_IDLE, TOR_CONNECTING, TOR_OPEN_SENT, TOR_OPEN_CONFIRM, TOR_ESTABLISHED };

struct tor;
struct intake;
struct probes;

/* before and after: attribute-set indices, 0 for no path. */
typedef void tor_on_change(
    void *ctx, struct tor *t, const struct path_key *key, uint32_t before, uint32_t after);

/* For counting ToRs: the attributes that a path identifier was last announced with. */
struct hop_map {
	struct hop_entry {
		uint32_t id, attrs; /* attrs 0: free */
	} * slots;
	uint32_t count, mask;
};

/* What ToRs share; belongs to one fleet thread. */
struct intake {
	struct attrset_store attrs;
	struct pathdict dict;
	struct hop_map hops[IP_FAMILIES];
	tor_on_change *on_change; /* may be NULL */
	void *ctx;
	struct tapes *tapes;   /* owned; NULL: every ToR has a table of its own (tape.h) */
	struct probes *probes; /* changes that somebody waits for, or NULL */
};

/* expected: paths in a table, so that nothing has to grow while it is measured. */
void intake_init(struct intake *in, size_t expected);
void intake_fini(struct intake *in);

struct tor_counts {
	uint64_t bytes, messages, updates, announced, withdrawn;
	uint64_t withdrawn_unknown; /* a path that it did not hold: allowed, worth knowing */
	uint64_t replaced;          /* announced again while held */
	uint64_t id_mismatch;       /* IPv4 path identifier is not the next hop's address */
};

/* Paths that somebody waited for, in the order in which messages came to speak of them. */
struct sightings {
	struct sighting {
		uint64_t tag; /* of probe.h */
		bool present;
	} * list;
	uint32_t count, room;
};

struct tor {
	struct intake *in;
	uint32_t number;
	enum tor_state state;
	bool checked, add_path_wanted;
	struct habit habit;
	bool probed; /* reports to the intake's probes */
	struct sightings
	    *sightings; /* ... but a tape's reader, which notes it here; else NULL */
	bool no_tape;   /* its own table is to be looked at, so it always has one */
	bool excused;   /* does not read: its table is not compared */
	struct open local;
	struct negotiated agreed;
	bool eor[IP_FAMILIES];
	uint32_t *held; /* by dictionary index: attribute set, 0 none; checked only */
	uint64_t *bits; /* by dictionary index: held or not; counting only */
	uint32_t room;  /* entries of the one or the other */
	uint32_t guess; /* dictionary index of the path that will probably come next */
	struct tape
	    *tape; /* the stream it follows, and how many of its messages it had; NULL: none */
	uint32_t tape_at;
	bool own_table; /* follows none until the session ends */
	uint64_t paths, digest;
	struct tor_counts counts;
	uint64_t last_keepalive_ns, established_ns, first_update_ns, last_update_ns, eor_ns;
	char trouble[160]; /* why the session ended or what it did wrong; "" nothing */
	uint8_t out[TOR_OUT_MAX];
	size_t out_len; /* bytes for the socket */
};

/* AS, router id and wishes of one ToR. Not connected. */
void tor_init(struct tor *t, struct intake *in, uint32_t number, uint32_t as,
    uint32_t router_id, bool checked, bool add_path);
void tor_fini(struct tor *t);

/* Leave out of the OPEN what the habit says; before the first tor_start(). */
void tor_take_habit(struct tor *t, const struct habit *h);

/* The connection is up: forgets the old table and puts the OPEN into out. */
void tor_start(struct tor *t);

/* The connection is gone: the table is empty, the counts stay. */
void tor_stop(struct tor *t);

/*
 * Take whole messages from n received bytes. Returns how many bytes were used up; the rest is
 * the start of a message to be given again. SIZE_MAX: the session is over, t->trouble says why.
 */
size_t tor_receive(struct tor *t, const uint8_t *bytes, size_t n, uint64_t now_ns) MUST_USE;

/* Put a KEEPALIVE into out when one is due. */
void tor_tick(struct tor *t, uint64_t now_ns);

/* End-of-RIB was received for every negotiated family. */
bool tor_has_eor(const struct tor *t);

/* For tape.c only: one UPDATE's body. False: malformed, trouble is set. */
bool tor_update(struct tor *t, struct wire_in body, uint64_t now_ns) MUST_USE;
