/* SPDX-License-Identifier: Apache-2.0 */
/* summary, peers, groups, version, memory. */
#include "watch/ctl/grid.h"
#include "watch/ctl/js.h"
#include "watch/ctl/show.h"
#include "watch/ctl/text.h"

#include <stdlib.h>
#include <string.h>

static bool
is_established(const json_t *peer)
{
	return strcmp(js_str(peer, "state"), "Established") == 0;
}

/* Since the session is up, or since it is what it is. */
static const char *
up_down(const json_t *peer, char *buf)
{
	if (is_established(peer))
		return text_uptime(js_num(peer, "uptime_seconds"), buf);
	if (js_int(peer, "established_times") == 0)
		return "never";
	return text_uptime(js_num(peer, "state_seconds"), buf);
}

/* Two lines for each; names are told where there are several. */
static void
print_clusters(const json_t *clusters)
{
	bool several = json_array_size(clusters) > 1;

	for (size_t i = 0; i < json_array_size(clusters); i++) {
		const json_t *c = json_array_get(clusters, i);
		const json_t *stream = json_object_get(c, "stream");
		const json_t *objects = json_object_get(c, "objects");

		printf("Stream %s: topic %s at %s, lag %lld\n", js_str(stream, "state"),
		    js_str(stream, "topic"), js_str(stream, "brokers"), js_int(stream, "lag"));
		if (js_true(stream, "loaded_local_snapshot") && !js_true(stream, "caught_up"))
			printf(
			    "Announcing from the local snapshot: %lld records, %.0f s old when it was read\n",
			    js_int(stream, "local_snapshot_records"),
			    js_num(stream, "local_snapshot_age_seconds"));
		printf("Cluster%s%s: ", several ? " " : "", several ? js_str(c, "name") : "");
		printf("%lld nodes, %lld services, %lld endpoint slices",
		    js_int(objects, "nodes"), js_int(objects, "services"),
		    js_int(objects, "endpointslices"));
		if (several)
			printf(", preference %lld", js_int(c, "preference"));
		printf("\n");
	}
}

static void
print_head(const json_t *a)
{
	const json_t *rib = json_object_get(a, "rib");
	const json_t *prefixes = json_object_get(rib, "prefixes"),
	             *paths = json_object_get(rib, "paths");
	char up[TEXT_MAX];

	printf("heliographd %s, up %s, router identifier %s, local AS %lld\n",
	    js_str(a, "version"), text_uptime(js_num(a, "uptime_seconds"), up),
	    js_str(a, "router_id"), js_int(a, "local_as"));
	if (js_true(a, "ready"))
		printf("Ready: all routes are announced\n");
	else
		printf("Not ready: %s\n", js_str(a, "not_ready_because"));
	if (strcmp(js_str(a, "service"), "serving") != 0)
		printf("This replica is %s, by an operator's order.\n", js_str(a, "service"));
	if (strcmp(js_str(a, "mode"), "normal") != 0)
		printf("Mode: %s, by an operator's order%s%s\n", js_str(a, "mode"),
		    *js_str(a, "mode_reason") ? ": " : "", js_str(a, "mode_reason"));
	print_clusters(json_object_get(a, "clusters"));
	printf(
	    "RIB version %lld: IPv4 %lld prefixes, %lld paths; IPv6 %lld prefixes, %lld paths\n",
	    js_int(rib, "version"), js_int(prefixes, "ipv4"), js_int(paths, "ipv4"),
	    js_int(prefixes, "ipv6"), js_int(paths, "ipv6"));
	printf("Peers: %lld, established %lld\n\n", js_int(a, "peers_known"),
	    js_int(a, "peers_established"));
}

