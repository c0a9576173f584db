/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `heliobench tors`: plays N ToRs and prints, readable, what the first of them received; of the
 * others it says whether they hold the same. Used by the demo and for trying out a target.
 */
#include "commands.h"
#include "core/clock.h"
#include "core/json_out.h"
#include "endpoint.h"
#include "fleet.h"
#include "options.h"
#include "progress.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_SLICE_MS 100
#define TEXT_MAX      400

struct command {
	uint32_t count, threads, as, for_s, wait_s;
	struct endpoint target;
	struct ip_addr from;
	const char *show;
	bool until_eor, watch, no_add_path, json;
	struct ip_prefix only; /* of --show; family IP_NONE: everything */
	uint64_t started_ns;
	struct fleet *fleet;
	uint64_t first_paths, first_digest; /* of the first ToR, when its table was printed */
	uint32_t same;                      /* of the others: hold the same */
};

struct row {
	struct ip_prefix prefix;
	uint32_t id, attrs;
};

static volatile sig_atomic_t interrupted;

static void
on_interrupt(int signal_number)
{
	(void)signal_number;
	interrupted = 1;
}

static enum options_result
read_options(struct command *c, int argc, char **argv)
{
	const struct option_row rows[] = {
	    {"count", OPTION_U32, &c->count, 1, 60000, "N", "ToRs"},
	    {"threads", OPTION_U32, &c->threads, 1, 64, "N",
	        "threads that play the ToRs; unless told one per processor, at most 8"},
	    {"target", OPTION_ENDPOINT, &c->target, 0, 0, "HOST:PORT",
	        "where heliographd listens"},
	    {"as", OPTION_U32, &c->as, 1, UINT32_MAX, "N", "AS of the ToRs"},
	    {"from", OPTION_ADDRESS, &c->from, 0, 0, "ADDRESS",
	        "source address of the first ToR; the others follow"},
	    {"show", OPTION_TEXT, &c->show, 0, 0, "PREFIX", "only this prefix or address"},
	    {"until-eor", OPTION_FLAG, &c->until_eor, 0, 0, "",
	        "print the table at End-of-RIB and end"},
	    {"watch", OPTION_FLAG, &c->watch, 0, 0, "",
	        "print every later change at the first ToR as it comes"},
	    {"for", OPTION_U32, &c->for_s, 0, 0, "SECONDS",
	        "end after so long, counted from End-of-RIB; 0: at Ctrl-C"},
	    {"wait", OPTION_U32, &c->wait_s, 1, 0, "SECONDS", "for End-of-RIB"},
	    {"no-add-path", OPTION_FLAG, &c->no_add_path, 0, 0, "",
	        "do not offer ADD-PATH: one path per prefix"},
	    {"o", OPTION_OUTPUT, &c->json, 0, 0, "json", "the table as JSON"},
	    {.type = OPTION_END},
	};

	return options_parse(argc, argv,
	    "heliobench tors: plays ToRs and prints what the first one received. The table is printed at\n"
	    "End-of-RIB and, where it goes on, once more at the end. Exit code 0: every ToR had End-of-RIB.",
	    rows);
}

static bool
wanted(const struct command *c, const struct ip_prefix *p)
{
	return c->only.addr.family == IP_NONE || ip_prefix_equal(&c->only, p);
}

/* In the fleet's thread. */
static void
on_change(void *ctx, struct tor *t, const struct path_key *key, uint32_t before, uint32_t after)
{
	const struct command *c = ctx;
	struct ip_prefix p = path_key_prefix(key);
	char prefix[IP_TEXT_MAX], hop[IP_TEXT_MAX], text[TEXT_MAX];

	if (t->number != 0 || t->eor_ns == 0 || before == after || !wanted(c, &p))
		return;
	const struct attrset *set = &t->in->attrs.sets[after ? after : before];

	printf("%9.3f s  %c %-20s via %-16s id %-10u %s\n",
	    (double)(clock_mono_ns() - c->started_ns) / 1e9, after ? '+' : '-',
	    ip_prefix_text(&p, prefix), ip_text(&set->next_hop, hop), key->id,
	    after ? attrset_text(set, text, sizeof(text)) : "");
	fflush(stdout);
}

static int
row_cmp(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int c = ip_prefix_cmp(&x->prefix, &y->prefix);

	return c ? c : (x->id > y->id) - (x->id < y->id);
}

/* What the ToR holds of what is to be shown, sorted; owned. */
static struct row *
collect(const struct command *c, const struct tor *t, size_t *n)
{
	const struct pathdict *d = &t->in->dict;
	struct row *rows = must_calloc(d->count + 1, sizeof(*rows));

	*n = 0;
	for (uint32_t i = 0; i < d->count && i < t->room; i++) {
		struct ip_prefix p = path_key_prefix(&d->keys[i]);

		if (t->held[i] && wanted(c, &p))
			rows[(*n)++] =
			    (struct row){.prefix = p, .id = d->keys[i].id, .attrs = t->held[i]};
	}
	if (*n)
		qsort(rows, *n, sizeof(*rows), row_cmp);
	return rows;
}

