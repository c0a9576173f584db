/* SPDX-License-Identifier: Apache-2.0 */
/* TCP-MD5 keys, read from the files that the configuration names. Never logged. */
#pragma once

#include "config/config.h"
#include "tcp/socket.h"

/* Fill keys, one for each configured peer (empty without password_file). False: why (size bytes) says which peer's
 * file cannot be used, and what is wrong with it. */
bool password_read_all(
    const struct config *config, struct md5_key *keys, char *why, size_t size) MUST_USE;
