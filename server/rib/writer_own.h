/* SPDX-License-Identifier: Apache-2.0 */
/* What writer.c and writer_reload.c share. */
#pragma once

#include "rib/writer.h"

struct breaker_rules writer_breaker_rules(const struct config *c);

/* Some view weighs next hops by their endpoints. */
bool writer_weighs(const struct config *c);

/* There is something to keep as it is: complete, or the local snapshot's. */
bool writer_is_frozen(const struct writer *w) ON_WRITER;
