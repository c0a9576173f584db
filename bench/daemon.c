/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spawning, watching and ending the target, and what /proc says about it. Only processes that
 * were started here are ever signalled, by their id.
 */
#include "daemon.h"

#include "core/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STOP_WAIT_MS 10000

static void
nap_ms(unsigned ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	nanosleep(&t, NULL);
}

static bool
write_config(const struct daemon *d, const struct daemon_config *c, const char *path)
{
	char listen[ENDPOINT_TEXT_MAX];
	uint16_t http = endpoint_free_port(&c->listen.addr);
	FILE *f = fopen(path, "we");

	if (!f)
		return false;
	fprintf(f,
	    "router_id: 10.255.0.1\n"
	    "local_as: 64512\n"
	    "cluster_id: 10.255.0.1\n"
	    "listen: [\"%s\"]\n"
	    "kafka:\n"
	    "  brokers: %s\n"
	    "  topic: %s\n"
	    "advertise:\n"
	    "  cluster_ips: [10.96.0.0/12%s]\n"
	    "  cluster_ip_policy: external\n"
	    "peers:\n"
	    "  - {name: tors, range: 127.1.0.0/16, as: %u, passive: true, hold_time: 90, "
	    "families: [ipv4, ipv6], add_path: true}\n"
	    /* The generator means what it deletes. */
	    "safety: {withdraw_limit: {percent: 100}, last_path: 0s, last_prefix: 0s}\n"
	    "http: 127.0.0.1:%u\n"
	    "control_socket: control.sock\n"
	    "state_dir: %s\n"
	    "threads: {io: %u, packers: %u}\n",
	    endpoint_text(&c->listen, listen), c->brokers, c->topic,
	    c->dual_stack ? ", \"fd00:96::/108\"" : "", c->as, http, d->state_dir,
	    c->io_threads, c->packers);
	return fclose(f) == 0;
}

/* In the child: only async-signal-safe calls. */
static _Noreturn void
become(const struct daemon_program *p, int log)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* heliobench killed hard: no orphan holds the port */
	if (p->input >= 0)
		dup2(p->input, STDIN_FILENO);
	dup2(log, STDERR_FILENO);
	dup2(log, STDOUT_FILENO);
	execv(p->argv[0], (char *const *)(uintptr_t)p->argv);
	_exit(127);
}

/* The last lines of the log, for a message. */
static void
log_tail(const struct daemon *d, const char *log, char *out, size_t n)
{
	char path[256];
	FILE *f;

	out[0] = '\0';
	snprintf(path, sizeof(path), "%s/%.40s", d->state_dir, log);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fseek(f, -(long)(n - 1), SEEK_END) != 0)
		rewind(f);
	out[fread(out, 1, n - 1, f)] = '\0';
	fclose(f);
}

bool
daemon_died(struct daemon *d)
{
	int status;

	if (d->pid <= 0 || waitpid(d->pid, &status, WNOHANG) != d->pid)
		return false;
	d->pid = 0;
	return true;
}

static bool
wait_until_listening(
    struct daemon *d, const struct daemon_program *p, unsigned timeout_ms, char *error)
{
	uint64_t until = clock_mono_ns() + timeout_ms * NS_PER_MS;
	char tail[400], listen[ENDPOINT_TEXT_MAX];

	while (clock_mono_ns() < until) {
		if (daemon_died(d)) {
			log_tail(d, p->log, tail, sizeof(tail));
			snprintf(error, DAEMON_ERROR_MAX,
			    "%.80s ended at once; its log in %.60s ends with:\n%s", p->argv[0],
			    d->state_dir, tail);
			return false;
		}
		if (endpoint_answers(&p->listen))
			return true;
		nap_ms(20);
	}
	snprintf(error, DAEMON_ERROR_MAX,
	    "%.200s does not listen on %s after %u ms; its log is in %.100s", p->argv[0],
	    endpoint_text(&p->listen, listen), timeout_ms, d->state_dir);
	return false;
}

