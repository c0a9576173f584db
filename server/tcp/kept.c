/* SPDX-License-Identifier: Apache-2.0 */
#include "tcp/kept.h"

#include "core/log.h"
#include "tcp/peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD     "heliograph peers 1\n"
#define DELAY_NS (200 * NS_PER_MS)
#define KEPT_MAX 65535u /* config limits.peers */

static void
take_line(struct tcp *t, char *line)
{
	struct ip_addr a;

	line[strcspn(line, "\n")] = '\0';
	if (t->n_kept < KEPT_MAX && ip_parse(line, &a))
		t->kept[t->n_kept++] = a;
}

void
kept_read(struct tcp *t)
{
	char line[128];
	FILE *f = t->keeps && t->kept_path ? fopen(t->kept_path, "re") : NULL;

	if (!f)
		return;
	t->kept = must_calloc(KEPT_MAX, sizeof(*t->kept));
	if (fgets(line, sizeof(line), f) && strcmp(line, HEAD) == 0)
		while (fgets(line, sizeof(line), f))
			take_line(t, line);
	fclose(f);
}

bool
kept_waits(const struct tcp *t, const struct ip_addr *address)
{
	if (clock_mono_ns() >= t->started_at + t->restart_time_ns)
		return false;
	for (uint32_t i = 0; i < t->n_kept; i++)
		if (ip_equal(&t->kept[i], address))
			return true;
	return false;
}

static void
put_peer(FILE *f, const struct peer *p)
{
	char text[IP_TEXT_MAX];

	if (p->shown.info.state == SESSION_ESTABLISHED)
		fprintf(f, "%s\n", ip_text(&p->address, text));
}

/* The established peers as text, under the registry's lock only for as long as that takes. */
static char *
text_of(struct tcp *t, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	if (!f)
		die("out of memory for the list of peers");
	fputs(HEAD, f);
	pthread_mutex_lock(&t->registry_lock);
	for (const struct peer *p = t->listed; p; p = p->listed_next)
		put_peer(f, p);
	pthread_mutex_unlock(&t->registry_lock);
	fclose(f);
	return text;
}

static void
write_file(struct tcp *t)
{
	char fresh[4096 + 8];
	size_t len;
	char *text;
	FILE *f;
	bool good;

	if (!t->keeps || !t->kept_path)
		return;
	snprintf(fresh, sizeof(fresh), "%s.new", t->kept_path);
	text = text_of(t, &len);
	f = fopen(fresh, "we");
	good = f && fwrite(text, 1, len, f) == len;
	good = f && fclose(f) == 0 && good;
	if (!good || rename(fresh, t->kept_path) != 0)
		log_warn(
		    "cannot note which peers are up: after a restart passive ones may wait",
		    f_str("file", t->kept_path), f_str("error", strerror(errno)));
	free(text);
}

static void
on_due(struct deadline *d, uint64_t now)
{
	struct io *io = (struct io *)((char *)d - offsetof(struct io, kept));
	struct tcp *t = io->tcp;

	(void)now;
	pthread_mutex_lock(&t->kept_lock);
	if (!t->kept_finished)
		write_file(t);
	pthread_mutex_unlock(&t->kept_lock);
}

void
kept_changed(struct io *io, uint64_t now)
{
	if (io->kept.slot || io->stopping)
		return;
	io->kept.on_due = on_due;
	deadline_set(&io->deadlines, &io->kept, now + DELAY_NS);
}

void
kept_finish(struct tcp *t)
{
	pthread_mutex_lock(&t->kept_lock);
	if (!t->kept_finished)
		write_file(t);
	t->kept_finished = true;
	pthread_mutex_unlock(&t->kept_lock);
}

void
kept_court(struct io *io, uint64_t now)
{
	struct tcp *t = io->tcp;

	for (uint32_t i = 0; i < t->n_kept; i++) {
		const struct config_peer *k = config_peer_find(io->setup->config, &t->kept[i]);
		struct peer *p;

		/* Those with an address of their own are there already, and court by themselves. */
		if (!k || k->address.family != IP_NONE || io_of(t, &t->kept[i]) != io ||
		    peer_find(io, &t->kept[i]))
			continue;
		p = peer_new(io, k, &t->kept[i]);
		peer_start(p, now);
		peer_settle(p, now);
	}
}
