/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Path attributes read and judged one by one. Each reader says what is wrong with a value; the
 * row in attr.def says which verdict follows, so that RFC 7606 is in one place.
 */
#include "bgp/attr.h"

enum { OPTIONAL_AND_TRANSITIVE = ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE };

/* What a reader found: nothing, a wrong length, a wrong value. */
enum finding { GOOD, BAD_LENGTH, BAD_VALUE };

struct read_call {
	const struct attr_in *in;
	const struct attr_rules *rules;
	struct attrs *a;
	const char *why; /* set by a reader that found a BAD_VALUE */
};

static struct wire_in
value(const struct read_call *c)
{
	return wire_in(c->in->value.at, c->in->value.n);
}

static enum finding
bad(struct read_call *c, const char *why)
{
	c->why = why;
	return BAD_VALUE;
}

static enum finding
read_number(const struct read_call *c, uint32_t *out)
{
	struct wire_in w = value(c);

	*out = wire_u32(&w);
	return wire_done(&w) ? GOOD : BAD_LENGTH;
}

/* A list of elements of equal size, at least one. */
static enum finding
read_list(const struct read_call *c, size_t element, struct attr_bytes *out)
{
	*out = c->in->value;
	return out->n > 0 && out->n % element == 0 ? GOOD : BAD_LENGTH;
}

static enum finding
attr_read_origin(struct read_call *c)
{
	struct wire_in w = value(c);

	c->a->origin = wire_u8(&w);
	if (!wire_done(&w))
		return BAD_LENGTH;
	return c->a->origin <= ORIGIN_INCOMPLETE ? GOOD
	                                         : bad(c, "ORIGIN has an undefined value");
}

static enum finding
attr_read_as_path(struct read_call *c)
{
	static const char *const faults[] = {
	    [AS_PATH_BAD_TYPE] = "AS_PATH has a segment of unknown type",
	    [AS_PATH_TRUNCATED] = "AS_PATH ends within a segment",
	    [AS_PATH_EMPTY_SEGMENT] = "AS_PATH has a segment without numbers",
	    [AS_PATH_CONFED] = "AS_PATH has a confederation segment",
	    [AS_PATH_AS_ZERO] = "AS_PATH contains AS 0",
	};
	enum as_path_fault fault;

	c->a->as_path = c->in->value;
	c->a->as_path_as4 = c->rules->as4;
	fault = as_path_check(attrs_as_path(c->a), false);
	return fault == AS_PATH_OK ? GOOD : bad(c, faults[fault]);
}

static enum finding
attr_read_next_hop(struct read_call *c)
{
	uint32_t address;
	enum finding found = read_number(c, &address);

	/* Whether it is a host address matters only with classic NLRI: update_decode(). */
	c->a->next_hop = ip_v4(address);
	return found;
}

static enum finding
attr_read_med(struct read_call *c)
{
	return read_number(c, &c->a->med);
}

static enum finding
attr_read_local_pref(struct read_call *c)
{
	return read_number(c, &c->a->local_pref);
}

static enum finding
attr_read_atomic_aggregate(struct read_call *c)
{
	return c->in->value.n == 0 ? GOOD : BAD_LENGTH;
}

static enum finding
read_aggregator(struct read_call *c, bool as4, struct attr_aggregator *out)
{
	struct wire_in w = value(c);

	out->as = as4 ? wire_u32(&w) : wire_u16(&w);
	out->router_id = wire_u32(&w);
	if (!wire_done(&w))
		return BAD_LENGTH;
	return out->as != 0 ? GOOD : bad(c, "an aggregator has AS 0"); /* RFC 7607 */
}

static enum finding
attr_read_aggregator(struct read_call *c)
{
	return read_aggregator(c, c->rules->as4, &c->a->aggregator);
}

static enum finding
attr_read_communities(struct read_call *c)
{
	return read_list(c, 4, &c->a->communities);
}

static enum finding
attr_read_originator_id(struct read_call *c)
{
	return read_number(c, &c->a->originator_id);
}

static enum finding
attr_read_cluster_list(struct read_call *c)
{
	return read_list(c, 4, &c->a->cluster_list);
}

static enum finding
attr_read_mp_reach(struct read_call *c)
{
	(void)c; /* its NLRI need the session's families: update_decode() */
	return GOOD;
}

static enum finding
attr_read_mp_unreach(struct read_call *c)
{
	(void)c;
	return GOOD;
}

static enum finding
attr_read_ext_communities(struct read_call *c)
{
	return read_list(c, 8, &c->a->ext_communities);
}

