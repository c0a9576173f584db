/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kinds behind one table of functions. Each gets a directory of its own and a free port; the
 * process is ended through daemon.h whatever its kind.
 */
#include "contender.h"

#include "blast.h"
#include "core/clock.h"
#include "feed.h"
#include "inject.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INJECTOR_IP 0x7f000002u /* 127.0.0.2 */
#define FIRST_TOR   0x7f010001u /* 127.1.0.1 */

static bool
limit_start(struct contender *c, char *error)
{
	char program[200], listen[ENDPOINT_TEXT_MAX], file[256], path[256], threads[16],
	    chunk[16];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	const char *const argv[] = {program, "blast", "--listen",
	    endpoint_text(&c->listen, listen), "--bytes", file, "--path", path, "--threads",
	    threads, "--chunk", chunk, NULL};
	struct daemon_program p = {.argv = argv, .log = "blast.log", .listen = c->listen};
	int ends[2];

	if (!daemon_prepare(&c->daemon, error))
		return false;
	program[n > 0 ? n : 0] = '\0';
	snprintf(file, sizeof(file), "%s/bytes", c->daemon.state_dir);
	snprintf(path, sizeof(path), "%s/path", c->daemon.state_dir);
	snprintf(threads, sizeof(threads), "%u", c->compare->blast_threads);
	snprintf(chunk, sizeof(chunk), "%u", c->compare->chunk);
	if (!wireset_save(c->compare->reflected, file) ||
	    !wirepath_save(&c->compare->path.reflected, path) || pipe2(ends, O_CLOEXEC) < 0) {
		snprintf(error, DAEMON_ERROR_MAX, "%.200s: %s", c->daemon.state_dir,
		    strerror(errno));
		return false;
	}
	p.input = ends[0];
	c->control = ends[1];
	bool ok = daemon_start(&c->daemon, &p, CONTENDER_START_MS, error);

	close(ends[0]);
	return ok;
}

/* Nobody in between acknowledges anything. */
static void
stamp_now(struct stamp *times)
{
	if (times)
		times->handed_ns = times->acked_ns = clock_mono_ns();
}

static bool
limit_say(struct contender *c, const char *word, char *error)
{
	size_t n = strlen(word);

	if (write(c->control, word, n) == (ssize_t)n)
		return true;
	snprintf(error, DAEMON_ERROR_MAX, "the bytes-only loop does not listen: %s",
	    strerror(errno));
	return false;
}

static bool
limit_load(struct contender *c, char *error)
{
	return limit_say(c, "go\n", error);
}

/* It withdraws and announces in turn, and so do we. */
static bool
limit_change(struct contender *c, bool present, struct stamp *times, char *error)
{
	(void)present;
	stamp_now(times);
	return limit_say(c, "pulse\n", error);
}

static void
limit_stop(struct contender *c)
{
	if (c->control >= 0)
		close(c->control);
}

static bool
rival_start(struct contender *c, char *error)
{
	const struct rival *r = c->rival;
	struct rival_setup s = {.listen = c->listen,
	    .as = CONTENDER_AS,
	    .cluster_id = c->compare->rules.cluster_id,
	    .tors = c->compare->tors,
	    .injector = ip_v4(INJECTOR_IP),
	    .first_tor = ip_v4(FIRST_TOR)};
	struct rival_argv command;
	const struct daemon_program p = {
	    .argv = command.argv, .log = "log", .listen = c->listen, .input = -1};
	const struct inject_options o = {.target = c->listen,
	    .source = s.injector,
	    .as = s.as,
	    .timeout_ms = CONTENDER_START_MS};

	if (access(r->path, X_OK) != 0) {
		snprintf(error, DAEMON_ERROR_MAX, "%s: %s (deploy/install bench)", r->path,
		    strerror(errno));
		return false;
	}
	if (r->paths_max && c->compare->paths_of_one_prefix > r->paths_max) {
		snprintf(error, DAEMON_ERROR_MAX,
		    "it sends at most %u paths of a prefix, and one has %u here", r->paths_max,
		    c->compare->paths_of_one_prefix);
		return false;
	}
	if (!daemon_prepare(&c->daemon, error))
		return false;
	s.dir = c->daemon.state_dir;
	if (!rival_write_config(r, &s)) {
		snprintf(error, DAEMON_ERROR_MAX, "its configuration in %.100s: %s", s.dir,
		    strerror(errno));
		return false;
	}
	rival_command(r, &s, &command);
	if (!daemon_start(&c->daemon, &p, CONTENDER_START_MS, error))
		return false;
	c->injector = injector_new(&o, error);
	return c->injector != NULL;
}

