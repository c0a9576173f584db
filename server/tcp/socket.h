/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel has to be told of a BGP socket: one function per intent. They return 0 or an
 * errno; what is wrong is said by the caller, who knows the peer.
 */
#pragma once

#include "core/ip.h"

#define MD5_KEY_MAX 80 /* TCP_MD5SIG_MAXKEYLEN */

struct md5_key {
	uint8_t len; /* 0: none */
	uint8_t bytes[MD5_KEY_MAX];
};

/* A listening socket on addr and port, non-blocking; -1 with errno in *error. */
int socket_listen(const struct ip_addr *addr, uint16_t port, int *error) MUST_USE;

/* A non-blocking socket of the family; -1 with errno in *error. */
int socket_open(uint8_t family, int *error) MUST_USE;

/* Begin to connect, from source unless its family is IP_NONE. 0: done; EINPROGRESS: under way. */
int socket_connect(
    int fd, const struct ip_addr *to, uint16_t port, const struct ip_addr *source) MUST_USE;

/* TCP_NODELAY and TCP_NOTSENT_LOWAT: every BGP connection. */
int socket_tune(int fd) MUST_USE;

/* TTL (hop limit) of what we send; and the least that is accepted (RFC 5082). */
int socket_set_ttl(int fd, uint8_t family, unsigned ttl) MUST_USE;
int socket_set_min_ttl(int fd, uint8_t family, unsigned ttl) MUST_USE;

/* TCP-MD5 (RFC 2385) for all peers in range. On a listener, or before connecting. */
int socket_set_md5(int fd, const struct ip_prefix *range, const struct md5_key *key) MUST_USE;

/* Our end of a connection. */
void socket_local(int fd, struct ip_addr *addr, uint16_t *port);
