/* SPDX-License-Identifier: Apache-2.0 */
/* The announcement is the wireset of a table with this one path. The file form is the withdrawal, then the announcement. */
#include "wirepath.h"

#include "bgp/update.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void
wirepath_init(struct wirepath *w, const struct model_path *path, const struct wireset_format *f)
{
	struct model_path only = *path;
	const struct model table = {.paths = &only, .count = 1};
	struct wireset *announcement = wireset_new(&table, f);
	struct update_out u;
	bool room = update_out_begin_withdraw(&u, w->bytes[false], WIREPATH_MAX, IP_V4, false);

	must(room && announcement->table_size <= WIREPATH_MAX);
	u.at += nlri_put(u.at, true, ip_v4_host(&path->next_hop), &path->prefix);
	w->size[false] = update_out_close(&u);
	w->size[true] = announcement->table_size;
	memcpy(w->bytes[true], announcement->bytes, w->size[true]);
	wireset_free(announcement);
}

bool
wirepath_save(const struct wirepath *w, const char *file)
{
	FILE *f = fopen(file, "we");
	bool ok = true;

	if (!f)
		return false;
	for (unsigned i = 0; i < 2; i++)
		ok = ok && fwrite(w->bytes[i], 1, w->size[i], f) == w->size[i];
	return fclose(f) == 0 && ok;
}

/* The first message of n bytes, an UPDATE that fits; 0: there is none. */
static size_t
message_at(const uint8_t *bytes, size_t n)
{
	struct notification why;
	uint8_t type;
	size_t size;

	return bgp_frame(bytes, n, false, &size, &type, &why) == BGP_FRAME_OK &&
	               type == BGP_UPDATE && size <= WIREPATH_MAX
	           ? size
	           : 0;
}

bool
wirepath_load(struct wirepath *w, const char *file)
{
	uint8_t bytes[2 * WIREPATH_MAX];
	FILE *f = fopen(file, "re");

	if (!f)
		return false;
	size_t n = fread(bytes, 1, sizeof(bytes), f), at = 0;

	fclose(f);
	for (unsigned i = 0; i < 2; i++) {
		w->size[i] = message_at(bytes + at, n - at);
		memcpy(w->bytes[i], bytes + at, w->size[i]);
		at += w->size[i];
	}
	if (w->size[0] && w->size[1] && at == n)
		return true;
	errno = EINVAL;
	return false;
}
