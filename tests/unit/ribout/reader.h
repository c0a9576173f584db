/* SPDX-License-Identifier: Apache-2.0 */
/* What a peer understands of the bytes it is sent: which paths it holds, in what messages. The
 * prefixes and next hops are those of rib/fixture.h. */
#pragma once

#include "../rib/fixture.h"
#include "bgp/update.h"
#include "ribout/format.h"

#define HEARD_PREFIXES 2000u

struct heard {
	uint64_t hops[HEARD_PREFIXES]; /* by IPv4 prefix: next hops as bits, by identifier */
	uint32_t announced, withdrawn, messages, six;
	size_t bytes, longest;
	bool has_withdrawn; /* since it was cleared */
	bool announced_after_withdrawal;
};

static inline struct format
ibgp(void)
{
	return (struct format){.family = {true, true},
	    .add_path = {true, true},
	    .as4 = true,
	    .local_as = 65000,
	    .cluster_id = 0xc0a80001};
}

static inline void
hear_nlri(struct heard *h, struct nlri_in in, bool announced)
{
	struct nlri n;

	while (nlri_next(&in, &n)) {
		uint32_t i = ip_v4_host(&n.prefix.addr) - 0x0a000000u;

		if (in.family == IP_V6) {
			h->six += announced;
			continue;
		}
		assert_true(i < HEARD_PREFIXES);
		if (!in.add_path)
			h->hops[i] = announced;
		else if (announced)
			h->hops[i] |= 1ull << (n.path_id - 1);
		else
			h->hops[i] &= ~(1ull << (n.path_id - 1));
	}
	assert_true(nlri_ok(&in));
}

/* Whole messages. The last decoded one stays in *u. */
static inline void
hear(struct heard *h, const struct format *f, const uint8_t *bytes, size_t n, struct update *u)
{
	struct update_context ctx = {.as4 = f->as4,
	    .ebgp = f->ebgp,
	    .peer_as = 65001,
	    .local_as = 65001,
	    .router_id = 1,
	    .cluster_id = 1};

	memcpy(ctx.families, f->family, sizeof(ctx.families));
	memcpy(ctx.add_path, f->add_path, sizeof(ctx.add_path));
	for (size_t at = 0, len; at < n; at += len) {
		len = (size_t)bytes[at + 16] << 8 | bytes[at + 17];
		assert_true(len >= 23 && at + len <= n);
		update_decode(bytes + at, len, &ctx, u);
		assert_int_equal(u->verdict, ATTR_OK);
		hear_nlri(h, u->withdrawn, false);
		hear_nlri(h, u->mp_unreach, false);
		hear_nlri(h, u->nlri, true);
		hear_nlri(h, u->mp_reach, true);
		h->announced += u->announced;
		h->withdrawn += u->withdrawals;
		h->has_withdrawn = h->has_withdrawn || u->withdrawals;
		h->announced_after_withdrawal =
		    h->announced_after_withdrawal || (u->announced && h->has_withdrawn);
		h->messages++;
		h->bytes += len;
		h->longest = len > h->longest ? len : h->longest;
	}
}
