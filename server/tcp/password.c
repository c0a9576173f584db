/* SPDX-License-Identifier: Apache-2.0 */
#include "tcp/password.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The first line of the file, without its end. NULL: fine; else what is wrong. */
static const char *
read_key(const char *path, struct md5_key *key)
{
	uint8_t line[MD5_KEY_MAX + 3]; /* the longest key, CR, LF, and one too many */
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *wrong = NULL;
	ssize_t n;
	size_t len;

	if (fd < 0)
		return strerror(errno);
	n = read(fd, line, sizeof(line));
	if (n < 0)
		wrong = strerror(errno);
	close(fd);
	if (wrong)
		return wrong;
	for (len = 0; len < (size_t)n && line[len] != '\n' && line[len] != '\r'; len++)
		;
	if (len == 0)
		wrong = "the first line is empty";
	else if (len > MD5_KEY_MAX)
		wrong = "the key is longer than the 80 bytes that the kernel takes";
	if (!wrong) {
		key->len = (uint8_t)len;
		memcpy(key->bytes, line, len);
	}
	explicit_bzero(line, sizeof(line));
	return wrong;
}

bool
password_read_all(const struct config *config, struct md5_key *keys, char *why, size_t size)
{
	for (uint32_t i = 0; i < config->peers.len; i++) {
		const struct config_peer *k = &config->peers.items[i];
		const char *wrong =
		    k->password_file ? read_key(k->password_file, &keys[i]) : NULL;

		if (!wrong)
			continue;
		snprintf(why, size, "peer %s: password_file %s: %s", k->name, k->password_file,
		    wrong);
		return false;
	}
	return true;
}
