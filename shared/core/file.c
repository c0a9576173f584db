/* SPDX-License-Identifier: Apache-2.0 */
#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_MAX_BYTES 4096

static bool
temporary(const char *path, char *out)
{
	return snprintf(out, PATH_MAX_BYTES, "%s.new", path) < PATH_MAX_BYTES;
}

static bool
fail(const char *path, char *why, size_t size)
{
	snprintf(why, size, "%s: %s", path, strerror(errno));
	return false;
}

int
file_begin(const char *path, char *why, size_t size)
{
	char fresh[PATH_MAX_BYTES];
	int fd = -1;

	errno = ENAMETOOLONG;
	if (temporary(path, fresh))
		fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		fail(path, why, size);
	return fd;
}

/* The name in the directory is on the disk only when the directory is. */
static bool
sync_directory_of(const char *path)
{
	char dir[PATH_MAX_BYTES];
	const char *slash = strrchr(path, '/');
	int fd;
	bool good;

	snprintf(
	    dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	good = fsync(fd) == 0;
	close(fd);
	return good;
}

bool
file_finish(int fd, const char *path, char *why, size_t size)
{
	char fresh[PATH_MAX_BYTES];
	bool good = temporary(path, fresh) && fsync(fd) == 0;
	int saved = errno;

	good = close(fd) == 0 && good;
	if (good && rename(fresh, path) == 0 && sync_directory_of(path))
		return true;
	saved = good ? errno : saved;
	unlink(fresh);
	errno = saved;
	return fail(path, why, size);
}

bool
file_write(int fd, const void *bytes, size_t n)
{
	const uint8_t *at = bytes;

	while (n > 0) {
		ssize_t k = write(fd, at, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return false;
		at += k;
		n -= (size_t)k;
	}
	return true;
}

bool
file_replace(const char *path, const void *bytes, size_t n, char *why, size_t size)
{
	char fresh[PATH_MAX_BYTES];
	int fd = file_begin(path, why, size);

	if (fd < 0)
		return false;
	if (file_write(fd, bytes, n))
		return file_finish(fd, path, why, size);
	fail(path, why, size);
	close(fd);
	if (temporary(path, fresh))
		unlink(fresh);
	return false;
}
