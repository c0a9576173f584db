/* SPDX-License-Identifier: Apache-2.0 */
/* The table and the JSON of one report; nothing is measured here. Sizes of columns are for 140-column terminals. */
#include "report.h"

#include "core/json_out.h"

#include <stdio.h>
#include <stdlib.h>

#define SHORT_S 0.05 /* below it the kernel's clocks say nothing about shares */
#define BUSY    0.85 /* of what it could use: more is not to be had */

static double
safe_ratio(double a, double b)
{
	return b > 0 ? a / b : 0;
}

double
report_bytes_per_path(const struct report_phase *p)
{
	return safe_ratio((double)p->bytes, (double)(p->announced + p->withdrawn));
}

void
report_fini(struct report *r)
{
	for (unsigned i = 0; i < r->phase_count; i++)
		free(r->phases[i].load);
	free(r->phases);
}

void
report_add(struct report *r, const struct report_phase *p)
{
	if (r->phase_count == r->phase_cap) {
		r->phase_cap = r->phase_cap ? 2 * r->phase_cap : 16;
		r->phases = must_realloc(r->phases, r->phase_cap * sizeof(*r->phases));
	}
	r->phases[r->phase_count++] = *p;
}

static double
paths_per_second(const struct report_phase *p)
{
	double s = p->first_byte_seconds > 0 ? p->first_byte_seconds : p->seconds;

	return safe_ratio((double)(p->announced + p->withdrawn), s);
}

const char *
report_limit(const struct report *r, const struct report_phase *p)
{
	double tors = safe_ratio(p->tor_cpu, p->seconds * r->threads);
	double all = safe_ratio(p->bench_cpu + p->target_cpu, p->seconds * r->cores);

	if (p->seconds < SHORT_S)
		return "-";
	if (tors >= BUSY)
		return "generator";
	if (safe_ratio(p->machine_cpu, p->seconds * r->cores) >= BUSY &&
	    p->bench_cpu + p->target_cpu < p->machine_cpu / 2)
		return "other programs";
	if (all >= BUSY)
		return p->bench_cpu > p->target_cpu ? "machine (more by generator)"
		                                    : "machine (more by target)";
	return p->use.known && safe_ratio(p->target_cpu, p->seconds) >= BUSY ? "target"
	                                                                     : "waiting";
}

static void
print_amount(double n)
{
	static const char units[] = " kMG";
	unsigned u = 0;

	for (; n >= 10000 && u < 3; u++)
		n /= 1000;
	printf(" %8.4g%c", n, units[u]);
}

void
report_print_table(const struct report *r)
{
	printf(
	    "%u nodes, %u services x %u next hops, %u ToRs, seed %llu: %llu paths for every ToR\n\n",
	    r->nodes, r->services, r->next_hops, r->tors, (unsigned long long)r->seed,
	    (unsigned long long)r->model_paths);
	printf("%-10s %9s %9s %9s %9s %9s %7s %9s %8s %8s %9s %9s  %-7s %s\n", "phase",
	    "seconds", "up", "from 1st", "paths", "paths/s", "B/path", "UPDATEs", "CPU tgt",
	    "CPU own", "RSS MB", "peak MB", "tables", "limit");
	for (unsigned i = 0; i < r->phase_count; i++) {
		const struct report_phase *p = &r->phases[i];

		printf("%-9s%c %9.4f", p->name, p->misbehaving ? '*' : ' ', p->seconds);
		if (p->established_seconds > 0)
			printf(" %9.4f", p->established_seconds);
		else
			printf(" %9s", "");
		printf(" %9.4f", p->first_byte_seconds);
		print_amount((double)(p->announced + p->withdrawn));
		print_amount(paths_per_second(p));
		printf(" %7.2f", report_bytes_per_path(p));
		print_amount((double)p->updates);
		if (p->use.known)
			printf(" %7.2f", p->target_cpu);
		else
			printf(" %7s", "?");
		printf(" %8.2f", p->bench_cpu);
		if (p->use.known)
			printf(" %9.1f %9.1f", (double)p->use.rss_kb / 1024,
			    (double)p->use.peak_kb / 1024);
		else
			printf(" %9s %9s", "?", "?");
		printf("  %-7s %s\n", p->complete && !p->check.wrong ? "equal" : "DIFFER",
		    report_limit(r, p));
	}
	printf(
	    "\nseconds: from the first record handed to the producer (join: from the first connect) to the last "
	    "ToR complete; up: to the last one Established; from 1st: from the first UPDATE\n");
	if (crowd_unruly(&r->crowd))
		printf(
		    "* slow, stalled and flapping ToRs were that; all times are those of the other %u\n",
		    r->tors - crowd_unruly(&r->crowd));
	if (r->broker_inside)
		printf("the target's CPU and memory include the embedded Kafka broker\n");
	for (unsigned i = 0; i < r->phase_count; i++) {
		const struct report_phase *p = &r->phases[i];

		if (p->resets)
			printf("%s: the target ended %u sessions\n", p->name, p->resets);
		if (p->misbehaving && p->others_seconds > 0)
			printf("%s: slow and flapping ToRs were complete after %.4f s\n",
			    p->name, p->others_seconds);
		if (p->repeated || p->withdrawn_void)
			printf(
			    "%s: %llu paths were announced again while held, %llu withdrawn while not held\n",
			    p->name, (unsigned long long)p->repeated,
			    (unsigned long long)p->withdrawn_void);
	}
	report_print_loads(r);
	report_print_ratios(r);
	if (r->phase_count) {
		const struct check_result *c = &r->phases[r->phase_count - 1].check;

		printf("%u ToRs compared path by path, %u by count and digest", c->by_path,
		    c->by_digest);
		if (c->excused)
			printf(", %u that do not read not at all", c->excused);
		printf(": %s\n", r->equal
		                     ? "all tables are equal to the model at every quiet point"
		                 : r->stopped ? "stopped before the end"
		                              : "TABLES DIFFER");
	}
}

