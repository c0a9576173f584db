/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handshake runs in the caller's thread, the session in its own: poll() on the socket and on an
 * eventfd that says that there is something to send, or that it is time to end.
 */
#include "inject.h"

#include "bgp/open.h"
#include "core/clock.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HOLD_S       180
#define KEEPALIVE_MS 20000
#define RETRY_MS     100
#define READ_SIZE    (64u * 1024)
#define IN_MAX       (BGP_MESSAGE_MAX_EXTENDED + READ_SIZE)

struct injector {
	struct inject_options options;
	int fd, wake;
	pthread_t thread;
	bool started;
	struct open local;
	uint8_t *in;
	size_t in_len;
	bool open_seen, established;
	bool hopeless;        /* another attempt would end the same way */
	const uint8_t *bytes; /* published by `ready` */
	size_t size, sent;
	_Atomic bool ready, done, ending, over;
	char trouble[INJECT_ERROR_MAX]; /* published by `over` */
};

static void
nap_ms(unsigned ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	nanosleep(&t, NULL);
}

static bool
open_socket(struct injector *i)
{
	struct sockaddr_storage source, target;
	socklen_t n = ip_to_sockaddr(&i->options.source, 0, &source);
	int one = 1;

	i->fd = socket(source.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (i->fd < 0)
		return false;
	setsockopt(i->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (bind(i->fd, (struct sockaddr *)&source, n) == 0) {
		n = ip_to_sockaddr(&i->options.target.addr, i->options.target.port, &target);
		if (connect(i->fd, (struct sockaddr *)&target, n) == 0)
			return true;
	}
	close(i->fd);
	i->fd = -1;
	return false;
}

static bool
send_small(struct injector *i, const uint8_t *bytes, size_t n)
{
	return send(i->fd, bytes, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static void
fill_open(struct injector *i)
{
	struct capabilities *c = &i->local.capabilities;

	i->local = (struct open){.as = i->options.as,
	    .hold_time = HOLD_S,
	    .router_id = ip_v4_host(&i->options.source)};
	c->present = CAPABILITY_BIT(MULTIPROTOCOL) | CAPABILITY_BIT(AS4) |
	             CAPABILITY_BIT(ROUTE_REFRESH) | CAPABILITY_BIT(ADD_PATH);
	c->as4 = i->options.as;
	c->families[0] = c->add_path_send[0] = true; /* IPv4 alone */
}

/* False: *error is set and the session is over. */
static bool
on_open(struct injector *i, const uint8_t *msg, size_t n, char *error)
{
	uint8_t keepalive[BGP_HEADER_SIZE];
	char text[NOTIFICATION_TEXT_MAX];
	struct negotiated agreed;
	struct notification why;
	struct open remote;

	if (!open_decode(msg, n, &remote, &why) ||
	    !open_negotiate(&i->local, &remote, false, &agreed, &why)) {
		snprintf(error, INJECT_ERROR_MAX, "its OPEN is refused: %.200s",
		    notification_text(&why, text));
		return false;
	}
	if (!agreed.add_path_tx[0]) {
		snprintf(
		    error, INJECT_ERROR_MAX, "it does not take ADD-PATH from the injector");
		i->hopeless = true;
		return false;
	}
	i->open_seen = true;
	return send_small(i, keepalive, keepalive_encode(keepalive));
}

static bool
on_message(struct injector *i, uint8_t type, const uint8_t *msg, size_t n, char *error)
{
	char text[NOTIFICATION_TEXT_MAX];
	struct notification why;

	switch (type) {
	case BGP_OPEN:
		return on_open(i, msg, n, error);
	case BGP_KEEPALIVE:
		i->established = i->open_seen;
		return true;
	case BGP_NOTIFICATION:
		snprintf(error, INJECT_ERROR_MAX, "it closed the session: %.200s",
		    notification_decode(msg, n, &why) ? notification_text(&why, text)
		                                      : "malformed NOTIFICATION");
		return false;
	default:
		return true;
	}
}

/* Read what is there, at least one byte, and act on whole messages. False: over, *error says why. */
static bool
receive(struct injector *i, char *error)
{
	ssize_t got = recv(i->fd, i->in + i->in_len, READ_SIZE, 0);
	struct notification why;
	size_t used = 0, size;
	uint8_t type;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (got <= 0) {
		snprintf(error, INJECT_ERROR_MAX, "the injector's connection ended: %s",
		    got ? strerror(errno) : "closed by the other side");
		return false;
	}
	i->in_len += (size_t)got;
	while (bgp_frame(i->in + used, i->in_len - used, true, &size, &type, &why) ==
	       BGP_FRAME_OK) {
		if (!on_message(i, type, i->in + used, size, error))
			return false;
		used += size;
	}
	memmove(i->in, i->in + used, i->in_len - used);
	i->in_len -= used;
	return true;
}

/* One attempt until it is up, refused, or the time is over. */
static bool
handshake(struct injector *i, uint64_t until, char *error)
{
	uint8_t hello[OPEN_SIZE_MAX];

	i->in_len = 0;
	i->open_seen = i->established = false;
	if (!open_socket(i)) {
		snprintf(error, INJECT_ERROR_MAX, "the injector cannot connect: %s",
		    strerror(errno));
		return false;
	}
	snprintf(error, INJECT_ERROR_MAX, "the injector's session does not come up");
	bool ok = send_small(i, hello, open_encode(&i->local, hello, sizeof(hello)));

	while (ok && !i->established && clock_mono_ns() < until) {
		struct pollfd p = {.fd = i->fd, .events = POLLIN};

		if (poll(&p, 1, RETRY_MS) > 0)
			ok = receive(i, error);
	}
	if (ok && i->established)
		return true;
	close(i->fd);
	i->fd = -1;
	return false;
}

/* Send what the socket takes. False: the connection is broken. */
static bool
push(struct injector *i, char *error)
{
	ssize_t n =
	    send(i->fd, i->bytes + i->sent, i->size - i->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		snprintf(error, INJECT_ERROR_MAX, "the injector's connection broke: %s",
		    strerror(errno));
		return false;
	}
	if (n > 0)
		i->sent += (size_t)n;
	if (i->sent == i->size)
		atomic_store(&i->done, true);
	return true;
}

static void *
thread_main(void *arg)
{
	struct injector *i = arg;
	uint64_t alive_at = clock_mono_ns();
	char error[INJECT_ERROR_MAX] = "";

	while (!atomic_load(&i->ending) && !error[0]) {
		bool busy = atomic_load(&i->ready) && !atomic_load(&i->done);
		struct pollfd p[] = {
		    {.fd = i->fd, .events = (short)(POLLIN | (busy ? POLLOUT : 0))},
		    {.fd = i->wake, .events = POLLIN},
		};
		uint64_t n;

		if (poll(p, COUNT_OF(p), KEEPALIVE_MS / 4) < 0)
			continue;
		if (p[1].revents && read(i->wake, &n, sizeof(n)) != sizeof(n))
			continue;
		if ((p[0].revents & (POLLIN | POLLHUP | POLLERR)) && !receive(i, error))
			break;
		if ((p[0].revents & POLLOUT) && busy && !push(i, error))
			break;
		if (!busy && clock_mono_ns() - alive_at > KEEPALIVE_MS * NS_PER_MS) {
			uint8_t keepalive[BGP_HEADER_SIZE];

			alive_at = clock_mono_ns();
			if (!send_small(i, keepalive, keepalive_encode(keepalive)))
				break; /* the reader sees why */
		}
	}
	memcpy(i->trouble, error, sizeof(error));
	atomic_store(&i->over, true);
	return NULL;
}

struct injector *
injector_new(const struct inject_options *o, char *error)
{
	uint64_t until = clock_mono_ns() + o->timeout_ms * NS_PER_MS;
	struct injector *i = must_calloc(1, sizeof(*i));

	i->options = *o;
	i->fd = -1;
	i->in = must_alloc(IN_MAX);
	i->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (i->wake < 0)
		die("eventfd: %s", strerror(errno));
	fill_open(i);
	while (!handshake(i, until, error)) {
		if (i->hopeless || clock_mono_ns() >= until) {
			injector_free(i);
			return NULL;
		}
		nap_ms(
		    RETRY_MS); /* it may not listen yet, or still keep the port of an older session */
	}
	error[0] = '\0';
	if (pthread_create(&i->thread, NULL, thread_main, i) != 0)
		die("cannot start the injector's thread");
	i->started = true;
	return i;
}

static void
wake(struct injector *i)
{
	uint64_t one = 1;

	must(write(i->wake, &one, sizeof(one)) == sizeof(one));
}

void
injector_send(struct injector *i, const uint8_t *bytes, size_t n)
{
	must(!atomic_load(&i->ready) && n > 0);
	i->bytes = bytes;
	i->size = n;
	atomic_store(&i->ready, true);
	wake(i);
}

/*
 * The session's thread has nothing to send now but KEEPALIVEs, and the kernel takes a message that has room as a
 * whole: the two never mix. Where there is none, the rival has not read for megabytes.
 */
bool
injector_say(struct injector *i, const uint8_t *message, size_t n, char *error)
{
	must(injector_done(i));
	ssize_t sent = send(i->fd, message, n, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent == (ssize_t)n)
		return true;
	snprintf(error, INJECT_ERROR_MAX,
	    "the injector's connection does not take a message: %s",
	    sent < 0 ? strerror(errno) : "it is full");
	return false;
}

bool
injector_done(const struct injector *i)
{
	return atomic_load(&i->done);
}

const char *
injector_trouble(struct injector *i)
{
	return atomic_load(&i->over) ? i->trouble : "";
}

void
injector_free(struct injector *i)
{
	if (!i)
		return;
	if (i->started) {
		atomic_store(&i->ending, true);
		wake(i);
		pthread_join(i->thread, NULL);
	}
	if (i->fd >= 0)
		close(i->fd);
	close(i->wake);
	free(i->in);
	free(i);
}
