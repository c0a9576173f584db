/* SPDX-License-Identifier: Apache-2.0 */
/* From the request to the parsed answer, with one way to fail for all commands. */
#include "watch/ctl/show.h"

#include <stdlib.h>
#include <string.h>

/* An answer that is not 200: {"error": "..."}, or whatever it is. */
static int
tell_error(struct client *c)
{
	size_t len;
	char *body = client_body(c, &len);
	json_t *answer = json_loadb(body, len, 0, NULL);
	const char *text = json_string_value(json_object_get(answer, "error"));

	if (text)
		fprintf(stderr, "helioctl: %s\n", text);
	else
		fprintf(
		    stderr, "helioctl: heliographd answers with HTTP status %d\n", c->status);
	json_decref(answer);
	free(body);
	client_close(c);
	return EXIT_FAILED;
}

static int
tell_cut(void)
{
	fprintf(stderr, "helioctl: the answer was cut off; has heliographd ended?\n");
	return EXIT_FAILED;
}

static bool
ask(struct client *c, const struct options *o, const char *method, const struct target *t)
{
	char why[512];

	if (client_ask(c, o->socket, method, t, why, sizeof(why)))
		return true;
	fprintf(stderr, "helioctl: %s\n", why);
	return false;
}

static int
copy_out(struct client *c)
{
	char buf[65536];
	size_t n;

	while ((n = fread(buf, 1, sizeof(buf), c->in)) > 0)
		if (fwrite(buf, 1, n, stdout) != n)
			break;
	return client_close(c) && fflush(stdout) == 0 ? EXIT_GOOD : tell_cut();
}

static int
show_request(
    const struct options *o, const char *method, const struct target *t, show_print *print)
{
	struct client c;
	json_t *answer;
	char *body;
	size_t len;

	if (!ask(&c, o, method, t))
		return EXIT_FAILED;
	if (c.status != 200)
		return tell_error(&c);
	if (o->json)
		return copy_out(&c);
	body = client_body(&c, &len);
	client_close(&c);
	answer = json_loadb(body, len, 0, NULL);
	free(body);
	if (!answer)
		return tell_cut();
	print(o, answer);
	json_decref(answer);
	return EXIT_GOOD;
}

int
show_answer(const struct options *o, const struct target *t, show_print *print)
{
	return show_request(o, "GET", t, print);
}

int
show_order(const struct options *o, const struct target *t, show_print *print)
{
	return show_request(o, "POST", t, print);
}

int
show_elements(const struct options *o, const struct target *t, show_element *each, void *ctx)
{
	struct client c;
	bool ended = false;
	char *line;
	size_t len;

	if (!ask(&c, o, "GET", t))
		return EXIT_FAILED;
	if (c.status != 200)
		return tell_error(&c);
	if (o->json)
		return copy_out(&c);
	client_line(&c, &len); /* {"...":[ */
	while ((line = client_line(&c, &len))) {
		size_t comma = *line == ',';
		json_t *element = json_loadb(line + comma, len - comma, 0, NULL);

		ended = strcmp(line, "]}") == 0;
		if (element)
			each(ctx, element);
		json_decref(element);
	}
	client_close(&c);
	return ended ? EXIT_GOOD : tell_cut();
}
