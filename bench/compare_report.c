/* SPDX-License-Identifier: Apache-2.0 */
/* The results of a comparison as a table and as JSON. Every ratio is to the bytes-only limit of the same run. */
#include "compare.h"
#include "core/json_out.h"

#include <stdio.h>
#include <string.h>

double
compare_ratio(double value, double limit)
{
	return limit > 0 ? value / limit : 0;
}

const struct compare_row *
compare_limit(const struct compare *c, enum compare_kind kind)
{
	for (unsigned i = 0; i < c->row_count; i++)
		if (strcmp(c->rows[i].name, "limit") == 0 && c->rows[i].works[kind].done)
			return &c->rows[i];
	return NULL;
}

const struct compare_row *
compare_limit_change(const struct compare *c)
{
	for (unsigned i = 0; i < c->row_count; i++)
		if (strcmp(c->rows[i].name, "limit") == 0 && c->rows[i].change.done)
			return &c->rows[i];
	return NULL;
}

double
compare_bytes_per_path(const struct compare_work *w)
{
	return compare_ratio((double)w->bytes, (double)w->paths);
}

const char *
compare_kind_name(enum compare_kind kind)
{
	static const char *const names[COMPARE_KINDS] = {"arrive", "join"};

	return names[kind];
}

/* " 1.25x", or blanks where there is nothing to compare with. */
static void
print_ratio(double value, const struct compare_row *limit, double limit_value)
{
	if (limit && limit_value > 0)
		printf(" %7.2fx", value / limit_value);
	else
		printf(" %8s", "");
}

static void
print_work(const struct compare *c, const struct compare_row *row, enum compare_kind kind)
{
	const struct compare_row *limit = compare_limit(c, kind);
	const struct compare_work *w = &row->works[kind];
	const struct compare_work none = {0}, *l = limit ? &limit->works[kind] : &none;

	printf("%-8s %-18s", compare_kind_name(kind), row->title);
	if (!w->done) {
		printf(" %9s\n", "-");
		return;
	}
	printf(" %9.3f", w->seconds);
	print_ratio(w->seconds, limit, l->seconds);
	printf(" %9.3f %9.2f", w->first_byte_seconds, w->cpu);
	print_ratio(w->cpu, limit, l->cpu);
	printf(" %9.1f %9.1f %7.2f", (double)w->rss_kb / 1024, (double)w->peak_kb / 1024,
	    compare_bytes_per_path(w));
	print_ratio(compare_bytes_per_path(w), limit, compare_bytes_per_path(l));
	printf(" %9.2f\n", w->bench_cpu);
}

static void
print_change(const struct compare *c, const struct compare_row *row)
{
	const struct compare_row *limit = compare_limit_change(c);
	const struct compare_change *h = &row->change;
	const struct compare_change none = {0}, *l = limit ? &limit->change : &none;

	printf("%-8s %-18s", "change", row->title);
	if (!h->done) {
		printf(" %9s\n", "-");
		return;
	}
	printf(" %9.3f %9.3f", h->first_p50 * 1e3, h->p50 * 1e3);
	print_ratio(h->p50, limit, l->p50);
	printf(" %9.3f %9.3f", h->p90 * 1e3, h->p99 * 1e3);
	print_ratio(h->p99, limit, l->p99);
	printf(" %9.3f %9.3f", h->max * 1e3, h->cpu * 1e3);
	print_ratio(h->cpu, limit, l->cpu);
	printf(" %9.3f\n", h->tor_cpu * 1e3);
}

