/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target as a process: start heliographd with a configuration of ours in a directory of
 * its own, end it by its id, and read what any process uses from /proc. Whoever spawns, stops.
 */
#pragma once

#include "core/must.h"
#include "endpoint.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define DAEMON_ERROR_MAX 600

struct daemon {
	pid_t pid; /* 0: not ours */
	char state_dir[200];
};

struct daemon_config {
	const char *path;    /* of heliographd */
	const char *brokers; /* "embedded" or "HOST:PORT" */
	const char *topic;
	struct endpoint listen;
	uint32_t as;
	uint32_t io_threads, packers; /* 0: heliographd's own choice */
	bool dual_stack;
};

struct process_use {
	uint64_t rss_kb, peak_kb; /* VmRSS, VmHWM */
	double cpu_seconds;       /* user and system, all threads */
	bool known;
};

/*
 * Write the configuration, start the process and wait until it takes BGP connections. False:
 * error says what its log says; nothing is left running. The directory stays for reading.
 */
bool daemon_spawn(
    struct daemon *d, const struct daemon_config *c, unsigned timeout_ms, char *error) MUST_USE;

/* Any program as the target: what daemon_spawn() is made of. */
struct daemon_program {
	const char *const *argv; /* argv[0] is the path; ends in NULL */
	const char *log;         /* file in the state directory that takes stdout and stderr */
	struct endpoint listen;  /* it is up once this answers */
	int input;               /* its stdin; -1: inherited */
};

/* A new state directory, and nothing else yet. False: error is set. */
bool daemon_prepare(struct daemon *d, char *error) MUST_USE;

/* Start it and wait until it takes connections. False as with daemon_spawn(). */
bool daemon_start(struct daemon *d, const struct daemon_program *p, unsigned timeout_ms,
    char *error) MUST_USE;

/* SIGTERM, and SIGKILL to what does not end; removes the state directory unless `keep`. */
void daemon_stop(struct daemon *d, bool keep);

/* Has the process ended by itself? */
bool daemon_died(struct daemon *d);

struct process_use process_use_of(pid_t pid);

/* CPU seconds that all programs of the machine have used since it started. */
double machine_cpu_seconds(void);
