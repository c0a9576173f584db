/* SPDX-License-Identifier: Apache-2.0 */
/* ROUTE-REFRESH, with and without enhanced route refresh (the first octet chooses). */
#include "bgp/refresh.h"
#include "bgp_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t again[REFRESH_SIZE], *msg;
	struct notification why = {0};
	struct refresh r, back;
	bool enhanced;
	size_t size;

	if (n == 0)
		return 0;
	enhanced = data[0] & 1;
	msg = framed(BGP_ROUTE_REFRESH, data + 1, n - 1, &size);
	if (!msg)
		return 0;
	if (!refresh_decode(msg, size, enhanced, &r, &why)) {
		must(why.code == NOTIFY_REFRESH || why.code == NOTIFY_HEADER);
	} else if (r.family != IP_NONE) {
		must(enhanced || r.subtype == REFRESH_REQUEST);
		refresh_encode(again, (uint8_t)r.family, r.subtype);
		must(refresh_decode(again, sizeof(again), enhanced, &back, &why));
		must(back.family == r.family && back.subtype == r.subtype);
	}
	free(msg);
	return 0;
}
