/* SPDX-License-Identifier: Apache-2.0 */
/* What one row cannot say: members that follow from others, and what does not fit together. */
#include "config/bind.h"
#include "core/clock.h"

#include <stdlib.h>
#include <string.h>

#define SEND_HOLD_LEAST_NS (480 * NS_PER_S) /* RFC 9687: the larger of 8 min and twice hold */

static void
check_range(struct config_peer *peer, const struct config_tree *node, struct config_report *r)
{
	static const char *const idle[] = {"port", "connect_retry", "source"};

	if (config_tree_find(node, "passive") && !peer->passive)
		config_report(r, config_tree_place(node, "passive"),
		    "a range cannot be connected to; remove \"passive: false\" or give an address");
	for (size_t i = 0; i < COUNT_OF(idle); i++)
		if (config_tree_find(node, idle[i]))
			config_report(r, config_tree_place(node, idle[i]),
			    "%s has no effect for a range, to which we never connect; remove it",
			    idle[i]);
	peer->passive = true;
}

/* Who the peer is: address or range, name, AS. */
static void
check_identity(struct config_peer *peer, const struct config_tree *node,
    struct config_report *r, struct arena *arena)
{
	bool has_address = peer->address.family != IP_NONE;
	bool has_range = peer->range.addr.family != IP_NONE;
	char text[IP_TEXT_MAX];

	if (has_address == has_range) {
		config_report(r, node->at,
		    has_address ? "a peer has an address or a range, not both; remove one"
		                : "a peer without address and range; give one of them");
		return;
	}
	if (has_address && peer->as.len > 1)
		config_report(r, config_tree_place(node, "as"),
		    "one neighbour has one AS number; only a range may list several");
	if (has_range)
		check_range(peer, node, r);
	if (!peer->name) {
		if (has_address)
			ip_text(&peer->address, text);
		else
			ip_prefix_text(&peer->range, text);
		peer->name = arena_strndup(arena, text, strlen(text));
	}
}

static void
check_timers(struct config_peer *peer, const struct config_tree *node, struct config_report *r)
{
	if (peer->hold_time_ns % NS_PER_S ||
	    (peer->hold_time_ns && peer->hold_time_ns < 3 * NS_PER_S))
		config_report(r, config_tree_place(node, "hold_time"),
		    "hold_time is 0, or whole seconds from 3 on (RFC 4271); write for example 90s");
	if (peer->restart_time_ns % NS_PER_S)
		config_report(r, config_tree_place(node, "restart_time"),
		    "restart_time is carried in whole seconds; write for example 120s");
	if (peer->send_hold_ns == 0)
		peer->send_hold_ns = 2 * peer->hold_time_ns > SEND_HOLD_LEAST_NS
		                         ? 2 * peer->hold_time_ns
		                         : SEND_HOLD_LEAST_NS;
	else if (peer->send_hold_ns < peer->hold_time_ns)
		config_report(r, config_tree_place(node, "send_hold"),
		    "send_hold is shorter than hold_time; make it at least as long (RFC 9687)");
}

static void
check_view_name(const struct config *c, const char *view, uint32_t *index,
    const struct config_tree *node, const struct config_tree *root, struct config_report *r)
{
	*index = CONFIG_VIEW_ALL;
	if (!view)
		return;
	for (uint32_t i = 0; i < c->views.len; i++)
		if (strcmp(c->views.items[i].name, view) == 0)
			*index = i;
	if (*index == CONFIG_VIEW_ALL &&
	    !config_tree_find(config_tree_find(root, "views"), view))
		config_report(r, config_tree_place(node, "view"),
		    "there is no view \"%s\"; add it under views, or remove the key for every path",
		    view);
}

void
config_check_peer(const struct config *c, struct config_peer *peer,
    const struct config_tree *node, const struct config_tree *root,
    struct config_report *report, struct arena *arena)
{
	check_identity(peer, node, report, arena);
	check_timers(peer, node, report);
	check_view_name(c, peer->view, &peer->view_index, node, root, report);
	if (peer->multihop && peer->ttl_security)
		config_report(report, config_tree_place(node, "ttl_security"),
		    "multihop and ttl_security exclude each other; keep ttl_security (it allows several hops too)");
	if (peer->source.family != IP_NONE && peer->address.family != IP_NONE &&
	    peer->source.family != peer->address.family)
		config_report(report, config_tree_place(node, "source"),
		    "source and address are of different families; use the same for both");
}