static void
print_rows(const struct command *c, const struct tor *t)
{
	char last[IP_TEXT_MAX] = "", prefix[IP_TEXT_MAX], hop[IP_TEXT_MAX], source[IP_TEXT_MAX],
	     text[TEXT_MAX];
	struct row *rows;
	size_t n;

	printf("\nToR %s holds %llu paths", ip_text(&c->from, source),
	    (unsigned long long)t->paths);
	rows = collect(c, t, &n);
	if (c->show)
		printf(", %zu of them to %s", n, c->show);
	printf("\n%-24s %-18s %-11s %s\n", "prefix", "next hop", "path id", "attributes");
	for (size_t i = 0; i < n; i++) {
		const struct attrset *set = &t->in->attrs.sets[rows[i].attrs];

		ip_prefix_text(&rows[i].prefix, prefix);
		printf("%-24s %-18s %-11u %s\n", strcmp(prefix, last) ? prefix : "",
		    ip_text(&set->next_hop, hop), rows[i].id,
		    attrset_text(set, text, sizeof(text)));
		memcpy(last, prefix, sizeof(last));
	}
	if (n == 0)
		puts("(none)");
	free(rows);
}

static void
on_json(void *ctx, const char *text, size_t n)
{
	fwrite(text, 1, n, ctx);
}

static void
print_rows_json(const struct command *c, const struct tor *t)
{
	struct json_out j;
	char text[TEXT_MAX];
	size_t n;
	struct row *rows = collect(c, t, &n);

	json_out_init(&j, on_json, stdout);
	json_begin_object(&j, NULL);
	json_ip(&j, "tor", &c->from);
	json_u64(&j, "held", t->paths);
	json_bool(&j, "end_of_rib", tor_has_eor(t));
	json_begin_array(&j, "paths");
	for (size_t i = 0; i < n; i++) {
		const struct attrset *set = &t->in->attrs.sets[rows[i].attrs];

		json_begin_object(&j, NULL);
		json_prefix(&j, "prefix", &rows[i].prefix);
		json_ip(&j, "next_hop", &set->next_hop);
		json_u64(&j, "path_id", rows[i].id);
		json_str(&j, "attributes", attrset_text(set, text, sizeof(text)));
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
	json_out_flush(&j);
	putchar('\n');
	free(rows);
}

/*
 * In each of the fleet's threads, one after the other: the first ToR's table, and how many of the others hold
 * the same. The first ToR is the first one of the first thread.
 */
static void
on_look(void *ctx, struct intake *in, struct tor *const *tors, uint32_t n)
{
	struct command *c = ctx;

	(void)in;
	for (uint32_t i = 0; i < n; i++) {
		const struct tor *t = tors[i];

		if (t->number != 0) {
			c->same += t->paths == c->first_paths && t->digest == c->first_digest;
			continue;
		}
		c->first_paths = t->paths;
		c->first_digest = t->digest;
		c->same = 0;
		if (c->json)
			print_rows_json(c, t);
		else
			print_rows(c, t);
	}
}

static void
print_tables(struct command *c)
{
	fleet_each(c->fleet, on_look, c);
	if (!c->json && c->count > 1)
		printf("%u of the %u other ToRs hold the same paths\n", c->same, c->count - 1);
	fflush(stdout);
}

/* True when every ToR had End-of-RIB in time. */
static bool
wait_for_eor(struct command *c)
{
	uint64_t until = clock_mono_ns() + c->wait_s * NS_PER_S;
	struct fleet_status s;
	bool done;

	while (!(done = fleet_wait(c->fleet, WAIT_SLICE_MS, &s)) && !interrupted &&
	       clock_mono_ns() < until)
		progress_show("End-of-RIB", s.with_eor, c->count);
	progress_clear();
	if (!done)
		fprintf(stderr,
		    "heliobench tors: %u of %u ToRs are established, %u had End-of-RIB after %u s%s%s\n",
		    s.established, c->count, s.with_eor, c->wait_s, s.trouble[0] ? "; " : "",
		    s.trouble);
	return done;
}

static void
stay(const struct command *c)
{
	uint64_t until = c->for_s ? clock_mono_ns() + c->for_s * NS_PER_S : NS_NEVER;
	struct timespec nap = {.tv_nsec = WAIT_SLICE_MS * 1000000l};

	while (!interrupted && clock_mono_ns() < until)
		nanosleep(&nap, NULL);
}

int
command_tors(int argc, char **argv)
{
	struct command c = {.count = 1,
	    .as = 64512,
	    .wait_s = 30,
	    .threads = fleet_default_threads(),
	    .from = ip_v4(0x7f010001),
	    .target = {.addr = ip_v4(0x7f000001), .port = 1790}};
	const struct fleet_target target = {.eor = true};
	bool ok;

	switch (read_options(&c, argc, argv)) {
	case OPTIONS_HELP:
		return EXIT_OK;
	case OPTIONS_BAD:
		return EXIT_USAGE;
	case OPTIONS_OK:
		break;
	}
	if (c.show && !ip_prefix_parse(c.show, &c.only)) {
		fprintf(stderr,
		    "heliobench tors: --show %s: not a prefix (10.96.0.1/32) or address\n",
		    c.show);
		return EXIT_USAGE;
	}
	signal(SIGINT, on_interrupt);
	signal(SIGTERM, on_interrupt);
	const struct fleet_options fo = {.tors = c.count,
	    .threads = c.threads,
	    .checked = c.count,
	    .as = c.as,
	    .add_path = !c.no_add_path,
	    .target = c.target.addr,
	    .port = c.target.port,
	    .first_source = c.from,
	    .on_change = c.watch ? on_change : NULL,
	    .ctx = &c};

	c.started_ns = clock_mono_ns();
	c.fleet = fleet_new(&fo);
	fleet_aim(c.fleet, &target);
	fleet_connect(c.fleet);
	ok = wait_for_eor(&c);
	print_tables(&c);
	if (ok && !c.until_eor) {
		stay(&c);
		print_tables(&c);
	}
	fleet_free(c.fleet);
	return ok ? EXIT_OK : EXIT_DIFFERENT;
}
