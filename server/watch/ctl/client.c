/* SPDX-License-Identifier: Apache-2.0 */
/* One request, one connection. */
#include "watch/ctl/client.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define URL_BEGIN      "http://"
#define ANSWER_SECONDS 60 /* without a byte: heliographd is stuck */

void
target_init(struct target *t, const char *path)
{
	t->len = strlen(path);
	must(t->len < sizeof(t->text));
	memcpy(t->text, path, t->len + 1);
	t->query = t->overflow = false;
}

static void
target_put(struct target *t, const char *text)
{
	size_t n = strlen(text);

	if (t->len + n >= sizeof(t->text)) {
		t->overflow = true;
		return;
	}
	memcpy(t->text + t->len, text, n + 1);
	t->len += n;
}

void
target_add(struct target *t, const char *name, const char *value)
{
	char code[4];

	if (!value)
		return;
	target_put(t, t->query ? "&" : "?");
	t->query = true;
	target_put(t, name);
	target_put(t, "=");
	for (; *value; value++) {
		bool plain = isalnum((unsigned char)*value) || strchr("-._~", *value);

		snprintf(code, sizeof(code), plain ? "%c" : "%%%02X", (unsigned char)*value);
		target_put(t, code);
	}
}

static const char *
connect_hint(int error)
{
	switch (error) {
	case ENOENT:
		return "is heliographd running? name its socket with --socket or HELIOGRAPH_SOCKET";
	case ECONNREFUSED:
		return "heliographd is not running any more; start it";
	case EACCES:
	case EPERM:
		return "only heliographd's user and root may use it; try with sudo";
	default:
		return "is this heliographd's control socket?";
	}
}

static int
connect_to(const char *path, char *why, size_t size)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = ANSWER_SECONDS};
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		snprintf(why, size, "%s: the path of a socket has at most %zu bytes", path,
		    sizeof(addr.sun_path) - 1);
		return -1;
	}
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		return fd;
	}
	snprintf(why, size, "%s: %s; %s", path, strerror(errno), connect_hint(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Another heliographd's HTTP server: "http://HOST:PORT", a host in brackets if it has colons. */
static int
connect_url(const char *url, char *why, size_t size)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct timeval patience = {.tv_sec = ANSWER_SECONDS};
	struct addrinfo *found = NULL;
	char host[256];
	const char *port;
	int fd = -1, error;

	snprintf(host, sizeof(host), "%s", url + strlen(URL_BEGIN));
	host[strcspn(host, "/")] = '\0';
	port = strrchr(host, ':');
	if (!port || port[1] == '\0' || strchr(port, ']')) {
		snprintf(why, size, "%s: no port; say http://HOST:8179", url);
		return -1;
	}
	host[port - host] = '\0';
	if (*host == '[' && host[strlen(host) - 1] == ']') {
		host[strlen(host) - 1] = '\0';
		memmove(host, host + 1,
		    strlen(host)); /* with the NUL; the port stays where it is */
	}
	error = getaddrinfo(host, port + 1, &hints, &found);
	if (error) {
		snprintf(why, size, "%s: %s", url, gai_strerror(error));
		return -1;
	}
	for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(found);
	if (fd < 0)
		snprintf(why, size, "%s: %s; is that the other replica's HTTP address?", url,
		    strerror(errno));
	else
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static bool
send_request(int fd, const char *method, const struct target *t)
{
	char text[TARGET_MAX + 96];
	size_t n = (size_t)snprintf(text, sizeof(text),
	    "%s %s HTTP/1.0\r\nHost: heliographd\r\nContent-Length: 0\r\n\r\n", method,
	    t->text);

	for (size_t sent = 0; sent < n;) {
		ssize_t k = send(fd, text + sent, n - sent, MSG_NOSIGNAL);

		if (k < 0 && errno != EINTR)
			return false;
		sent += k > 0 ? (size_t)k : 0;
	}
	return true;
}

/* The status line and the headers, up to the body. */
static bool
read_head(struct client *c)
{
	size_t n;
	char *line = client_line(c, &n);

	if (!line || sscanf(line, "HTTP/%*u.%*u %d", &c->status) != 1)
		return false;
	while ((line = client_line(c, &n)) && *line)
		;
	return line != NULL;
}

bool
client_ask(struct client *c, const char *socket, const char *method, const struct target *t,
    char *why, size_t size)
{
	int fd;

	memset(c, 0, sizeof(*c));
	if (t->overflow) {
		snprintf(why, size, "the arguments are too long");
		return false;
	}
	fd = strncmp(socket, URL_BEGIN, strlen(URL_BEGIN)) == 0 ? connect_url(socket, why, size)
	                                                        : connect_to(socket, why, size);
	if (fd < 0)
		return false;
	c->in = fdopen(fd, "r");
	if (!c->in)
		die("cannot read from a socket: %s", strerror(errno));
	if (send_request(fd, method, t) && read_head(c))
		return true;
	snprintf(why, size, "%s: %s; is this heliographd's control socket?", socket,
	    ferror(c->in) ? "no answer" : "the answer is not heliographd's");
	client_close(c);
	return false;
}

char *
client_line(struct client *c, size_t *len)
{
	ssize_t n = getline(&c->line, &c->room, c->in);

	if (n < 0)
		return NULL;
	while (n > 0 && (c->line[n - 1] == '\n' || c->line[n - 1] == '\r'))
		c->line[--n] = '\0';
	*len = (size_t)n;
	return c->line;
}

char *
client_body(struct client *c, size_t *len)
{
	size_t room = 64 * 1024;
	char *body = must_alloc(room);
	size_t n;

	*len = 0;
	while ((n = fread(body + *len, 1, room - *len - 1, c->in)) > 0) {
		*len += n;
		if (room - *len == 1) {
			room *= 2;
			body = must_realloc(body, room);
		}
	}
	body[*len] = '\0';
	return body;
}

bool
client_close(struct client *c)
{
	bool good = c->in && !ferror(c->in);

	if (c->in)
		fclose(c->in);
	free(c->line);
	memset(c, 0, sizeof(*c));
	return good;
}
