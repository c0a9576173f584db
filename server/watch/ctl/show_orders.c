/* SPDX-License-Identifier: Apache-2.0 */
/* drain, undrain, peer, can-restart. */
#include "watch/ctl/js.h"
#include "watch/ctl/show.h"

#include <string.h>

static void
print_drain(const struct options *o, const json_t *a)
{
	(void)o;
	printf("This replica is %s.\n", js_str(a, "service"));
	if (json_object_get(a, "sessions_end_in_seconds"))
		printf("Its sessions end in %lld s.\n", js_int(a, "sessions_end_in_seconds"));
}

int
order_drain(const struct options *o)
{
	struct target t;

	target_init(&t, "/api/v1/drain");
	target_add(&t, "wait", o->wait);
	target_add(&t, "reason", o->reason);
	return show_order(o, &t, print_drain);
}

int
order_undrain(const struct options *o)
{
	struct target t;

	target_init(&t, "/api/v1/undrain");
	return show_order(o, &t, print_drain);
}

static void
print_peer(const struct options *o, const json_t *a)
{
	(void)o;
	printf("%s: told to %lld peer%s.\n", js_str(a, "order"), js_int(a, "peers"),
	    js_int(a, "peers") == 1 ? "" : "s");
}

int
order_peer(const struct options *o)
{
	struct target t;

	target_init(&t, "/api/v1/peer");
	target_add(&t, "peer", o->args[0]);
	target_add(&t, "order", o->args[1]);
	target_add(&t, "reason", o->reason);
	return show_order(o, &t, print_peer);
}

static bool can_restart; /* of the answer, for the exit code */

static void
print_can_restart(const struct options *o, const json_t *a)
{
	const json_t *against = json_object_get(a, "against");

	(void)o;
	can_restart = js_true(a, "can_restart");
	if (can_restart)
		printf("Yes: every established peer keeps our routes meanwhile.\n");
	for (size_t i = 0; i < json_array_size(against); i++)
		printf("No: %s\n", json_string_value(json_array_get(against, i)));
}

int
show_can_restart(const struct options *o)
{
	struct target t;
	int result;

	target_init(&t, "/api/v1/can-restart");
	can_restart = true;
	result = show_answer(o, &t, print_can_restart);
	return result == EXIT_GOOD && !can_restart ? EXIT_FAILED : result;
}