static void
print_changes(const struct compare *c)
{
	if (!c->changes)
		return;
	printf("\n%-8s %-18s %9s %9s %8s %9s %9s %8s %9s %9s %8s %9s\n", "work", "",
	    "first p50", "last p50", "/limit", "p90", "p99", "/limit", "max", "CPU ms",
	    "/limit", "CPU ToRs");
	for (unsigned i = 0; i < c->row_count; i++)
		print_change(c, &c->rows[i]);
	printf(
	    "\nchange: all ToRs hold the table; one path goes and comes back, %u changes at %u/s. Milliseconds from "
	    "the order\nto the first and to the last ToR that has it; CPU milliseconds a change.\n",
	    c->changes, c->change_rate);
	for (unsigned i = 0; i < c->row_count; i++)
		if (c->rows[i].change.acked_p99 > 0)
			printf(
			    "%s, from the broker's acknowledgement to the last ToR: p50 %.3f ms, p99 %.3f ms\n",
			    c->rows[i].title, c->rows[i].change.acked_p50 * 1e3,
			    c->rows[i].change.acked_p99 * 1e3);
}

static bool
runs_heliograph(const struct compare *c)
{
	for (unsigned i = 0; i < c->row_count; i++)
		if (strcmp(c->rows[i].name, "heliograph") == 0)
			return true;
	return false;
}

void
compare_print_table(const struct compare *c)
{
	printf(
	    "%llu paths (%u next hops, %u services x %u) to %u ToRs: %llu paths, %.1f MB in all; seed %llu, %u "
	    "cores\n\n",
	    (unsigned long long)c->model->count, c->reflected->next_hops, c->size.services,
	    c->size.next_hops, c->tors, (unsigned long long)c->model->count * c->tors,
	    (double)c->reflected->size * c->tors / 1e6, (unsigned long long)c->size.seed,
	    c->cores);
	printf("%-8s %-18s %9s %8s %9s %9s %8s %9s %9s %7s %8s %9s\n", "work", "", "seconds",
	    "/limit", "from 1st", "CPU s", "/limit", "RSS MB", "peak MB", "B/path", "/limit",
	    "CPU ToRs");
	for (unsigned kind = 0; kind < COMPARE_KINDS; kind++)
		for (unsigned i = 0; i < c->row_count; i++)
			print_work(c, &c->rows[i], kind);
	printf(
	    "\narrive: all ToRs are connected when the paths come; join: all ToRs connect at once to the loaded "
	    "table.\nseconds: from the order to the last ToR that holds exactly the model's paths and "
	    "attributes; from 1st: from the first UPDATE.\n");
	print_changes(c);
	if (runs_heliograph(c))
		printf("Heliograph's figures %s\n",
		    c->kafka
		        ? "are with a Kafka broker of its own, whose CPU and memory do not count"
		        : "include its embedded Kafka broker");
	for (unsigned i = 0; i < c->row_count; i++)
		if (c->rows[i].version[0])
			printf("%s %s\n", c->rows[i].title, c->rows[i].version);
	for (unsigned i = 0; i < c->row_count; i++)
		if (c->rows[i].failure[0])
			printf("%s: %s\n", c->rows[i].title, c->rows[i].failure);
	if (c->stopped)
		printf("stopped before the end\n");
}

static void
on_json(void *ctx, const char *text, size_t n)
{
	fwrite(text, 1, n, ctx);
}

static void
put_work(struct json_out *j, const struct compare *c, const struct compare_row *row,
    enum compare_kind kind)
{
	const struct compare_row *limit = compare_limit(c, kind);
	const struct compare_work *w = &row->works[kind];

	json_begin_object(j, compare_kind_name(kind));
	json_bool(j, "done", w->done);
	if (w->done) {
		json_f64(j, "seconds", w->seconds);
		json_f64(j, "seconds_from_first_update", w->first_byte_seconds);
		json_f64(j, "cpu_seconds", w->cpu);
		json_f64(j, "bench_cpu_seconds", w->bench_cpu);
		json_u64(j, "rss_bytes", w->rss_kb * 1024);
		json_u64(j, "peak_rss_bytes", w->peak_kb * 1024);
		json_u64(j, "wire_bytes", w->bytes);
		json_u64(j, "paths_announced", w->paths);
		json_u64(j, "updates", w->updates);
		json_f64(j, "bytes_per_path", compare_bytes_per_path(w));
		json_u64(j, "tors_with_end_of_rib", w->with_eor);
	}
	if (w->done && limit) {
		const struct compare_work *l = &limit->works[kind];

		json_begin_object(j, "to_limit");
		json_f64(j, "seconds", compare_ratio(w->seconds, l->seconds));
		json_f64(j, "cpu_seconds", compare_ratio(w->cpu, l->cpu));
		json_f64(j, "rss", compare_ratio((double)w->rss_kb, (double)l->rss_kb));
		json_f64(j, "bytes_per_path",
		    compare_ratio(compare_bytes_per_path(w), compare_bytes_per_path(l)));
		json_end(j);
	}
	json_end(j);
}

