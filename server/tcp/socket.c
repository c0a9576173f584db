/* SPDX-License-Identifier: Apache-2.0 */
#include "tcp/socket.h"

#include <errno.h>
#include <linux/tcp.h>
#include <string.h>
#include <unistd.h>

/* Two thousand ToRs that come back at once after a restart. The kernel cuts it to somaxconn. */
#define BACKLOG 4096

/*
 * Bytes that the kernel may hold unsent for a peer. What waits in the socket buffer is private
 * and cannot be superseded by newer routes; what waits in the chunks is shared and can. One
 * chunk's worth keeps a 100 Gbit/s link busy for 10 us, the time of an io thread's turn. (What
 * is sent and not yet acknowledged does not count, so a long link is not slowed.)
 */
#define NOTSENT_LOWAT (128 * 1024)

static int
set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? errno : 0;
}

int
socket_open(uint8_t family, int *error)
{
	int fd = socket(family == IP_V6 ? AF_INET6 : AF_INET,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);

	*error = fd < 0 ? errno : 0;
	return fd;
}

static int
start_listening(int fd, const struct ip_addr *addr, uint16_t port)
{
	struct sockaddr_storage sa;
	socklen_t len = ip_to_sockaddr(addr, port, &sa);
	int error = set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);

	/* So that [::]:179 and 0.0.0.0:179 can stand side by side, each with its own options. */
	if (!error && addr->family == IP_V6)
		error = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (!error && bind(fd, (struct sockaddr *)&sa, len) < 0)
		error = errno;
	if (!error && listen(fd, BACKLOG) < 0)
		error = errno;
	return error;
}

int
socket_listen(const struct ip_addr *addr, uint16_t port, int *error)
{
	int fd = socket_open(addr->family, error);

	if (fd < 0)
		return -1;
	*error = start_listening(fd, addr, port);
	if (*error) {
		close(fd);
		return -1;
	}
	return fd;
}

int
socket_connect(int fd, const struct ip_addr *to, uint16_t port, const struct ip_addr *source)
{
	struct sockaddr_storage sa;
	socklen_t len;

	if (source->family != IP_NONE) {
		len = ip_to_sockaddr(source, 0, &sa);
		if (bind(fd, (struct sockaddr *)&sa, len) < 0)
			return errno;
	}
	len = ip_to_sockaddr(to, port, &sa);
	return connect(fd, (struct sockaddr *)&sa, len) < 0 ? errno : 0;
}

int
socket_tune(int fd)
{
	int error = set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);

	return error ? error : set_int(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOTSENT_LOWAT);
}

int
socket_set_ttl(int fd, uint8_t family, unsigned ttl)
{
	if (family == IP_V6)
		return set_int(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, (int)ttl);
	return set_int(fd, IPPROTO_IP, IP_TTL, (int)ttl);
}

int
socket_set_min_ttl(int fd, uint8_t family, unsigned ttl)
{
	if (family == IP_V6)
		return set_int(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, (int)ttl);
	return set_int(fd, IPPROTO_IP, IP_MINTTL, (int)ttl);
}

int
socket_set_md5(int fd, const struct ip_prefix *range, const struct md5_key *key)
{
	struct tcp_md5sig sig;
	struct sockaddr_storage sa;
	socklen_t len = ip_to_sockaddr(&range->addr, 0, &sa);

	memset(&sig, 0, sizeof(sig));
	memcpy(&sig.tcpm_addr, &sa, len);
	sig.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX;
	sig.tcpm_prefixlen = range->len;
	sig.tcpm_keylen = key->len;
	memcpy(sig.tcpm_key, key->bytes, key->len);
	return setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG_EXT, &sig, sizeof(sig)) < 0 ? errno : 0;
}

void
socket_local(int fd, struct ip_addr *addr, uint16_t *port)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	*addr = (struct ip_addr){.family = IP_NONE};
	*port = 0;
	if (getsockname(fd, (struct sockaddr *)&sa, &len) == 0 &&
	    !ip_from_sockaddr((struct sockaddr *)&sa, addr, port))
		*addr = (struct ip_addr){.family = IP_NONE};
}
