/* SPDX-License-Identifier: Apache-2.0 */
/* What counts as a character in text from others. */
#include "core/must.h"
#include "core/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void
each_sequence_has_the_length_of_rfc_3629(void **state)
{
	static const struct {
		const char *bytes;
		size_t n, want;
	} row[] = {
	    {"a", 1, 1},
	    {"", 1, 1}, /* NUL is a character */
	    {"\x7f", 1, 1},
	    {"\xc2\x80", 2, 2},
	    {"\xdf\xbf", 2, 2},
	    {"\xe0\xa0\x80", 3, 3},
	    {"\xed\x9f\xbf", 3, 3},
	    {"\xee\x80\x80", 3, 3},
	    {"\xf0\x90\x80\x80", 4, 4},
	    {"\xf4\x8f\xbf\xbf", 4, 4},
	    {"\x80", 1, 0},             /* a continuation alone */
	    {"\xc0\x80", 2, 0},         /* overlong NUL */
	    {"\xc1\xbf", 2, 0},         /* overlong */
	    {"\xe0\x9f\xbf", 3, 0},     /* overlong */
	    {"\xf0\x8f\xbf\xbf", 4, 0}, /* overlong */
	    {"\xed\xa0\x80", 3, 0},     /* a surrogate */
	    {"\xf4\x90\x80\x80", 4, 0}, /* behind the last code point */
	    {"\xf5\x80\x80\x80", 4, 0},
	    {"\xff", 1, 0},
	    {"\xe2\x82\xac", 2, 0}, /* cut */
	    {"\xc2", 1, 0},
	    {"\xc2\x41", 2, 0},
	    {"\xe2\x82\x41", 3, 0},
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(row); i++)
		if (utf8_len((const unsigned char *)row[i].bytes, row[i].n) != row[i].want)
			fail_msg("row %u", i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_sequence_has_the_length_of_rfc_3629),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
