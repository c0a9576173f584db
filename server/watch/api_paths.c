/* SPDX-License-Identifier: Apache-2.0 */
/* paths: the RIB, prefix by prefix, all of it or what one peer is sent, a page at a time. */
#include "rib/table.h"
#include "ribout/view.h"
#include "tcp/tcp.h"
#include "watch/call.h"

#include <stdio.h>
#include <string.h>

static void
write_attributes(struct json_out *j, const struct path_attrs *a)
{
	char text[48];

	json_u64(j, "local_pref", a->local_pref);
	if (a->has_med)
		json_u64(j, "med", a->med);
	if (a->weight)
		json_u64(j, "weight", a->weight);
	if (a->endpoints)
		json_u64(j, "endpoints", a->endpoints);
	if (a->n_communities + a->n_large == 0)
		return;
	json_begin_array(j, "communities");
	for (unsigned i = 0; i < a->n_communities; i++) {
		snprintf(text, sizeof(text), "%u:%u", a->communities[i] >> 16,
		    a->communities[i] & 0xffff);
		json_str(j, NULL, text);
	}
	for (unsigned i = 0; i < a->n_large; i++) {
		const struct large_community *l = &a->large[i];

		snprintf(text, sizeof(text), "%u:%u:%u", l->global, l->local1, l->local2);
		json_str(j, NULL, text);
	}
	json_end(j);
}

static void
write_path(
    struct call *c, const struct names *names, const struct pathset *s, const struct path *p)
{
	struct json_out *j = &c->json;
	const struct nexthop *nh = nexthop_at(names, p->nexthop);
	struct ip_addr originator = ip_v4(nh->originator);

	if (c->walk.by_next_hop && !ip_equal(&nh->addr, &c->walk.next_hop))
		return;
	json_begin_object(j, NULL);
	json_ip(j, "next_hop", &nh->addr);
	json_u64(j, "path_id", nh->path_id);
	json_ip(j, "originator", &originator);
	json_u64(j, "since", path_since(s, p));
	write_attributes(j, attrs_at(names, p->attrs));
	json_end(j);
}

static bool
has_next_hop(const struct call *c, const struct names *names, const struct pathset *s)
{
	if (!c->walk.by_next_hop)
		return true;
	for (uint32_t i = 0; i < s->n; i++)
		if (ip_equal(&nexthop_at(names, s->path[i].nexthop)->addr, &c->walk.next_hop))
			return true;
	return false;
}

static bool
is_listed(const struct call *c, const struct ip_prefix *p)
{
	const struct call_walk *w = &c->walk;

	if (!w->family[ip_family_index(p->addr.family)] || !filter_passes(w->view.filter, p))
		return false;
	if (w->by_address)
		return ip_prefix_has(p, &w->prefix.addr);
	return !w->by_prefix || ip_prefix_equal(p, &w->prefix);
}

/* All, or those that the peer is sent: by the same choice as the encoder's. */
static void
write_paths(struct call *c, const struct names *names, const struct ip_prefix *p,
    const struct pathset *s)
{
	struct view_items *chosen = &c->walk.chosen;

	if (c->walk.single[ip_family_index(p->addr.family)]) {
		write_path(c, names, s, view_best(&c->walk.view, names, p, s));
		return;
	}
	if (view_is_all(&c->walk.view)) {
		for (uint32_t i = 0; i < s->n; i++)
			write_path(c, names, s, &s->path[i]);
		return;
	}
	view_choose(&c->walk.view, names, p, s, chosen);
	for (uint32_t i = 0; i < chosen->n; i++)
		if (chosen->at[i].chosen)
			write_path(c, names, s, &s->path[chosen->at[i].path]);
}

static void
write_prefix(struct call *c, uint32_t index) RCU_READER
{
	const struct table *t = c->sources->rib;
	const struct pathset *s = table_get(t, index);
	const struct ip_prefix *p;
	struct json_out *j = &c->json;

	if (!s || s->n == 0)
		return;
	p = prefix_at(t->names, index);
	if (!is_listed(c, p) || !has_next_hop(c, t->names, s))
		return;
	json_begin_object(j, NULL);
	json_prefix(j, "prefix", p);
	json_str(j, "class", prefix_class_names[s->prefix_class]);
	json_u64(j, "changed", s->changed);
	json_begin_array(j, "paths");
	write_paths(c, t->names, p, s);
	json_end(j);
	json_end(j);
	call_newline(c);
}

/* Entries of one read side; a prefix may have thousands of paths, so bytes end it too. */
static uint32_t
write_some(struct call *c, uint32_t bound) RCU_READER
{
	uint32_t n = 0;

	for (; c->walk.at + n < bound && n < CALL_PAGE_STEPS && !call_page_full(c); n++)
		write_prefix(c, c->walk.at + n);
	return n;
}

static bool
page_paths(struct call *c)
{
	uint32_t bound = prefix_bound(c->sources->rib->names);

	while (c->walk.at < bound && !call_page_full(c)) {
		rcu_enter();
		c->walk.at += write_some(c, bound);
		rcu_leave();
	}
	if (c->walk.at < bound)
		return true;
	json_end(&c->json);
	json_end(&c->json);
	return false;
}

struct peer_search {
	const char *wanted;
	struct call_walk *walk;
	bool found, established;
};

static void
on_peer(void *ctx, const struct peer_info *p)
{
	struct peer_search *s = ctx;
	char text[IP_TEXT_MAX];

	if (strcmp(s->wanted, p->name) != 0 &&
	    strcmp(s->wanted, ip_text(&p->address, text)) != 0)
		return;
	s->found = true;
	if (p->state != SESSION_ESTABLISHED || s->established)
		return;
	s->established = true;
	for (unsigned f = 0; f < IP_FAMILIES; f++) {
		s->walk->family[f] = p->families[f];
		s->walk->single[f] = !p->add_path[f];
	}
	s->walk->view = p->viewing;
}

static bool
find_peer(struct call *c) ON_WATCH
{
	struct peer_search s = {.wanted = c->query.peer, .walk = &c->walk};

	tcp_each_peer(c->sources->tcp, on_peer, &s);
	if (!s.found)
		call_fail(c, 404, "no peer has the name or address \"%.80s\"", c->query.peer);
	else if (!s.established)
		call_fail(c, 409, "peer \"%.80s\" is not established: nothing is sent to it",
		    c->query.peer);
	return s.established;
}

static bool
take_prefix(struct call *c)
{
	if (!ip_prefix_parse(c->query.prefix, &c->walk.prefix)) {
		call_fail(c, 400,
		    "\"%.80s\" is neither a prefix (without host bits) nor an address",
		    c->query.prefix);
		return false;
	}
	/* Of an address, every prefix that covers it: what a router would look up. */
	c->walk.by_address = strchr(c->query.prefix, '/') == NULL;
	c->walk.by_prefix = !c->walk.by_address;
	return true;
}

void
api_paths(struct call *c)
{
	for (unsigned f = 0; f < IP_FAMILIES; f++)
		c->walk.family[f] = true;
	if (c->query.prefix && !take_prefix(c))
		return;
	if (c->query.next_hop && !ip_parse(c->query.next_hop, &c->walk.next_hop)) {
		call_fail(c, 400, "\"%.80s\" is not an IP address", c->query.next_hop);
		return;
	}
	c->walk.by_next_hop = c->query.next_hop != NULL;
	if (c->query.peer && !find_peer(c))
		return;
	json_begin_object(&c->json, NULL);
	json_u64(&c->json, "version", table_version(c->sources->rib));
	json_begin_array(&c->json, "prefixes");
	call_newline(c);
	c->page = page_paths;
}
