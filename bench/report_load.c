/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of a report about changes at a rate (latencies, memory over time) and about what ToRs
 * that misbehave cost the others.
 */
#include "core/json_out.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	double share;
} percentiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}, {"max", 1}};

double
report_rss_slope(const struct report_load *l)
{
	uint32_t first = l->rss_count / 2, n = l->rss_count - first;
	double mean_t = 0, mean_y = 0, above = 0, below = 0;

	if (n < 3)
		return 0;
	for (uint32_t i = first; i < l->rss_count; i++) {
		mean_t += (double)i / n;
		mean_y += (double)l->rss_kb[i] / n;
	}
	for (uint32_t i = first; i < l->rss_count; i++) {
		above += (i - mean_t) * ((double)l->rss_kb[i] - mean_y);
		below += (i - mean_t) * (i - mean_t);
	}
	return above / below;
}

static int
double_cmp(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(const double *sorted, unsigned n)
{
	return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

struct report_ratio
report_ratio_of(const struct report *r, const char *phase)
{
	double *seconds[2] = {must_calloc(r->phase_count + 1, sizeof(double)),
	    must_calloc(r->phase_count + 1, sizeof(double))};
	unsigned n[2] = {0, 0};
	bool turned = false;

	for (unsigned i = 0; i < r->phase_count; i++) {
		const struct report_phase *p = &r->phases[i];

		/* The first arrival meets an empty target as no later one does. */
		turned = turned || strcmp(p->name, "clear") == 0;
		if (p->complete && strcmp(p->name, phase) == 0 &&
		    (turned || strcmp(phase, "arrive") != 0))
			seconds[p->misbehaving][n[p->misbehaving]++] = p->seconds;
	}
	struct report_ratio out = {.calm_rounds = n[0], .unruly_rounds = n[1]};

	for (unsigned k = 0; k < 2; k++)
		qsort(seconds[k], n[k], sizeof(double), double_cmp);
	if (n[0] && n[1]) {
		out.calm = median(seconds[0], n[0]);
		out.unruly = median(seconds[1], n[1]);
		out.calm_low = seconds[0][0];
		out.calm_high = seconds[0][n[0] - 1];
	}
	free(seconds[0]);
	free(seconds[1]);
	return out;
}

static const char *const compared[] = {"join", "arrive", "clear", "storm"};

void
report_print_ratios(const struct report *r)
{
	for (unsigned i = 0; i < COUNT_OF(compared); i++) {
		struct report_ratio q = report_ratio_of(r, compared[i]);

		if (q.calm_rounds == 0 || q.unruly_rounds == 0 || q.calm <= 0)
			continue;
		printf(
		    "%s: %.4f s with %u of %u ToRs misbehaving (%u slow, %u flapping, %u stalled; median of %u), "
		    "%.4f s without (of %u, %.4f to %.4f): ratio %.3f\n",
		    compared[i], q.unruly, crowd_unruly(&r->crowd), r->tors,
		    r->crowd.slow.count, r->crowd.flapping.count, r->crowd.stalled,
		    q.unruly_rounds, q.calm, q.calm_rounds, q.calm_low, q.calm_high,
		    q.unruly / q.calm);
	}
}

void
report_put_ratios(struct json_out *j, const struct report *r)
{
	json_begin_array(j, "misbehaving_ratios");
	for (unsigned i = 0; i < COUNT_OF(compared); i++) {
		struct report_ratio q = report_ratio_of(r, compared[i]);

		if (q.calm_rounds == 0 || q.unruly_rounds == 0 || q.calm <= 0)
			continue;
		json_begin_object(j, NULL);
		json_str(j, "phase", compared[i]);
		json_f64(j, "seconds_with", q.unruly);
		json_u64(j, "rounds_with", q.unruly_rounds);
		json_f64(j, "seconds_without", q.calm);
		json_u64(j, "rounds_without", q.calm_rounds);
		json_f64(j, "seconds_without_min", q.calm_low);
		json_f64(j, "seconds_without_max", q.calm_high);
		json_f64(j, "ratio", q.unruly / q.calm);
		json_end(j);
	}
	json_end(j);
}

static void
print_latency(const char *name, const struct histogram *h)
{
	printf("  %-34s", name);
	for (unsigned i = 0; i < COUNT_OF(percentiles); i++)
		printf(" %9.3f", (double)histogram_at(h, percentiles[i].share) / 1e6);
	putchar('\n');
}

static void
print_load(const struct report_phase *p)
{
	const struct report_load *l = p->load;
	double rate = l->put_seconds > 0 ? (double)p->records / l->put_seconds : 0;

	printf("\n%s%s: %llu records in %.2f s, %.0f/s", p->name, p->misbehaving ? "*" : "",
	    (unsigned long long)p->records, l->put_seconds, rate);
	if (l->wanted_rate)
		printf(" of %u/s%s", l->wanted_rate,
		    rate < 0.95 * l->wanted_rate ? " (THE GENERATOR OR THE BROKER FELL BEHIND)"
		                                 : "");
	printf(", %.0f path changes/s; last UPDATE %.4f s after the last record",
	    l->put_seconds > 0 ? (double)l->path_changes / l->put_seconds : 0,
	    l->behind_seconds);
	if (l->rss_count && p->use.known)
		printf("; RSS %.1f MB, %.1f at the end, %+.1f KB/s",
		    (double)l->rss_kb[0] / 1024, (double)l->rss_kb[l->rss_count - 1] / 1024,
		    report_rss_slope(l));
	putchar('\n');
	if (l->latency.last.total == 0)
		return;
	printf("  %-34s", "milliseconds");
	for (unsigned i = 0; i < COUNT_OF(percentiles); i++)
		printf(" %9s", percentiles[i].name);
	putchar('\n');
	print_latency("record handed over -> first ToR", &l->latency.first);
	print_latency("record handed over -> last ToR", &l->latency.last);
	print_latency("record acknowledged -> last ToR", &l->latency.acked_last);
	printf("  %llu changes observed", (unsigned long long)l->latency.last.total);
	if (l->latency.overtaken)
		printf(", %llu more overtaken by the next one to their path",
		    (unsigned long long)l->latency.overtaken);
	if (l->latency.unseen)
		printf(
		    ", %llu more NOT SEEN BY ALL ToRs", (unsigned long long)l->latency.unseen);
	putchar('\n');
}

void
report_print_loads(const struct report *r)
{
	for (unsigned i = 0; i < r->phase_count; i++)
		if (r->phases[i].load)
			print_load(&r->phases[i]);
}

static void
put_histogram(struct json_out *j, const char *name, const struct histogram *h)
{
	json_begin_object(j, name);
	json_u64(j, "changes", h->total);
	json_f64(j, "mean_ms", h->total ? (double)h->sum / (double)h->total / 1e6 : 0);
	json_f64(j, "min_ms", (double)h->min / 1e6);
	for (unsigned i = 0; i < COUNT_OF(percentiles); i++) {
		char key[16];

		snprintf(key, sizeof(key), "%s_ms", percentiles[i].name);
		json_f64(j, key, (double)histogram_at(h, percentiles[i].share) / 1e6);
	}
	json_begin_array(j, "buckets");
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (h->counts[i] == 0)
			continue;
		json_begin_object(j, NULL);
		json_f64(j, "to_ms", (double)histogram_upper(i) / 1e6);
		json_u64(j, "changes", h->counts[i]);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

void
report_put_load(struct json_out *j, const struct report_phase *p)
{
	const struct report_load *l = p->load;

	json_begin_object(j, "load");
	json_u64(j, "records_per_second_wanted", l->wanted_rate);
	json_f64(j, "put_seconds", l->put_seconds);
	json_f64(j, "behind_seconds", l->behind_seconds);
	json_u64(j, "path_changes", l->path_changes);
	json_u64(j, "changes_overtaken", l->latency.overtaken);
	json_u64(j, "changes_not_seen_by_all", l->latency.unseen);
	put_histogram(j, "handed_to_first_tor", &l->latency.first);
	put_histogram(j, "handed_to_last_tor", &l->latency.last);
	put_histogram(j, "acknowledged_to_last_tor", &l->latency.acked_last);
	json_f64(j, "rss_slope_bytes_per_second", report_rss_slope(l) * 1024);
	json_begin_array(j, "rss_bytes");
	for (uint32_t i = 0; i < l->rss_count; i++)
		json_u64(j, NULL, l->rss_kb[i] * 1024);
	json_end(j);
	json_end(j);
}
