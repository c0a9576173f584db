/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the session says besides routes. It waits in s->control and goes out at a message
 * boundary of the stream of chunks, never inside a message.
 */
#pragma once

#include "bgp/refresh.h"
#include "session/bytes.h"

void output_open(struct session *s, const struct open *open);
void output_keepalive(struct session *s);
void output_notification(struct session *s, const struct notification *n);
void output_end_of_rib(struct session *s, uint8_t family);
void output_refresh(struct session *s, uint8_t family, enum refresh_subtype subtype);

/* The group whose bytes this session's peer gets, as agreed and as its options are now; held for the caller. In opening.c. */
struct group *opening_group(struct session *s) ON_IO;