bool
daemon_prepare(struct daemon *d, char *error)
{
	const char *tmp = getenv("TMPDIR");

	*d = (struct daemon){0};
	snprintf(
	    d->state_dir, sizeof(d->state_dir), "%.120s/heliobench-XXXXXX", tmp ? tmp : "/tmp");
	if (mkdtemp(d->state_dir))
		return true;
	snprintf(error, DAEMON_ERROR_MAX, "%.200s: %s", d->state_dir, strerror(errno));
	d->state_dir[0] = '\0';
	return false;
}

bool
daemon_start(struct daemon *d, const struct daemon_program *p, unsigned timeout_ms, char *error)
{
	char path[256];
	int log;

	snprintf(path, sizeof(path), "%s/%.40s", d->state_dir, p->log);
	log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (log < 0) {
		snprintf(error, DAEMON_ERROR_MAX, "%.200s: %s", path, strerror(errno));
		return false;
	}
	fflush(NULL);
	d->pid = fork();
	if (d->pid == 0)
		become(p, log);
	close(log);
	if (d->pid < 0)
		die("fork: %s", strerror(errno));
	if (wait_until_listening(d, p, timeout_ms, error))
		return true;
	daemon_stop(d, true);
	return false;
}

bool
daemon_spawn(struct daemon *d, const struct daemon_config *c, unsigned timeout_ms, char *error)
{
	char config[256];
	const char *const argv[] = {c->path, "--config", config, NULL};
	const struct daemon_program program = {
	    .argv = argv, .log = "heliographd.log", .listen = c->listen, .input = -1};

	*d = (struct daemon){0};
	if (access(c->path, X_OK) != 0) {
		snprintf(
		    error, DAEMON_ERROR_MAX, "--spawn %.200s: %s", c->path, strerror(errno));
		return false;
	}
	if (!daemon_prepare(d, error))
		return false;
	snprintf(config, sizeof(config), "%s/heliograph.yaml", d->state_dir);
	if (!write_config(d, c, config)) {
		snprintf(error, DAEMON_ERROR_MAX, "%.200s: %s", d->state_dir, strerror(errno));
		return false;
	}
	return daemon_start(d, &program, timeout_ms, error);
}

static int
on_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
daemon_stop(struct daemon *d, bool keep)
{
	uint64_t until = clock_mono_ns() + STOP_WAIT_MS * NS_PER_MS;

	if (d->pid > 0 && !daemon_died(d)) {
		kill(d->pid, SIGTERM);
		while (!daemon_died(d)) {
			if (clock_mono_ns() > until) {
				kill(d->pid, SIGKILL);
				until = NS_NEVER;
			}
			nap_ms(20);
		}
	}
	if (d->state_dir[0] && !keep)
		nftw(d->state_dir, on_entry, 16, FTW_DEPTH | FTW_PHYS);
	d->state_dir[0] = '\0';
}

struct process_use
process_use_of(pid_t pid)
{
	struct process_use u = {.known = false};
	char path[64], line[1024];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = pid > 0 ? fopen(path, "re") : NULL;
	if (!f)
		return u;
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "VmRSS:", 6) == 0)
			u.rss_kb = strtoull(line + 6, NULL, 10);
		if (strncmp(line, "VmHWM:", 6) == 0)
			u.peak_kb = strtoull(line + 6, NULL, 10);
	}
	fclose(f);
	clockid_t clock;
	struct timespec t;

	if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &t) == 0) {
		u.cpu_seconds = (double)t.tv_sec + (double)t.tv_nsec / 1e9;
		u.known = true;
	}
	return u;
}

double
machine_cpu_seconds(void)
{
	unsigned long long user, nice, system, idle, wait, irq, softirq, steal;
	FILE *f = fopen("/proc/stat", "re");
	double sum = 0;

	if (f && fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system,
	             &idle, &wait, &irq, &softirq, &steal) == 8)
		sum = (double)(user + nice + system + irq + softirq + steal) /
		      (double)sysconf(_SC_CLK_TCK);
	if (f)
		fclose(f);
	return sum;
}