static bool
rival_load(struct contender *c, char *error)
{
	(void)error;
	injector_send(
	    c->injector, c->compare->injected->bytes, c->compare->injected->table_size);
	return true;
}

static bool
rival_change(struct contender *c, bool present, struct stamp *times, char *error)
{
	const struct wirepath *path = &c->compare->path.injected;

	stamp_now(times);
	return injector_say(c->injector, path->bytes[present], path->size[present], error);
}

static void
rival_stop(struct contender *c)
{
	injector_free(c->injector);
}

static const struct contender_kind limit_kind = {limit_start, limit_load, limit_change,
                                       limit_stop},
                                   rival_kind = {
                                       rival_start, rival_load, rival_change, rival_stop};

static const struct contender_kind *
find_kind(const char *name)
{
	if (strcmp(name, "limit") == 0)
		return &limit_kind;
	if (strcmp(name, "heliograph") == 0)
		return &contender_heliograph;
	return rival_find(name) ? &rival_kind : NULL;
}

bool
contender_known(const char *name, struct compare_row *row)
{
	const struct contender_kind *kind = find_kind(name);
	const struct rival *r = rival_find(name);

	row->name = name;
	row->title = kind == &limit_kind             ? "bytes-only limit"
	             : kind == &contender_heliograph ? "Heliograph"
	             : r                             ? r->title
	                                             : NULL;
	return row->title != NULL;
}

void
contender_version(const struct compare *compare, struct compare_row *row)
{
	const struct rival *r = rival_find(row->name);

	(void)compare;
	if (r)
		rival_version(r, row->version);
	else
		snprintf(row->version, sizeof(row->version), "%s", HELIO_VERSION);
}

bool
contender_start(
    struct contender *c, const struct compare *compare, const char *name, char *error)
{
	*c = (struct contender){.compare = compare,
	    .kind = find_kind(name),
	    .rival = rival_find(name),
	    .listen = {.addr = ip_v4(0x7f000001)},
	    .control = -1};
	must(c->kind);
	c->listen.port = endpoint_free_port(&c->listen.addr);
	return c->kind->start(c, error);
}

bool
contender_load(struct contender *c, char *error)
{
	return c->kind->load(c, error);
}

bool
contender_change(struct contender *c, bool present, struct stamp *times, char *error)
{
	return c->kind->change(c, present, times, error);
}

void
contender_poll(struct contender *c)
{
	if (c->feed)
		feed_poll(c->feed);
}

bool
contender_failed(struct contender *c, char *error)
{
	if (daemon_died(&c->daemon))
		snprintf(error, DAEMON_ERROR_MAX, "it ended by itself; its log is in %s",
		    c->daemon.state_dir);
	else if (c->injector && injector_trouble(c->injector)[0])
		snprintf(error, DAEMON_ERROR_MAX, "%s", injector_trouble(c->injector));
	else if (c->feed && feed_totals(c->feed).failed)
		snprintf(error, DAEMON_ERROR_MAX, "the broker refused records");
	else
		return false;
	return true;
}

void
contender_stop(struct contender *c, bool keep)
{
	c->kind->stop(c);
	daemon_stop(&c->daemon, keep);
}

static pid_t
parent_of(const char *pid)
{
	char path[300], line[200];
	pid_t parent = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/status", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, "PPid:", 5) == 0)
			parent = (pid_t)strtol(line + 5, NULL, 10);
	fclose(f);
	return parent;
}

struct process_use
contender_use(const struct contender *c)
{
	struct process_use sum = process_use_of(c->daemon.pid);
	DIR *d = c->daemon.pid > 0 ? opendir("/proc") : NULL;
	const struct dirent *e;

	while (d && (e = readdir(d))) {
		if (e->d_name[0] < '1' || e->d_name[0] > '9' ||
		    parent_of(e->d_name) != c->daemon.pid)
			continue;
		struct process_use u = process_use_of((pid_t)strtol(e->d_name, NULL, 10));

		sum.rss_kb += u.rss_kb;
		sum.peak_kb += u.peak_kb;
		sum.cpu_seconds += u.cpu_seconds;
	}
	if (d)
		closedir(d);
	return sum;
}
