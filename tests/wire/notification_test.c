/* SPDX-License-Identifier: Apache-2.0 */
/* NOTIFICATION: encoding, RFC 9003 texts, RFC 8538 Hard Reset, names. */
#include "wire_test.h"

#define MARKER "ffffffffffffffffffffffffffffffff"

static void
a_notification_survives_the_wire(void **state)
{
	uint8_t bytes[64], data[] = {1, 2, 3};
	struct notification n = notification_with(3, 9, data, 3), back;
	size_t size = notification_encode(&n, bytes, sizeof(bytes));

	(void)state;
	assert_bytes(bytes, size, MARKER "0018 03 0309 010203");
	assert_true(notification_decode(bytes, size, &back));
	assert_notification(&back, 3, 9, "010203");
	assert_false(notification_decode(bytes, 20, &back));
}

static void
data_that_does_not_fit_is_cut(void **state)
{
	static uint8_t data[5000], bytes[BGP_MESSAGE_MAX];
	struct notification n = notification_borrow(3, 9, data, sizeof(data));

	(void)state;
	assert_int_equal(notification_encode(&n, bytes, sizeof(bytes)), BGP_MESSAGE_MAX);
	assert_int_equal(notification_encode(&n, bytes, 21), 21);
}

static void
a_shutdown_text_reaches_the_other_end(void **state)
{
	uint8_t buf[SHUTDOWN_TEXT_MAX + 1];
	char text[SHUTDOWN_TEXT_MAX + 1];
	struct notification n = notification_shutdown(NOTIFY_CEASE_SHUTDOWN, "bis später", buf);

	(void)state;
	assert_notification(&n, 6, 2, "0b 626973207370c3a4746572");
	assert_true(notification_shutdown_text(&n, text));
	assert_string_equal(text, "bis später");
	n = notification_shutdown(NOTIFY_CEASE_RESET, "", buf);
	assert_notification(&n, 6, 4, "");
	assert_false(notification_shutdown_text(&n, text));
}

static void
a_text_too_long_is_cut_between_characters(void **state)
{
	uint8_t buf[SHUTDOWN_TEXT_MAX + 1];
	char text[700] = "x";
	struct notification n;

	(void)state;
	for (int i = 0; i < 200; i++)
		strcat(text, "€"); /* 3 octets */
	n = notification_shutdown(NOTIFY_CEASE_SHUTDOWN, text, buf);
	assert_int_equal(n.data_len, 1 + 253);
	assert_int_equal(buf[0], 253);
}

static void
a_shutdown_text_of_wrong_length_or_encoding_is_not_shown(void **state)
{
	static const char *const datas[] = {"", "00", "05 6162", "01 6162", "01 ff", "02 c080",
	    "03 eda080", "04 f4908080", "03 e282", "02 c328", "01 80", "03 e08080",
	    "04 f0808080"};
	char text[SHUTDOWN_TEXT_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(datas); i++) {
		uint8_t data[16];
		struct notification n = notification_borrow(6, 2, data, hex(data, datas[i]));

		assert_false(notification_shutdown_text(&n, text));
	}
}

static void
control_characters_of_a_peer_do_not_reach_the_terminal(void **state)
{
	uint8_t data[16];
	char text[SHUTDOWN_TEXT_MAX + 1];
	struct notification n =
	    notification_borrow(6, 2, data, hex(data, "08 611b0a7fc29b 6263"));

	(void)state;
	data[0] = 8;
	assert_true(notification_shutdown_text(&n, text));
	assert_string_equal(text, "a?????bc");
}

static void
a_text_belongs_to_shutdown_and_reset_only(void **state)
{
	uint8_t data[] = {1, 'a'};
	char text[SHUTDOWN_TEXT_MAX + 1];
	struct notification n = notification_borrow(6, 7, data, 2);

	(void)state;
	assert_false(notification_shutdown_text(&n, text));
	n.code = 3, n.subcode = 2;
	assert_false(notification_shutdown_text(&n, text));
}

static void
a_hard_reset_carries_another_notification(void **state)
{
	uint8_t buf[32], data[] = {3, 'b', 'y', 'e'};
	struct notification inner = notification_borrow(6, 2, data, 4), back;
	struct notification n = notification_hard_reset(&inner, buf, sizeof(buf));

	(void)state;
	assert_notification(&n, 6, 9, "0602 03627965");
	assert_true(notification_hard_reset_inner(&n, &back));
	assert_notification(&back, 6, 2, "03627965");
	n.data_len = 1;
	assert_false(notification_hard_reset_inner(&n, &back));
	n = notification_make(6, 2);
	assert_false(notification_hard_reset_inner(&n, &back));
}

static void
every_notification_can_be_read_in_a_log(void **state)
{
	static const struct {
		uint8_t code, subcode;
		const char *data, *text;
	} rows[] = {
	    {1, 3, "09", "Message Header Error (1) / Bad Message Type (3), data 09"},
	    {2, 11, "", "OPEN Message Error (2) / Role Mismatch (11)"},
	    {3, 3, "01",
	        "UPDATE Message Error (3) / Missing Well-known Attribute (3), data 01"},
	    {4, 0, "", "Hold Timer Expired (4) / Unspecific (0)"},
	    {5, 2, "",
	        "Finite State Machine Error (5) / Receive Unexpected Message in OpenConfirm State (2)"},
	    {6, 2, "026f6b", "Cease (6) / Administrative Shutdown (2) \"ok\""},
	    {6, 8, "", "Cease (6) / Out of Resources (8)"},
	    {6, 10, "", "Cease (6) / BFD Down (10)"},
	    {7, 1, "", "ROUTE-REFRESH Message Error (7) / Invalid Message Length (1)"},
	    {8, 0, "", "Send Hold Timer Expired (8) / Unspecific (0)"},
	    {99, 9, "", "Unknown Error (99) / Unknown Subcode (9)"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t data[16];
		char text[NOTIFICATION_TEXT_MAX];
		struct notification n = notification_borrow(
		    rows[i].code, rows[i].subcode, data, hex(data, rows[i].data));

		assert_string_equal(notification_text(&n, text), rows[i].text);
	}
}

static void
the_longest_texts_fit_their_buffer(void **state)
{
	static uint8_t data[4000];
	char text[NOTIFICATION_TEXT_MAX];
	struct notification n = notification_borrow(5, 2, data, sizeof(data));

	(void)state;
	assert_non_null(strstr(notification_text(&n, text), "... (4000 octets)"));
	memset(data, '-', 256);
	data[0] = 255;
	n = notification_borrow(6, 2, data, 256);
	assert_non_null(strstr(notification_text(&n, text), "---\""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_notification_survives_the_wire),
	    cmocka_unit_test(data_that_does_not_fit_is_cut),
	    cmocka_unit_test(a_shutdown_text_reaches_the_other_end),
	    cmocka_unit_test(a_text_too_long_is_cut_between_characters),
	    cmocka_unit_test(a_shutdown_text_of_wrong_length_or_encoding_is_not_shown),
	    cmocka_unit_test(control_characters_of_a_peer_do_not_reach_the_terminal),
	    cmocka_unit_test(a_text_belongs_to_shutdown_and_reset_only),
	    cmocka_unit_test(a_hard_reset_carries_another_notification),
	    cmocka_unit_test(every_notification_can_be_read_in_a_log),
	    cmocka_unit_test(the_longest_texts_fit_their_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
