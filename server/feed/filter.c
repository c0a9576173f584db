/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/filter.h"

#include "feed/pb.h"

#include <string.h>

enum { ENTRY_KEY = 1 };

static const struct filter_rule *
find_rule(const struct filter_rule *rules, const struct pb_field *f)
{
	for (; rules->field; rules++)
		if (rules->field == f->number)
			return rules;
	return NULL;
}

static bool
is_kept_key(const struct filter_keys *keys, struct value_span key)
{
	for (unsigned i = 0; i < keys->n; i++) {
		size_t n = strlen(keys->prefixes[i]);

		if (key.n >= n && (n == 0 || memcmp(key.at, keys->prefixes[i], n) == 0))
			return true;
	}
	return false;
}

static uint8_t *
copy(uint8_t *at, struct value_span s)
{
	memcpy(at, s.at, s.n);
	return at + s.n;
}

/* A nested message: its length is known only once it stands there, so it is moved if it shrank. */
static uint8_t *
into(const struct filter_rule *rules, const struct filter_keys *keys, const struct pb_field *f,
    uint8_t *at)
{
	/* What stood before the value in the input: at least as long as what we write there. */
	size_t head = f->whole.n - f->bytes.n, tag, n;

	if (!filter_apply(rules, keys, f->bytes, at + head, &n))
		return NULL;
	tag = (size_t)(copy(at, f->tag) - at);
	tag += pb_put_varint(at + tag, n);
	memmove(at + tag, at + head, n);
	return at + tag + n;
}

/* Where the output goes on after this field; NULL: malformed. */
static uint8_t *
apply_rule(const struct filter_rule *rule, const struct filter_keys *keys,
    const struct pb_field *f, uint8_t *at)
{
	const uint32_t number = ENTRY_KEY;
	struct value_span key;

	if (rule->act == FILTER_DROP)
		return at;
	if (!f->bytes.at)
		return copy(at, f->whole); /* not what the table expects: not ours to judge */
	if (rule->act == FILTER_INTO)
		return into(rule->inside, keys, f, at);
	if (!keys->prefixes)
		return copy(at, f->whole);
	if (!pb_collect(f->bytes, &number, &key, 1))
		return NULL;
	return is_kept_key(keys, key) ? copy(at, f->whole) : at;
}

bool
filter_apply(const struct filter_rule *rules, const struct filter_keys *keys,
    struct value_span message, uint8_t *out, size_t *out_len)
{
	struct pb_in in = pb_in(message);
	uint8_t *at = out;
	struct pb_field f;
	enum pb_next next;

	while ((next = pb_next(&in, &f)) == PB_FIELD) {
		const struct filter_rule *rule = find_rule(rules, &f);

		at = rule ? apply_rule(rule, keys, &f, at) : copy(at, f.whole);
		if (!at)
			return false;
	}
	*out_len = (size_t)(at - out);
	return next == PB_END;
}
