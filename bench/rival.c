/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row and one function per daemon. They are tuned as far as their manuals tell: FRR coalesces
 * for 200 ms, nobody logs, nobody has a kernel table to keep. Next hops count as reachable everywhere.
 */
#include "rival.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOLD_S 180 /* long: a busy daemon on a busy machine shall not lose sessions */

struct names {
	char address[IP_TEXT_MAX], injector[IP_TEXT_MAX], range[IP_TEXT_MAX], id[IP_TEXT_MAX];
};

static struct names
names_of(const struct rival_setup *s)
{
	struct ip_addr id = ip_v4(s->cluster_id);
	struct ip_addr net = ip_v4(ip_v4_host(&s->first_tor) & 0xffff0000u);
	struct names n = {.address = ""};

	ip_text(&s->listen.addr, n.address);
	ip_text(&s->injector, n.injector);
	ip_prefix_text(&(struct ip_prefix){.addr = net, .len = 16}, n.range);
	ip_text(&id, n.id);
	return n;
}

static void
write_bird(FILE *out, const struct rival_setup *s)
{
	struct names n = names_of(s);

	fprintf(out,
	    "log stderr { error, fatal, bug };\n"
	    "router id %s;\n"
	    "ipv4 table next_hops;\n"
	    "protocol device {}\n"
	    "protocol static { ipv4 { table next_hops; }; route 172.16.0.0/12 blackhole; }\n"
	    "template bgp reflector {\n"
	    "\tlocal %s port %u as %u;\n"
	    "\tstrict bind yes;\n"
	    "\tpassive yes;\n"
	    "\trr client;\n"
	    "\trr cluster id %s;\n"
	    "\thold time %d;\n"
	    "}\n",
	    n.id, n.address, s->listen.port, s->as, n.id, HOLD_S);
	fprintf(out,
	    "protocol bgp injector from reflector {\n"
	    "\tneighbor %s as %u;\n"
	    "\tipv4 { add paths rx; import all; export none; igp table next_hops; };\n"
	    "}\n"
	    "protocol bgp tors from reflector {\n"
	    "\tneighbor range %s as %u;\n"
	    "\tdynamic name \"tor\";\n"
	    "\tipv4 { add paths tx; import none; export where source = RTS_BGP; next hop keep; "
	    "igp table next_hops; };\n"
	    "}\n",
	    n.injector, s->as, n.range, s->as);
}

static void
write_frr(FILE *out, const struct rival_setup *s)
{
	struct names n = names_of(s);

	fprintf(out,
	    "frr defaults traditional\n"
	    "hostname frr\n"
	    "router bgp %u\n"
	    " bgp router-id %s\n"
	    " bgp cluster-id %s\n"
	    " no bgp default ipv4-unicast\n"
	    " timers bgp %d %d\n"
	    " coalesce-time 200\n"
	    " neighbor tors peer-group\n"
	    " neighbor tors remote-as %u\n"
	    " bgp listen limit %u\n"
	    " bgp listen range %s peer-group tors\n"
	    " neighbor %s remote-as %u\n"
	    " neighbor %s passive\n"
	    " address-family ipv4 unicast\n"
	    "  neighbor tors activate\n"
	    "  neighbor tors route-reflector-client\n"
	    "  neighbor tors addpath-tx-all-paths\n"
	    "  neighbor %s activate\n"
	    "  neighbor %s route-reflector-client\n"
	    " exit-address-family\n",
	    s->as, n.id, n.id, HOLD_S / 3, HOLD_S, s->as, s->tors, n.range, n.injector, s->as,
	    n.injector, n.injector, n.injector);
}

static void
write_gobgp_neighbor(FILE *out, const struct rival_setup *s, const struct ip_addr *address,
    const char *id, const char *add_paths)
{
	char text[IP_TEXT_MAX];

	fprintf(out,
	    "[[neighbors]]\n"
	    "[neighbors.config]\nneighbor-address = \"%s\"\npeer-as = %u\n"
	    "[neighbors.timers.config]\nhold-time = %d\n"
	    "[neighbors.transport.config]\npassive-mode = true\n"
	    "[neighbors.route-reflector.config]\nroute-reflector-client = true\n"
	    "route-reflector-cluster-id = \"%s\"\n"
	    "[[neighbors.afi-safis]]\n"
	    "[neighbors.afi-safis.config]\nafi-safi-name = \"ipv4-unicast\"\n"
	    "[neighbors.afi-safis.add-paths.config]\n%s\n",
	    ip_text(address, text), s->as, HOLD_S, id, add_paths);
}

/* Dynamic neighbours do not inherit ADD-PATH from their peer group: each ToR has a block. */
static void
write_gobgp(FILE *out, const struct rival_setup *s)
{
	struct names n = names_of(s);

	fprintf(out,
	    "[global.config]\nas = %u\nrouter-id = \"%s\"\nport = %u\n"
	    "local-address-list = [\"%s\"]\n",
	    s->as, n.id, s->listen.port, n.address);
	write_gobgp_neighbor(out, s, &s->injector, n.id, "receive = true");
	for (uint32_t i = 0; i < s->tors; i++) {
		struct ip_addr tor = ip_v4(ip_v4_host(&s->first_tor) + i);

		write_gobgp_neighbor(out, s, &tor, n.id, "send-max = 255");
	}
}