static void
on_json(void *ctx, const char *text, size_t n)
{
	fwrite(text, 1, n, ctx);
}

static void
put_phase(struct json_out *j, const struct report *r, const struct report_phase *p)
{
	json_begin_object(j, NULL);
	json_str(j, "phase", p->name);
	json_str(j, "what", p->what);
	json_bool(j, "complete", p->complete);
	json_f64(j, "seconds", p->seconds);
	json_f64(j, "seconds_from_first_update", p->first_byte_seconds);
	if (p->established_seconds > 0)
		json_f64(j, "seconds_to_established", p->established_seconds);
	json_bool(j, "misbehaving", p->misbehaving);
	json_f64(j, "others_seconds", p->others_seconds);
	json_u64(j, "sessions_ended_by_target", p->resets);
	json_u64(j, "records", p->records);
	json_u64(j, "record_bytes", p->record_bytes);
	json_u64(j, "paths_announced", p->announced);
	json_u64(j, "paths_withdrawn", p->withdrawn);
	json_u64(j, "paths_announced_again", p->repeated);
	json_u64(j, "paths_withdrawn_in_vain", p->withdrawn_void);
	json_f64(j, "paths_per_second", paths_per_second(p));
	json_u64(j, "updates", p->updates);
	json_u64(j, "wire_bytes", p->bytes);
	json_f64(j, "bytes_per_path", report_bytes_per_path(p));
	json_f64(j, "bench_cpu_seconds", p->bench_cpu);
	if (p->use.known) {
		json_f64(j, "target_cpu_seconds", p->target_cpu);
		json_u64(j, "target_rss_bytes", p->use.rss_kb * 1024);
		json_u64(j, "target_peak_rss_bytes", p->use.peak_kb * 1024);
	}
	json_f64(j, "machine_cpu_seconds", p->machine_cpu);
	if (p->load)
		report_put_load(j, p);
	json_str(j, "limit", report_limit(r, p));
	json_begin_object(j, "check");
	json_bool(j, "equal", p->complete && p->check.wrong == 0);
	json_u64(j, "tors_by_path", p->check.by_path);
	json_u64(j, "tors_by_digest", p->check.by_digest);
	json_u64(j, "tors_excused", p->check.excused);
	json_u64(j, "tors_wrong", p->check.wrong);
	json_u64(j, "paths_compared", p->check.paths_compared);
	json_u64(j, "missing", p->check.missing);
	json_u64(j, "extra", p->check.extra);
	json_u64(j, "wrong_attributes", p->check.wrong_attributes);
	json_u64(j, "wrong_path_identifiers", p->check.wrong_ids);
	json_end(j);
	json_end(j);
}

void
report_print_json(const struct report *r)
{
	struct json_out j;

	json_out_init(&j, on_json, stdout);
	json_begin_object(&j, NULL);
	json_u64(&j, "nodes", r->nodes);
	json_u64(&j, "services", r->services);
	json_u64(&j, "next_hops", r->next_hops);
	json_u64(&j, "tors", r->tors);
	json_u64(&j, "tor_threads", r->threads);
	json_u64(&j, "target_io_threads", r->io_threads);
	json_u64(&j, "target_packers", r->packers);
	json_begin_object(&j, "odd_tors");
	json_u64(&j, "slow", r->crowd.slow.count);
	json_u64(&j, "flapping", r->crowd.flapping.count);
	json_u64(&j, "stalled", r->crowd.stalled);
	json_u64(&j, "no_add_path", r->crowd.no_add_path);
	json_u64(&j, "ipv4_only", r->crowd.ipv4_only);
	json_u64(&j, "no_extended", r->crowd.no_extended);
	json_u64(&j, "mixed", r->crowd.mixed);
	json_end(&j);
	json_u64(&j, "seed", r->seed);
	json_u64(&j, "cores", r->cores);
	json_u64(&j, "paths_per_tor", r->model_paths);
	json_bool(&j, "target_includes_broker", r->broker_inside);
	json_bool(&j, "equal", r->equal);
	json_bool(&j, "stopped", r->stopped);
	json_begin_array(&j, "phases");
	for (unsigned i = 0; i < r->phase_count; i++)
		put_phase(&j, r, &r->phases[i]);
	json_end(&j);
	report_put_ratios(&j, r);
	json_end(&j);
	json_out_flush(&j);
	putchar('\n');
}