static void
print_summary(const struct options *o, const json_t *a)
{
	static const struct grid_column columns[] = {{"Neighbor", false}, {"V", true},
	    {"AS", true}, {"MsgRcvd", true}, {"MsgSent", true}, {"TblVer", true},
	    {"Behind", true}, {"Up/Down", true}, {"State/PfxSnt", true}, {"Desc", false}};
	const json_t *peers = json_object_get(a, "peers"), *sent;
	struct grid *g = grid_new(columns, COUNT_OF(columns));
	char buf[TEXT_MAX];

	print_head(a);
	for (size_t i = 0; i < json_array_size(peers); i++) {
		const json_t *p = json_array_get(peers, i);

		grid_row(g, NULL);
		grid_cell(g, GRID_PLAIN, "%s", js_str(p, "address"));
		grid_cell(g, GRID_PLAIN, "4");
		grid_cell(g, GRID_PLAIN, "%lld", js_int(p, "as"));
		grid_cell(g, GRID_PLAIN, "%lld", js_int(p, "messages_received"));
		grid_cell(g, GRID_PLAIN, "%lld", js_int(p, "messages_sent"));
		grid_cell(g, GRID_PLAIN, "%lld", js_int(p, "table_version"));
		grid_cell(g, GRID_PLAIN, "%lld", js_int(p, "behind"));
		grid_cell(g, GRID_PLAIN, "%s", up_down(p, buf));
		sent = json_object_get(p, "paths_advertised");
		if (!is_established(p))
			grid_cell(g, GRID_BAD, "%s", js_str(p, "state"));
		else if (json_is_integer(sent))
			grid_cell(g, GRID_GOOD, "%lld", (long long)json_integer_value(sent));
		else
			grid_cell(g, GRID_DIM, "(sending) %lld", js_int(p, "paths_sent"));
		grid_cell(g, GRID_PLAIN, "%s", js_str(p, "name"));
	}
	grid_print(
	    g, stdout, o->colour, "No peers yet: those of a range appear when they connect.");
	grid_free(g);
}

int
show_summary(const struct options *o)
{
	struct target t;

	target_init(&t, "/api/v1/summary");
	return show_answer(o, &t, print_summary);
}

static void
print_peer_table(const struct options *o, const json_t *peers)
{
	static const struct grid_column columns[] = {{"Name", false}, {"Address", false},
	    {"AS", true}, {"State", false}, {"Up/Down", true}, {"Hold", true},
	    {"Families", false}, {"AddPath", false}, {"Group", true}, {"Flaps", true},
	    {"Last error", false}};
	struct grid *g = grid_new(columns, COUNT_OF(columns));
	char buf[TEXT_MAX];

	for (size_t i = 0; i < json_array_size(peers); i++) {
		const json_t *p = json_array_get(peers, i);
		char *families = js_join(p, "families"), *add_path = js_join(p, "add_path");

		grid_row(g, NULL);
		grid_cell(g, GRID_PLAIN, "%s", js_str(p, "name"));
		grid_cell(g, GRID_PLAIN, "%s", js_str(p, "address"));
		grid_cell(g, GRID_PLAIN, "%lld", js_int(p, "as"));
		grid_cell(
		    g, is_established(p) ? GRID_GOOD : GRID_BAD, "%s", js_str(p, "state"));
		grid_cell(g, GRID_PLAIN, "%s", up_down(p, buf));
		grid_cell(g, GRID_PLAIN, "%lld", js_int(p, "hold_time"));
		grid_cell(g, GRID_PLAIN, "%s", families);
		grid_cell(g, GRID_PLAIN, "%s", add_path);
		grid_cell(g, GRID_PLAIN, "%lld", js_int(p, "group"));
		grid_cell(g, GRID_PLAIN, "%lld", js_int(p, "flaps"));
		grid_cell(g, GRID_PLAIN, "%s", js_str(p, "last_error"));
		free(families);
		free(add_path);
	}
	grid_print(
	    g, stdout, o->colour, "No peers yet: those of a range appear when they connect.");
	grid_free(g);
}

/* Every member of one peer, a line each, in the order in which they are served. */
static void
print_peer(const json_t *peer)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)peer, key, value)
	{
		char *joined = json_is_array(value) ? js_join(peer, key) : NULL;
		char *text =
		    joined || json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);

		printf("%-22s %s\n", key,
		    joined ? joined
		    : text ? text
		           : json_string_value(value));
		free(joined);
		free(text);
	}
}

static void
print_peers(const struct options *o, const json_t *a)
{
	const json_t *peers = json_object_get(a, "peers");

	if (!o->args[0]) {
		print_peer_table(o, peers);
		return;
	}
	for (size_t i = 0; i < json_array_size(peers); i++) {
		if (i > 0)
			printf("\n");
		print_peer(json_array_get(peers, i));
	}
}

int
show_peers(const struct options *o)
{
	struct target t;

	target_init(&t, "/api/v1/peers");
	target_add(&t, "peer", o->args[0]);
	return show_answer(o, &t, print_peers);
}