static void
write_openbgpd(FILE *out, const struct rival_setup *s)
{
	struct names n = names_of(s);

	fprintf(out,
	    "AS %u\n"
	    "router-id %s\n"
	    "listen on %s port %u\n"
	    "socket \"%s/control\"\n"
	    "holdtime %d\n"
	    "fib-update no\n"
	    "nexthop qualify via default\n"
	    "neighbor %s {\n"
	    "\tdescr \"injector\"\n\tremote-as %u\n\tpassive\n"
	    "\troute-reflector %s\n"
	    "\tannounce add-path recv yes\n"
	    "}\n"
	    "neighbor %s {\n"
	    "\tdescr \"tors\"\n\tremote-as %u\n\tpassive\n"
	    "\troute-reflector %s\n"
	    "\tannounce add-path send all\n"
	    "}\n"
	    "allow from any\n"
	    "allow to any\n",
	    s->as, n.id, n.address, s->listen.port, s->dir, HOLD_S, n.injector, s->as, n.id,
	    n.range, s->as, n.id);
}

const struct rival rivals[] = {
    {.name = "frr",
        .title = "FRR",
        .path = "/usr/lib/frr/bgpd",
        .package = "frr",
        .args = {"-f", "{dir}/config", "-p", "{port}", "-l", "{address}", "-P", "0", "-Z", "-S",
            "-i", "{dir}/pid", "--vty_socket", "{dir}", "--limit-fds", "{files}", "--log",
            "stdout", "--log-level", "emergencies"},
        .write_config = write_frr},
    {.name = "bird",
        .title = "BIRD",
        .path = "/usr/sbin/bird",
        .package = "bird2",
        .args = {"-f", "-c", "{dir}/config", "-s", "{dir}/control"},
        .write_config = write_bird},
    {.name = "openbgpd",
        .title = "OpenBGPD",
        .path = "/usr/sbin/bgpd",
        .package = "openbgpd",
        .needs_dir = "/run/openbgpd", /* where its processes lock themselves up */
        .args = {"-d", "-f", "{dir}/config"},
        .write_config = write_openbgpd},
    {.name = "gobgp",
        .title = "GoBGP",
        .path = "/usr/bin/gobgpd",
        .package = "gobgpd",
        .paths_max = 255, /* send-max is one octet */
        .args = {"-f", "{dir}/config", "-t", "toml", "--api-hosts", "unix://{dir}/api", "-l",
            "error", "--pprof-disable"},
        .write_config = write_gobgp},
};
const size_t rival_count = COUNT_OF(rivals);

const struct rival *
rival_find(const char *name)
{
	for (size_t i = 0; i < rival_count; i++)
		if (strcmp(rivals[i].name, name) == 0)
			return &rivals[i];
	return NULL;
}

bool
rival_write_config(const struct rival *r, const struct rival_setup *s)
{
	char path[RIVAL_ARG_MAX];
	FILE *out;
	int fd;

	if (r->needs_dir && mkdir(r->needs_dir, 0755) < 0 && errno != EEXIST)
		return false;
	snprintf(path, sizeof(path), "%s/config", s->dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	out = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!out) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	r->write_config(out, s);
	return fclose(out) == 0;
}

/* What stands for {name}; NULL: nothing of that name. */
static const char *
placeholder(const struct rival_setup *s, const char *name, size_t n, char buf[RIVAL_ARG_MAX])
{
	if (n == 3 && memcmp(name, "dir", n) == 0)
		return s->dir;
	if (n == 4 && memcmp(name, "port", n) == 0)
		snprintf(buf, RIVAL_ARG_MAX, "%u", s->listen.port);
	else if (n == 5 && memcmp(name, "files", n) == 0)
		snprintf(buf, RIVAL_ARG_MAX, "%u", s->tors + 256);
	else if (n == 7 && memcmp(name, "address", n) == 0)
		ip_text(&s->listen.addr, buf);
	else
		return NULL;
	return buf;
}

/* Append n bytes of text; what does not fit is cut. */
static void
append(char out[RIVAL_ARG_MAX], const char *text, size_t n)
{
	size_t have = strlen(out), room = RIVAL_ARG_MAX - 1 - have;

	n = n < room ? n : room;
	memcpy(out + have, text, n);
	out[have + n] = '\0';
}

static void
expand(const struct rival_setup *s, const char *from, char out[RIVAL_ARG_MAX])
{
	const char *open = strchr(from, '{'), *close = open ? strchr(open, '}') : NULL;
	char buf[RIVAL_ARG_MAX];
	const char *value =
	    close ? placeholder(s, open + 1, (size_t)(close - open - 1), buf) : NULL;

	out[0] = '\0';
	if (value) {
		append(out, from, (size_t)(open - from));
		append(out, value, strlen(value));
		from = close + 1;
	}
	append(out, from, strlen(from));
}

void
rival_command(const struct rival *r, const struct rival_setup *s, struct rival_argv *out)
{
	unsigned n = 0;

	out->argv[n++] = r->path;
	for (unsigned i = 0; i < RIVAL_ARGS && r->args[i]; i++) {
		expand(s, r->args[i], out->text[i]);
		out->argv[n++] = out->text[i];
	}
	out->argv[n] = NULL;
}

char *
rival_version(const struct rival *r, char buf[RIVAL_TEXT_MAX])
{
	char command[RIVAL_ARG_MAX];
	FILE *f;

	buf[0] = '\0';
	snprintf(command, sizeof(command), "dpkg-query -W -f '${Version}' %s 2>/dev/null",
	    r->package);
	f = popen(command, "re");
	if (f) {
		size_t n = fread(buf, 1, RIVAL_TEXT_MAX - 1, f);

		buf[n] = '\0';
		pclose(f);
	}
	return buf;
}