void
config_check_view(const struct config_view *view, const struct config_tree *node,
    struct config_report *report)
{
	if (!*view->name || strlen(view->name) > 63 || strpbrk(view->name, " \t\n\"'"))
		config_report(report, node->key_at,
		    "\"%.60s\" is not a name; use up to 63 letters, digits and - . _",
		    view->name);
	if (view->max_next_hops && view->min_next_hops > view->max_next_hops)
		config_report(report, config_tree_place(node, "min_next_hops"),
		    "min_next_hops is larger than max_next_hops; lower it");
	if (view->only && view->prefer == CONFIG_PREFER_NONE)
		config_report(report, config_tree_place(node, "only"),
		    "only restricts to what is preferred; say \"prefer: rack\" or \"prefer: zone\" too");
	if (view->spread > 1 && !view->max_next_hops)
		config_report(report, config_tree_place(node, "spread"),
		    "spread deals out the choice that max_next_hops makes; set max_next_hops too");
}

/* A peer and where it stands, to be sorted. */
struct placed {
	const struct config_peer *peer;
	const struct config_tree *node;
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(
	    ((const struct placed *)a)->peer->name, ((const struct placed *)b)->peer->name);
}

static int
by_address(const void *a, const void *b)
{
	const struct config_peer *p = ((const struct placed *)a)->peer;
	const struct config_peer *q = ((const struct placed *)b)->peer;
	int order = ip_cmp(&p->address, &q->address);

	return order ? order : ip_prefix_cmp(&p->range, &q->range);
}

/* Names are unique; an address stands once; ranges do not overlap (an address inside one may). */
static void
check_peers(const struct config *c, const struct config_tree *root, struct config_report *r)
{
	const struct config_tree *list = config_tree_find(root, "peers");
	uint32_t n = c->peers.len, i = 0;
	struct placed *sorted;

	if (n < 2)
		return;
	sorted = must_calloc(n, sizeof(*sorted));
	for (const struct config_tree *node = list->first; node && i < n;
	     node = node->next, i++)
		sorted[i] = (struct placed){.peer = &c->peers.items[i], .node = node};
	qsort(sorted, n, sizeof(*sorted), by_name);
	for (i = 1; i < n; i++)
		if (by_name(&sorted[i - 1], &sorted[i]) == 0)
			config_report(r, sorted[i].node->at,
			    "a peer named \"%s\" stands at line %u too; rename one",
			    sorted[i].peer->name, sorted[i - 1].node->at.line);
	qsort(sorted, n, sizeof(*sorted), by_address);
	for (i = 1; i < n; i++) {
		const struct config_peer *p = sorted[i - 1].peer, *q = sorted[i].peer;
		char text[IP_TEXT_MAX];

		if (p->address.family != IP_NONE && ip_equal(&p->address, &q->address))
			config_report(r, sorted[i].node->at,
			    "a peer with address %s stands at line %u too; remove one",
			    ip_text(&q->address, text), sorted[i - 1].node->at.line);
		else if (p->address.family == IP_NONE && q->address.family == IP_NONE &&
		         ip_prefix_covers(&p->range, &q->range))
			config_report(r, sorted[i].node->at,
			    "range %s overlaps the one at line %u; a neighbour must belong to one of them",
			    ip_prefix_text(&q->range, text), sorted[i - 1].node->at.line);
	}
	free(sorted);
}

void
config_check_whole(struct config *c, const struct config_tree *root,
    struct config_report *report, struct arena *arena)
{
	const struct config_tree *restart = config_tree_find(root, "graceful_restart");

	if (c->cluster_id == 0)
		c->cluster_id = c->router_id;
	if (c->graceful_restart.restart_time_ns % NS_PER_S)
		config_report(report, config_tree_place(restart, "restart_time"),
		    "restart_time is carried in whole seconds; write for example 120s");
	check_view_name(c, c->calico_peers.view, &c->calico_peers.view_index,
	    config_tree_find(root, "calico_peers"), root, report);
	if (c->replicas.len > CONFIG_REPLICAS_MAX)
		config_report(report, config_tree_place(root, "replicas"),
		    "replicas has %u entries; at most %u", c->replicas.len,
		    CONFIG_REPLICAS_MAX);
	config_check_clusters(c, root, report, arena);
	check_peers(c, root, report);
}
