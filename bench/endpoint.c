/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing and trying of addresses with ports; no state. */
#include "endpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool
endpoint_parse(const char *text, struct endpoint *out)
{
	const char *colon = strrchr(text, ':');
	char addr[IP_TEXT_MAX], *end;
	unsigned long port;
	size_t n;

	if (!colon || colon == text)
		return false;
	n = (size_t)(colon - text);
	if (text[0] == '[' && colon[-1] == ']') {
		text++;
		n -= 2;
	}
	if (n >= sizeof(addr))
		return false;
	memcpy(addr, text, n);
	addr[n] = '\0';
	port = strtoul(colon + 1, &end, 10);
	if (colon[1] < '0' || colon[1] > '9' || *end || port == 0 || port > 65535)
		return false;
	out->port = (uint16_t)port;
	return ip_parse(addr, &out->addr);
}

char *
endpoint_text(const struct endpoint *e, char buf[ENDPOINT_TEXT_MAX])
{
	char addr[IP_TEXT_MAX];

	snprintf(buf, ENDPOINT_TEXT_MAX, e->addr.family == IP_V6 ? "[%s]:%u" : "%s:%u",
	    ip_text(&e->addr, addr), e->port);
	return buf;
}

bool
endpoint_answers(const struct endpoint *e)
{
	struct sockaddr_storage sa;
	socklen_t n = ip_to_sockaddr(&e->addr, e->port, &sa);
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&sa, n) == 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

uint16_t
endpoint_free_port(const struct ip_addr *a)
{
	struct sockaddr_storage sa;
	socklen_t n = ip_to_sockaddr(a, 0, &sa);
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct ip_addr same;
	uint16_t port = 0;

	if (fd >= 0 && (bind(fd, (struct sockaddr *)&sa, n) < 0 ||
	                   getsockname(fd, (struct sockaddr *)&sa, &n) < 0 ||
	                   !ip_from_sockaddr((struct sockaddr *)&sa, &same, &port)))
		port = 0;
	if (fd >= 0)
		close(fd);
	return port;
}
