/* SPDX-License-Identifier: Apache-2.0 */
/* What breaker.c and breaker_restore.c share. */
#pragma once

#include "rib/breaker.h"

/* Bring the first n merged paths into the table; sizes follow. */
void breaker_apply(struct breaker *b, uint32_t prefix, struct set_kind kind, uint32_t n,
    uint32_t *clashes) ON_WRITER;

/* Room for so many merged paths; those there were are lost. */
void breaker_room(struct breaker *b, uint32_t n);
