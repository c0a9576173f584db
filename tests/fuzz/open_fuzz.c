/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OPEN. What is accepted must mean the same after encoding it again, and negotiating with it
 * must keep within what both sides said.
 */
#include "bgp/open.h"
#include "bgp_fuzz.h"

static void
check_negotiation(const struct open *remote)
{
	struct open local = *remote; /* the most willing partner */
	struct negotiated n;
	struct notification why;

	if (!open_negotiate(&local, remote, false, &n, &why)) {
		must(why.code == NOTIFY_OPEN);
		return;
	}
	must(!n.ebgp && (n.families[0] || n.families[1]));
	for (unsigned i = 0; i < IP_FAMILIES; i++)
		must(n.families[i] || (!n.add_path_rx[i] && !n.add_path_tx[i]));
}

static void
check_encoding(struct open *o)
{
	uint8_t *again = must_alloc(OPEN_SIZE_MAX);
	struct notification why;
	struct open back;
	size_t n;

	n = open_encode(o, again, OPEN_SIZE_MAX);
	must(open_decode(again, n, &back, &why));
	must(back.as == o->as && back.hold_time == o->hold_time);
	must(back.router_id == o->router_id && back.capabilities.malformed == 0);
	must(back.capabilities.gr_time == o->capabilities.gr_time);
	must(strcmp(back.capabilities.host, o->capabilities.host) == 0);
	for (unsigned i = 0; i < IP_FAMILIES; i++) {
		must(back.capabilities.families[i] == o->capabilities.families[i]);
		must(back.capabilities.add_path_send[i] == o->capabilities.add_path_send[i]);
	}
	free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	size_t size;
	uint8_t *msg = framed(BGP_OPEN, data, n, &size);
	struct notification why = {0};
	struct open o;

	fuzz_frame(data, n);
	if (!msg)
		return 0;
	if (open_decode(msg, size, &o, &why)) {
		must(o.as != 0 && o.router_id != 0 && o.hold_time != 1 && o.hold_time != 2);
		check_negotiation(&o);
		check_encoding(&o);
	} else {
		must(why.code == NOTIFY_OPEN || why.code == NOTIFY_HEADER);
	}
	free(msg);
	return 0;
}
