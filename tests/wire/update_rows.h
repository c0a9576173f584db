/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A malformed UPDATE as a row: a message, the verdict, and for a reset the NOTIFICATION; for the
 * other verdicts the subcode and data that RFC 4271 would have called for (0: not looked at).
 */
#pragma once

#include "wire_test.h"

#define ORIGIN   "40010100 "
#define AS_PATH  "400206 0201 0000fde9 "
#define NEXT_HOP "400304 0a000002 "
#define PREF     "400504 00000064 "
#define GOOD     ORIGIN AS_PATH NEXT_HOP PREF
#define NLRI     "18 0a0000"
#define SIX      "20010db8000000000000000000000002 "
#define MP_REACH "800e17 0002 01 10 " SIX "00 08 20 "

struct row {
	const char *what, *withdrawn, *attrs, *nlri;
	enum attr_verdict verdict;
	uint8_t subcode;
	const char *data;
};

static inline void
judge(const struct row *row, const struct update_context *ctx)
{
	static uint8_t bytes[BGP_MESSAGE_MAX_EXTENDED];
	struct update u;

	update_decode(
	    bytes, update_message(bytes, row->withdrawn, row->attrs, row->nlri), ctx, &u);
	if (u.verdict != row->verdict)
		fail_msg("%s: %s (%s), not %s", row->what, attr_verdict_name(u.verdict),
		    u.why ? u.why : "-", attr_verdict_name(row->verdict));
	if (row->verdict == ATTR_OK) {
		assert_int_equal(u.error.code, 0);
		return;
	}
	assert_non_null(u.why);
	if (row->subcode) {
		if (u.error.subcode != row->subcode)
			fail_msg("%s: subcode %u", row->what, u.error.subcode);
		assert_notification(&u.error, NOTIFY_UPDATE, row->subcode, row->data);
	}
	if (row->verdict == ATTR_DISCARD)
		assert_int_not_equal(u.discarded, 0);
	if (row->verdict == ATTR_RESET)
		assert_int_equal(
		    u.nlri.family | u.withdrawn.family | u.mp_reach.family, IP_NONE);
}

static inline void
judge_all(const struct row *rows, size_t n, const struct update_context *ctx)
{
	for (size_t i = 0; i < n; i++)
		judge(&rows[i], ctx);
}
