/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `heliobench blast`: the bytes-only loop as a process of its own, so that its CPU seconds and memory can be
 * read as any daemon's. `compare` and `limit` start it; alone it serves a file of saved bytes.
 */
#include "blast.h"
#include "commands.h"
#include "options.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int
command_blast(int argc, char **argv)
{
	uint32_t chunk = BLAST_CHUNK;
	const char *bytes = NULL, *path = NULL;
	struct blast_options o = {.listen = {.addr = ip_v4(0x7f000001), .port = 1790},
	    .threads = 1,
	    .as = 64512,
	    .router_id = 0x0aff0001,
	    .control = STDIN_FILENO};
	const struct option_row rows[] = {
	    {"listen", OPTION_ENDPOINT, &o.listen, 0, 0, "HOST:PORT", "for BGP sessions"},
	    {"bytes", OPTION_TEXT, &bytes, 0, 0, "FILE", "UPDATEs and End-of-RIB (required)"},
	    {"path", OPTION_TEXT, &path, 0, 0, "FILE",
	        "one path's withdrawal and announcement"},
	    {"threads", OPTION_U32, &o.threads, 1, 64, "N", "threads"},
	    {"chunk", OPTION_U32, &chunk, 1, 0, "BYTES", "of one send() at most"},
	    {"as", OPTION_U32, &o.as, 1, UINT32_MAX, "N", "AS in its OPEN"},
	    {"loaded", OPTION_FLAG, &o.loaded, 0, 0, "", "do not wait for `go`"},
	    {.type = OPTION_END},
	};
	char error[BLAST_ERROR_MAX];
	struct wirepath change;
	struct wireset *set;

	switch (options_parse(argc, argv,
	    "heliobench blast: gives the same bytes to every BGP session and does nothing else. The line `go` on\n"
	    "stdin makes it begin; `pulse` then sends one path's withdrawal to every session, the next `pulse` its\n"
	    "announcement, and so on; the end of stdin ends it.",
	    rows)) {
	case OPTIONS_HELP:
		return EXIT_OK;
	case OPTIONS_BAD:
		return EXIT_USAGE;
	case OPTIONS_OK:
		break;
	}
	set = bytes ? wireset_load(bytes) : NULL;
	if (!set) {
		fprintf(stderr, "heliobench: --bytes %s: %s\n", bytes ? bytes : "FILE",
		    bytes ? strerror(errno) : "is required");
		return EXIT_USAGE;
	}
	if (path && !wirepath_load(&change, path)) {
		fprintf(stderr, "heliobench: --path %s: %s\n", path, strerror(errno));
		wireset_free(set);
		return EXIT_USAGE;
	}
	o.path = path ? &change : NULL;
	o.chunk = chunk;
	o.set = set;
	bool ok = blast_run(&o, error);

	if (!ok)
		fprintf(stderr, "heliobench: %s\n", error);
	wireset_free(set);
	return ok ? EXIT_OK : EXIT_DIFFERENT;
}
