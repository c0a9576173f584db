/* SPDX-License-Identifier: Apache-2.0 */
/* Binding a Unix socket without taking it from a living process. */
#include "watch/control.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 16

/* Does a process answer at the address? errno is connect()'s. */
static bool
somebody_answers(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool yes;
	int saved;

	if (fd < 0)
		return false;
	yes = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 || errno == EAGAIN;
	saved = errno;
	close(fd);
	errno = saved;
	return yes;
}

/* Take away what is at the path if it is a dead socket. False: why says what it is. */
static bool
clear_way(const struct sockaddr_un *addr, char *why, size_t size)
{
	struct stat st;

	if (lstat(addr->sun_path, &st) != 0)
		return true; /* bind() will say what is wrong */
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(why, size,
		    "%s exists and is not a socket; remove it or change control_socket",
		    addr->sun_path);
		return false;
	}
	if (somebody_answers(addr)) {
		snprintf(why, size,
		    "another heliographd answers on %s; stop it, or give this one its own control_socket or state_dir",
		    addr->sun_path);
		return false;
	}
	if (errno == ECONNREFUSED && unlink(addr->sun_path) == 0)
		return true;
	snprintf(why, size, "%s: %s; remove it or change control_socket", addr->sun_path,
	    strerror(errno));
	return false;
}

int
control_listen(const char *path, char *why, size_t size)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		snprintf(why, size, "%s: at most %zu bytes; give a shorter control_socket",
		    path, sizeof(addr.sun_path) - 1);
		return -1;
	}
	strcpy(addr.sun_path, path);
	if (!clear_way(&addr, why, size))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Linux gives the file the socket's own mode: it is never open to others, not for a moment. */
	if (fd >= 0 && fchmod(fd, 0600) == 0 &&
	    bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	snprintf(why, size, "%s: %s; is its directory there and writable (state_dir)?", path,
	    strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}
