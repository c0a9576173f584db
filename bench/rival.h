/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BGP daemons of Debian that `heliobench compare` runs as route reflectors: where they are, how
 * they are started, and their configuration for one injector (ADD-PATH in) and a range of ToRs (ADD-PATH
 * out, all paths). Everything they write goes into one directory; nothing runs here.
 */
#pragma once

#include "core/must.h"
#include "endpoint.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define RIVAL_ARGS     24
#define RIVAL_ARG_MAX  256
#define RIVAL_TEXT_MAX 160

struct rival_setup {
	const char *dir; /* state directory; the configuration is dir/config */
	struct endpoint listen;
	uint32_t as, cluster_id; /* cluster_id is the router id too */
	uint32_t tors;
	struct ip_addr injector, first_tor; /* ToR n comes from first_tor + n, within its /16 */
};

struct rival {
	const char *name;      /* "frr": as the command line has it */
	const char *title;     /* "FRR" */
	const char *path;      /* of the program */
	const char *package;   /* Debian's */
	uint32_t paths_max;    /* that it can send of one prefix; 0: no limit of its own */
	const char *needs_dir; /* that must be there, empty, before it starts; NULL: none */
	/* Behind the path; {dir}, {address}, {port} and {files} are replaced. */
	const char *args[RIVAL_ARGS];
	void (*write_config)(FILE *out, const struct rival_setup *s);
};

extern const struct rival rivals[];
extern const size_t rival_count;

const struct rival *rival_find(const char *name); /* or NULL */

/* dir/config, readable by its owner alone (OpenBGPD wants that). False with errno. */
bool rival_write_config(const struct rival *r, const struct rival_setup *s) MUST_USE;

/* The command line, ended by NULL, as execv() wants it; borrowed from *text. */
struct rival_argv {
	const char *argv[RIVAL_ARGS + 2];
	char text[RIVAL_ARGS][RIVAL_ARG_MAX];
};
void rival_command(const struct rival *r, const struct rival_setup *s, struct rival_argv *out);

/* The package's version as dpkg has it, or "" where it is not installed. */
char *rival_version(const struct rival *r, char buf[RIVAL_TEXT_MAX]);