static enum finding
attr_read_as4_path(struct read_call *c)
{
	struct as_path p = {.at = c->in->value.at, .n = c->in->value.n, .as4 = true};

	c->a->as4_path = c->in->value;
	if (p.n == 0)
		return BAD_LENGTH; /* RFC 6793 section 6: at least one number */
	/* Confederation segments are skipped by as_path_merge(), as RFC 6793 asks. */
	return as_path_check(p, true) == AS_PATH_OK ? GOOD : bad(c, "AS4_PATH is malformed");
}

static enum finding
attr_read_as4_aggregator(struct read_call *c)
{
	return read_aggregator(c, true, &c->a->as4_aggregator);
}

static enum finding
attr_read_ipv6_communities(struct read_call *c)
{
	return read_list(c, 20, &c->a->ipv6_communities);
}

static enum finding
attr_read_large_communities(struct read_call *c)
{
	return read_list(c, 12, &c->a->large_communities);
}

static enum finding
attr_read_otc(struct read_call *c)
{
	return read_number(c, &c->a->otc);
}

static const struct row {
	enum finding (*read)(struct read_call *);
	enum attr_verdict malformed;
	enum attr_reading reading;
	uint8_t subcode;
} rows[] = {
#define ATTR(NAME, code, flags, malformed, reading, decoder, subcode)                          \
	[code] = {attr_read_##decoder, ATTR_##malformed, ATTR_READ_##reading,                  \
	    NOTIFY_UPDATE_##subcode},
#include "bgp/attr.def"
};

/* RFC 4271 6.3: the Data field of an attribute's error is the attribute, AS_PATH's excepted. */
static struct attr_fault
fault(const struct attr_in *in, enum attr_verdict verdict, uint8_t subcode, const char *why)
{
	struct attr_fault f = {.verdict = verdict, .why = why};

	f.error = subcode == NOTIFY_UPDATE_AS_PATH
	              ? notification_make(NOTIFY_UPDATE, subcode)
	              : notification_borrow(NOTIFY_UPDATE, subcode, in->whole.at, in->whole.n);
	return f;
}

static struct attr_fault
read_unknown(const struct attr_in *in, struct attrs *a)
{
	if (!(in->flags & ATTR_FLAG_OPTIONAL))
		return fault(in, ATTR_RESET, NOTIFY_UPDATE_UNKNOWN_WELL_KNOWN,
		    "a well-known attribute that does not exist");
	if ((in->flags & ATTR_FLAG_TRANSITIVE) && a->unknown_count < ATTR_UNKNOWN_KEPT)
		a->unknown[a->unknown_count++] = (struct attr_unknown){
		    .flags = in->flags, .code = in->code, .value = in->value};
	return (struct attr_fault){.verdict = ATTR_OK};
}

/* The attribute must be dropped whatever it says, because of who sends it. */
static bool
is_misplaced(const struct row *row, const struct attr_rules *rules)
{
	return (row->reading == ATTR_READ_INTERNAL && rules->ebgp) ||
	       (row->reading == ATTR_READ_OLD && rules->as4);
}

struct attr_fault
attr_read(const struct attr_in *in, const struct attr_rules *rules, struct attrs *a)
{
	struct read_call call = {.in = in, .rules = rules, .a = a};
	const struct row *row;
	enum finding found;

	if (!attr_is_known(in->code))
		return read_unknown(in, a);
	row = &rows[in->code];
	if (is_misplaced(row, rules))
		return fault(in, ATTR_DISCARD, NOTIFY_UPDATE_OPTIONAL,
		    "an attribute that this peer must not send");
	if ((in->flags & OPTIONAL_AND_TRANSITIVE) != attr_flags(in->code)) {
		/* RFC 7606 3 (c); MP attributes: section 5.3. */
		enum attr_verdict verdict =
		    row->malformed == ATTR_RESET ? ATTR_RESET : ATTR_WITHDRAW;

		return fault(
		    in, verdict, NOTIFY_UPDATE_FLAGS, "attribute flags do not fit the type");
	}
	found = row->read(&call);
	if (found == BAD_LENGTH)
		return fault(in, row->malformed, NOTIFY_UPDATE_LENGTH,
		    "attribute length does not fit the type");
	if (found == BAD_VALUE)
		return fault(in, row->malformed, row->subcode, call.why);
	a->present |= ATTR_BIT(in->code);
	return (struct attr_fault){.verdict = ATTR_OK};
}