static void
print_groups(const struct options *o, const json_t *a)
{
	static const struct grid_column columns[] = {{"Group", true}, {"Peers", true},
	    {"Families", false}, {"AddPath", false}, {"Type", false}, {"Behind", true},
	    {"Window", true}, {"Chunks", true}, {"Snapshot", true}, {"Encoded", true}};
	const json_t *groups = json_object_get(a, "groups");
	struct grid *g = grid_new(columns, COUNT_OF(columns));
	char buf[TEXT_MAX];

	for (size_t i = 0; i < json_array_size(groups); i++) {
		const json_t *p = json_array_get(groups, i);
		char *families = js_join(p, "families"), *add_path = js_join(p, "add_path");

		grid_row(g, NULL);
		grid_cell(g, GRID_PLAIN, "%lld", js_int(p, "id"));
		grid_cell(g, GRID_PLAIN, "%lld", js_int(p, "members"));
		grid_cell(g, GRID_PLAIN, "%s", families);
		grid_cell(g, GRID_PLAIN, "%s", add_path);
		grid_cell(g, GRID_PLAIN, "%s%s", js_true(p, "ebgp") ? "eBGP" : "iBGP",
		    js_true(p, "extended_messages") ? ", extended" : "");
		grid_cell(g, GRID_PLAIN, "%lld", js_int(p, "behind"));
		grid_cell(g, GRID_PLAIN, "%s", text_bytes(js_num(p, "window_bytes"), buf));
		grid_cell(g, GRID_PLAIN, "%lld", js_int(p, "window_chunks"));
		grid_cell(g, GRID_PLAIN, "%s", text_bytes(js_num(p, "snapshot_bytes"), buf));
		grid_cell(g, GRID_PLAIN, "%s", text_bytes(js_num(p, "bytes_made"), buf));
		free(families);
		free(add_path);
	}
	grid_print(g, stdout, o->colour, "No groups: no peer is established.");
	grid_free(g);
}

static void
print_sets(const struct options *o, const json_t *a)
{
	static const struct grid_column columns[] = {{"View", false}, {"Peers", true},
	    {"Sets", true}, {"Allowed", true}, {"Widest", true}, {"Digest", false},
	    {"For example", false}};
	const json_t *kinds = json_object_get(a, "kinds");
	struct grid *g = grid_new(columns, COUNT_OF(columns));

	for (size_t i = 0; i < json_array_size(kinds); i++) {
		const json_t *k = json_array_get(kinds, i);
		long long sets = js_int(k, "distinct_sets"),
		          most = js_int(k, "max_distinct_sets");
		char *names = js_join(k, "for_example");

		grid_row(g, NULL);
		grid_cell(
		    g, GRID_PLAIN, "%s", *js_str(k, "view") ? js_str(k, "view") : "(all)");
		grid_cell(g, GRID_PLAIN, "%lld", js_int(k, "peers"));
		grid_cell(g, most && sets > most ? GRID_BAD : GRID_PLAIN, "%lld", sets);
		if (most)
			grid_cell(g, GRID_PLAIN, "%lld", most);
		else
			grid_cell(g, GRID_PLAIN, "-");
		grid_cell(g, GRID_PLAIN, "%lld", js_int(k, "widest"));
		grid_cell(g, GRID_PLAIN, "%s", js_str(k, "digest"));
		grid_cell(g, GRID_PLAIN, "%s", names);
		free(names);
	}
	grid_print(g, stdout, o->colour, "No sets: no peer is established.");
	grid_free(g);
}

int
show_sets(const struct options *o)
{
	struct target t;

	target_init(&t, "/api/v1/sets");
	return show_answer(o, &t, print_sets);
}

int
show_groups(const struct options *o)
{
	struct target t;

	target_init(&t, "/api/v1/groups");
	return show_answer(o, &t, print_groups);
}

static void
print_version(const struct options *o, const json_t *a)
{
	char buf[TEXT_MAX];

	(void)o;
	printf("helioctl    %s\nheliographd %s, pid %lld, since %s\n", HELIO_VERSION,
	    js_str(a, "version"), js_int(a, "pid"), text_time(js_num(a, "started_at"), buf));
}

int
show_version(const struct options *o)
{
	struct target t;

	target_init(&t, "/api/v1/version");
	return show_answer(o, &t, print_version);
}

static void
print_memory(const struct options *o, const json_t *a)
{
	const char *key;
	json_t *value;
	char buf[TEXT_MAX];

	(void)o;
	json_object_foreach((json_t *)(uintptr_t)a, key, value)
	{
		double n = json_number_value(value);

		if (strstr(key, "_bytes"))
			printf("%-26s %s\n", key, text_bytes(n, buf));
		else
			printf("%-26s %.0f\n", key, n);
	}
}

int
show_memory(const struct options *o)
{
	struct target t;

	target_init(&t, "/api/v1/memory");
	return show_answer(o, &t, print_memory);
}
