/* SPDX-License-Identifier: Apache-2.0 */
/* The text that a config came from, kept in its arena for what prints it. Immutable. */
#pragma once

#include "config/tree.h"

struct config_source {
	const char *file;
	const struct config_tree *tree; /* with what the environment added, at line 0 */
};
