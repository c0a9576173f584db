/* SPDX-License-Identifier: Apache-2.0 */
/* NOTIFICATION: its texts stay printable and bounded, whatever the data; it survives encoding. */
#include "bgp_fuzz.h"

static void
check_texts(const struct notification *n)
{
	char line[NOTIFICATION_TEXT_MAX], text[SHUTDOWN_TEXT_MAX + 1];
	struct notification inner;

	must(strlen(notification_text(n, line)) < NOTIFICATION_TEXT_MAX - 1);
	if (notification_shutdown_text(n, text))
		for (const char *p = text; *p; p++)
			must((uint8_t)*p >= 0x20 && *p != 0x7f);
	if (notification_hard_reset_inner(n, &inner)) {
		must(inner.data_len + 2 == n->data_len);
		must(strlen(notification_text(&inner, line)) < NOTIFICATION_TEXT_MAX - 1);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static uint8_t again[BGP_MESSAGE_MAX_EXTENDED];
	struct notification got, back;
	size_t size;
	uint8_t *msg = framed(BGP_NOTIFICATION, data, n, &size);

	if (!msg)
		return 0;
	if (notification_decode(msg, size, &got)) {
		check_texts(&got);
		must(notification_encode(&got, again, sizeof(again)) == size);
		must(memcmp(again, msg, size) == 0);
		must(notification_decode(again, size, &back) && back.data_len == got.data_len);
	}
	free(msg);
	return 0;
}
