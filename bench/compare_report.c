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
	json_u64(&j, "cores", c->cores);
	json_u64(&j, "rounds", c->rounds);
	json_u64(&j, "timeout_seconds", c->timeout_s);
	json_u64(&j, "paths_per_tor", c->model->count);
	json_u64(&j, "bytes_per_tor", c->reflected->size);
	json_bool(&j, "stopped", c->stopped);
	json_begin_array(&j, "contenders");
	for (unsigned i = 0; i < c->row_count; i++) {
		const struct compare_row *row = &c->rows[i];

		json_begin_object(&j, NULL);
		json_str(&j, "name", row->name);
		json_str(&j, "title", row->title);
		json_str(&j, "version", row->version);
		for (unsigned kind = 0; kind < COMPARE_KINDS; kind++)
			put_work(&j, c, row, kind);
		if (row->failure[0])
			json_str(&j, "failure", row->failure);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
	json_out_flush(&j);
	putchar('\n');
}
