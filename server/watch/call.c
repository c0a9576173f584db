/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the handler, checking the parameters, collecting its text. */
#include "watch/call.h"

#include "core/clock.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct route {
	const char *path;
	void (*handler)(struct call *c);
	const char *parameters;
	bool action;
};

static const struct route routes[] = {
#define ROUTE(path, handler, parameters)  {path, handler, parameters, false},
#define ACTION(path, handler, parameters) {path, handler, parameters, true},
#include "watch/routes.def"
};

static const struct {
	const char *name;
	size_t offset;
} parameters[] = {
    {"prefix", offsetof(struct call, query.prefix)},
    {"peer", offsetof(struct call, query.peer)},
    {"next_hop", offsetof(struct call, query.next_hop)},
    {"node", offsetof(struct call, query.node)},
    {"cluster", offsetof(struct call, query.cluster)},
    {"class", offsetof(struct call, query.class)},
    {"mode", offsetof(struct call, query.mode)},
    {"reason", offsetof(struct call, query.reason)},
    {"wait", offsetof(struct call, query.wait)},
    {"order", offsetof(struct call, query.order)},
    {"plan", offsetof(struct call, query.plan)},
    {"force", offsetof(struct call, query.force)},
};

static void
on_json(void *ctx, const char *text, size_t n)
{
	struct call *c = ctx;

	if (evbuffer_add(c->out, text, n) != 0)
		die("out of memory for an answer");
}

struct call *
call_new(const struct watch_sources *sources)
{
	struct call *c = must_calloc(1, sizeof(*c));

	c->sources = sources;
	c->status = 200;
	c->type = "application/json";
	c->out = evbuffer_new();
	if (!c->out)
		die("out of memory for an answer");
	json_out_init(&c->json, on_json, c);
	return c;
}

void
call_free(struct call *c)
{
	if (!c)
		return;
	view_items_fini(&c->walk.chosen);
	sets_rows_free(c->walk.sets);
	evbuffer_free(c->out);
	free(c);
}

static const char **
parameter_at(struct call *c, size_t i)
{
	return (const char **)(void *)((char *)c + parameters[i].offset);
}

bool
call_set(struct call *c, const char *name, const char *value)
{
	for (size_t i = 0; i < COUNT_OF(parameters); i++)
		if (strcmp(parameters[i].name, name) == 0) {
			*parameter_at(c, i) = value;
			return true;
		}
	return false;
}

void
call_fail(struct call *c, int status, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	c->status = status;
	c->type = "application/json";
	json_begin_object(&c->json, NULL);
	json_str(&c->json, "error", text);
	json_end(&c->json);
}

bool
call_clusters(struct call *c)
{
	const struct watch_sources *from = c->sources;

	c->walk.cluster = 0;
	c->walk.clusters_end = from->n_clusters;
	if (!c->query.cluster)
		return true;
	for (uint32_t i = 0; i < from->n_clusters; i++)
		if (strcmp(from->clusters[i].config->name, c->query.cluster) == 0) {
			c->walk.cluster = i;
			c->walk.clusters_end = i + 1;
			return true;
		}
	call_fail(c, 404, "no cluster is named \"%.80s\"", c->query.cluster);
	return false;
}

/* The parameters that were given are those that the route knows. */
static bool
parameters_fit(struct call *c, const struct route *route)
{
	for (size_t i = 0; i < COUNT_OF(parameters); i++) {
		char word[32];

		snprintf(word, sizeof(word), "%s ", parameters[i].name);
		if (*parameter_at(c, i) && !strstr(route->parameters, word)) {
			call_fail(c, 400, "%s takes no parameter \"%s\"", route->path,
			    parameters[i].name);
			return false;
		}
	}
	return true;
}

void
call_finish(struct call *c)
{
	if (c->page)
		return;
	json_out_flush(&c->json);
	if (strcmp(c->type, "application/json") == 0)
		evbuffer_add(c->out, "\n", 1);
}

/* Reading is by GET; ordering by POST, over the control socket alone. */
static bool
method_fits(struct call *c, enum call_method method, const struct route *route)
{
	if (route->action && method == CALL_GET)
		call_fail(
		    c, 405, "%s is an order: POST it over the control socket", route->path);
	else if (route->action && method == CALL_POST_REFUSED)
		call_fail(c, 403, "orders are taken over the control socket alone (helioctl)");
	else if (!route->action && method != CALL_GET)
		call_fail(c, 405, "%s is only read: GET it", route->path);
	else
		return true;
	return false;
}

void
call_run(struct call *c, enum call_method method, const char *path)
{
	for (size_t i = 0; i < COUNT_OF(routes); i++) {
		if (strcmp(routes[i].path, path) != 0)
			continue;
		if (method_fits(c, method, &routes[i]) && parameters_fit(c, &routes[i]))
			routes[i].handler(c);
		call_finish(c);
		return;
	}
	call_fail(c, 404, "there is nothing at %.100s", path);
	call_finish(c);
}

void
call_more(struct call *c)
{
	if (!c->page(c))
		c->page = NULL;
	call_finish(c);
}

void
call_newline(struct call *c)
{
	json_out_flush(&c->json);
	on_json(c, "\n", 1);
}

bool
call_page_full(struct call *c)
{
	return evbuffer_get_length(c->out) >= CALL_PAGE_BYTES;
}

void
call_seconds(struct call *c, const char *key, uint64_t ns)
{
	json_f64(&c->json, key, (double)(ns / NS_PER_MS) / 1e3);
}
