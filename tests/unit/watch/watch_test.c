/* SPDX-License-Identifier: Apache-2.0 */
/* The watch thread over real sockets: the control socket, HTTP, and clients that misbehave. */
#include "fixture.h"
#include "watch/control.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct scene scene;
static char dir[] = "/tmp/heliograph-watch-XXXXXX";
static char path[64];

static int
connect_control(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = 10};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(addr.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

/* Everything that comes back for these bytes until the connection ends; the caller frees it. */
static char *
exchange(const char *request)
{
	int fd = connect_control();
	size_t n = 0, room = 1 << 16;
	char *text = must_alloc(room);
	ssize_t k;

	assert_int_equal(
	    send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
	while ((k = recv(fd, text + n, room - n - 1, 0)) > 0) {
		n += (size_t)k;
		if (n + 1 == room)
			text = must_realloc(text, room *= 2);
	}
	text[n] = '\0';
	close(fd);
	return text;
}

static struct watch *
start(const char *more)
{
	char config[256], why[512];
	struct watch *w;

	snprintf(config, sizeof(config), "control_socket: %s\n%s", path, more);
	scene_begin(&scene, config);
	w = watch_new(&scene.sources);
	if (!watch_start(w, why, sizeof(why)))
		fail_msg("%s", why);
	return w;
}

static void
finish(struct watch *w)
{
	watch_stop(w);
	watch_free(w);
	scene_end(&scene);
}

static void
the_control_socket_answers_and_is_gone_at_the_end(void **state)
{
	struct watch *w = start("http: none\n");
	struct stat st;
	char *text = exchange("GET /livez HTTP/1.0\r\n\r\n");

	(void)state;
	assert_memory_equal(text, "HTTP/1.0 200 OK\r\n", 17);
	assert_non_null(strstr(text, "\r\n\r\nok\n"));
	free(text);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	finish(w);
	assert_int_equal(stat(path, &st), -1);
}

static void
only_get_is_answered_and_nothing_large_is_taken(void **state)
{
	struct watch *w = start("http: none\n");
	static char large[20000];
	char *text = exchange("POST /livez HTTP/1.0\r\nContent-Length: 4\r\n\r\nabcd");

	(void)state;
	assert_null(strstr(text, " 200 "));
	free(text);
	text = exchange("DELETE /livez HTTP/1.0\r\n\r\n");
	assert_null(strstr(text, " 200 "));
	free(text);
	memset(large, 'a', sizeof(large) - 1);
	memcpy(large, "GET /", 5);
	memcpy(large + sizeof(large) - 14, " HTTP/1.0\r\n\r\n", 13);
	text = exchange(large);
	assert_null(strstr(text, " 200 "));
	free(text);
	text = exchange("GET /api/v1/paths?colour=red HTTP/1.0\r\n\r\n");
	assert_non_null(strstr(text, "there is no parameter \\\"colour\\\""));
	free(text);
	finish(w);
}

static void
a_client_that_leaves_in_the_middle_disturbs_nobody(void **state)
{
	static const char ask[] = "GET /api/v1/nodes HTTP/1.1\r\nHost: x\r\n\r\n";
	struct watch *w = start("http: none\n");
	char byte, *text;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) /* more than socket buffers take */
		scene_node(&scene, i);
	for (unsigned i = 0; i < 20; i++) {
		int fd = connect_control();

		assert_int_equal(send(fd, ask, sizeof(ask) - 1, 0), (ssize_t)sizeof(ask) - 1);
		assert_int_equal(recv(fd, &byte, 1, 0), 1);
		close(fd);
	}
	text = exchange("GET /api/v1/nodes HTTP/1.0\r\n\r\n");
	assert_non_null(strstr(text, "\"n19999\""));
	assert_string_equal(text + strlen(text) - 3, "]}\n");
	free(text);
	finish(w);
}

static void
the_end_cuts_an_answer_off(void **state)
{
	static const char ask[] = "GET /api/v1/nodes HTTP/1.1\r\nHost: x\r\n\r\n";
	struct watch *w = start("http: none\n");
	char byte;
	int fd;

	(void)state;
	for (unsigned i = 0; i < 20000; i++)
		scene_node(&scene, i);
	fd = connect_control();
	assert_int_equal(send(fd, ask, sizeof(ask) - 1, 0), (ssize_t)sizeof(ask) - 1);
	assert_int_equal(recv(fd, &byte, 1, 0), 1);
	finish(w);
	close(fd);
}

static void
an_address_in_use_is_said_and_leaves_nothing_behind(void **state)
{
	struct watch *first = start("http: none\n");
	struct watch_sources sources = scene.sources;
	struct watch *second = watch_new(&sources);
	struct stat st;
	char why[512];

	(void)state;
	assert_false(watch_start(second, why, sizeof(why)));
	assert_non_null(strstr(why, "another heliographd answers on"));
	watch_stop(second);
	watch_free(second);
	assert_int_equal(stat(path, &st), 0); /* the first one's */
	finish(first);
}

static void
a_dead_socket_is_replaced_and_another_file_is_not(void **state)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int dead = socket(AF_UNIX, SOCK_STREAM, 0), fd;
	char why[512];
	FILE *f;

	(void)state;
	strcpy(addr.sun_path, path);
	assert_int_equal(bind(dead, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(dead);
	fd = control_listen(path, why, sizeof(why));
	assert_true(fd >= 0);
	assert_int_equal(control_listen(path, why, sizeof(why)), -1);
	assert_non_null(strstr(why, "another heliographd answers on"));
	close(fd);
	assert_int_equal(unlink(path), 0);
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(control_listen(path, why, sizeof(why)), -1);
	assert_non_null(strstr(why, "exists and is not a socket"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(control_listen("/nonexistent/control.sock", why, sizeof(why)), -1);
	assert_non_null(strstr(why, "/nonexistent/control.sock: No such file or directory; "));
}

static int
make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/control.sock", dir);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_control_socket_answers_and_is_gone_at_the_end),
	    cmocka_unit_test(only_get_is_answered_and_nothing_large_is_taken),
	    cmocka_unit_test(a_client_that_leaves_in_the_middle_disturbs_nobody),
	    cmocka_unit_test(the_end_cuts_an_answer_off),
	    cmocka_unit_test(an_address_in_use_is_said_and_leaves_nothing_behind),
	    cmocka_unit_test(a_dead_socket_is_replaced_and_another_file_is_not),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