static void
put_change(struct json_out *j, const struct compare *c, const struct compare_row *row)
{
	const struct compare_row *limit = compare_limit_change(c);
	const struct compare_change *h = &row->change;

	json_begin_object(j, "change");
	json_bool(j, "done", h->done);
	if (h->done) {
		json_u64(j, "changes", h->changes);
		json_f64(j, "first_p50_seconds", h->first_p50);
		json_f64(j, "p50_seconds", h->p50);
		json_f64(j, "p90_seconds", h->p90);
		json_f64(j, "p99_seconds", h->p99);
		json_f64(j, "max_seconds", h->max);
		if (h->acked_p99 > 0) {
			json_f64(j, "acknowledged_p50_seconds", h->acked_p50);
			json_f64(j, "acknowledged_p99_seconds", h->acked_p99);
		}
		json_f64(j, "cpu_seconds_per_change", h->cpu);
		json_f64(j, "tor_cpu_seconds_per_change", h->tor_cpu);
	}
	if (h->done && limit) {
		const struct compare_change *l = &limit->change;

		json_begin_object(j, "to_limit");
		json_f64(j, "p50_seconds", compare_ratio(h->p50, l->p50));
		json_f64(j, "p99_seconds", compare_ratio(h->p99, l->p99));
		json_f64(j, "cpu_seconds_per_change", compare_ratio(h->cpu, l->cpu));
		json_end(j);
	}
	json_end(j);
}

static void
put_contender(struct json_out *j, const struct compare *c, const struct compare_row *row)
{
	json_begin_object(j, NULL);
	json_str(j, "name", row->name);
	json_str(j, "title", row->title);
	json_str(j, "version", row->version);
	for (unsigned kind = 0; kind < COMPARE_KINDS; kind++)
		put_work(j, c, row, kind);
	if (c->changes)
		put_change(j, c, row);
	if (row->failure[0])
		json_str(j, "failure", row->failure);
	json_end(j);
}

void
compare_print_json(const struct compare *c)
{
	struct json_out j;

	json_out_init(&j, on_json, stdout);
	json_begin_object(&j, NULL);
	json_u64(&j, "nodes", c->size.nodes);
	json_u64(&j, "services", c->size.services);
	json_u64(&j, "next_hops", c->size.next_hops);
	json_u64(&j, "seed", c->size.seed);
	json_u64(&j, "tors", c->tors);
	json_u64(&j, "tor_threads", c->threads);
	json_u64(&j, "limit_threads", c->blast_threads);
	json_u64(&j, "heliograph_io_threads", c->io_threads);
	json_u64(&j, "heliograph_packers", c->packers);
	json_bool(&j, "heliograph_includes_broker", !c->kafka);
	json_u64(&j, "changes", c->changes);
	json_u64(&j, "changes_per_second", c->change_rate);
	json_u64(&j, "cores", c->cores);
	json_u64(&j, "rounds", c->rounds);
	json_u64(&j, "timeout_seconds", c->timeout_s);
	json_u64(&j, "paths_per_tor", c->model->count);
	json_u64(&j, "bytes_per_tor", c->reflected->size);
	json_bool(&j, "stopped", c->stopped);
	json_begin_array(&j, "contenders");
	for (unsigned i = 0; i < c->row_count; i++)
		put_contender(&j, c, &c->rows[i]);
	json_end(&j);
	json_end(&j);
	json_out_flush(&j);
	putchar('\n');
}
