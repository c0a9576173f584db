/* SPDX-License-Identifier: Apache-2.0 */
/* heliobench's subcommands. Each gets its own arguments (argv[0] is its name) and returns the exit code. */
#pragma once

enum { EXIT_OK = 0, EXIT_DIFFERENT = 1, EXIT_USAGE = 2 };

/* Cluster in, tables out, compared and timed. 0 only when all tables are equal. */
int command_run(int argc, char **argv);
/* Writes a cluster, or a change to it, to the stream. */
int command_cluster(int argc, char **argv);
/* Plays ToRs and prints what they receive. */
int command_tors(int argc, char **argv);
/* The same paths through several programs to the same ToRs; 0 only when all of them managed. */
int command_compare(int argc, char **argv);
/* The bytes-only limit alone; and the loop that `compare` and `limit` start as a process. */
int command_limit(int argc, char **argv);
int command_blast(int argc, char **argv);
