/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heliographd. The stages, in the order in which the data flows:
 *
 *   Kafka -> change -> cluster -> path -> rib -> ribout -> session -> tcp -> ToRs
 *            consumer  `------- writer ------'   packers   `------ io -----'
 *                                   watch reads beside them
 *
 * This file makes them, starts them from right to left (nobody speaks before somebody listens)
 * and stops them from left to right. A stage that has news wakes its right neighbour, which
 * pulls from the published table; nobody calls to the right.
 */
#include "change/stream.h"
#include "cluster/cluster.h"
#include "config/config.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/must.h"
#include "core/notify.h"
#include "core/pulse.h"
#include "path/path.h"
#include "rib/writer.h"
#include "ribout/ribout.h"
#include "tcp/tcp.h"
#include "watch/reload.h"
#include "watch/watch.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef HELIO_JEMALLOC
/*
 * jemalloc looks here; MALLOC_CONF in the environment comes after it and wins. Freed pages go back after ten seconds, by a thread
 * of jemalloc's: without it a thread that has nothing more to allocate, as after a storm, keeps its own for ever.
 */
const char *malloc_conf = "background_thread:true,max_background_threads:1";
#endif

enum { EXIT_OK = 0, EXIT_WRONG = 1, EXIT_USAGE = 2 };

static const char usage[] =
    "usage: heliographd --config FILE      run in the foreground, log to stderr\n"
    "       heliographd --check FILE       say what is wrong with a configuration; 1 if anything is\n"
    "       heliographd --effective FILE   print every value and where it came from\n"
    "       heliographd --config-reference print what keys there are, in markdown\n"
    "       heliographd --config-schema    print the JSON Schema of a configuration\n"
    "       heliographd --version\n"
    "\n"
    "SIGHUP: read the configuration again, as helioctl reload does.\n"
    "SIGTERM, SIGINT: end. Peers that do graceful restart keep our routes meanwhile.\n";

struct machine {
	const struct config *config; /* with which we start; see reloader */
	struct reloader reloader;
	struct change_queue queue;
	struct stream *streams[CONFIG_CLUSTERS_MAX]; /* one for each cluster that is followed */
	const char *annotations[CONFIG_CLUSTERS_MAX][2]; /* that hold next hops */
	struct cluster *clusters[CONFIG_CLUSTERS_MAX];
	struct names names;
	struct table rib;
	struct writer writer;
	struct mode_order mode; /* the operator's; the watch thread's once it runs */
	struct ribout *ribout;
	struct tcp *tcp;
	struct watch *watch;
};

static void
print_text(void *ctx, const char *text, size_t n)
{
	fwrite(text, 1, n, ctx);
}

static struct config *
load(const char *path)
{
	static struct config_errors errors;
	struct config *c = config_load(path, &errors);
	char why[256];

	for (unsigned i = 0; !c && i < errors.len; i++)
		fprintf(stderr, "%s\n", errors.text[i]);
	if (!c && errors.more)
		fprintf(stderr, "%s: there are more errors; correct these first\n", path);
	if (c && !path_check_config(c, why, sizeof(why))) {
		fprintf(stderr, "%s: %s\n", path, why);
		config_free(c);
		c = NULL;
	}
	return c;
}

/* state_dir and what is above it. False: it was said why. */
static bool
make_dir(const char *dir)
{
	char path[4096];
	size_t n = strlen(dir);

	if (n >= sizeof(path)) {
		log_error("state_dir is too long", f_u64("bytes", n));
		return false;
	}
	memcpy(path, dir, n + 1);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST && errno != EROFS)
			break;
		*slash = '/';
	}
	if ((mkdir(dir, 0755) < 0 && errno != EEXIST) || access(dir, W_OK | X_OK) < 0) {
		log_error("cannot use state_dir: make it and let this user write to it",
		    f_str("state_dir", dir), f_str("error", strerror(errno)));
		return false;
	}
	return true;
}

/* A session needs a descriptor: take what the machine allows. */
static void
raise_descriptor_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &r) < 0)
			log_warn("cannot raise the limit of open files",
			    f_str("error", strerror(errno)));
	}
}

#define PROPERTIES_MAX 128 /* of librdkafka there are fewer than 200 in all */

/* The properties of librdkafka; "<name>.file" takes a secret from a file. */
static bool
take_properties(const struct config_kafka *k, struct stream_property *properties,
    char (*file_names)[96], struct stream_options *o)
{
	if (k->properties.len + k->properties_from_files.len > PROPERTIES_MAX) {
		log_error("too many kafka.properties", f_u64("limit", PROPERTIES_MAX));
		return false;
	}
	o->properties = properties;
	for (uint32_t i = 0; i < k->properties.len; i++)
		properties[o->n_properties++] = (struct stream_property){
		    k->properties.items[i].name, k->properties.items[i].value};
	for (uint32_t i = 0; i < k->properties_from_files.len; i++) {
		snprintf(file_names[i], sizeof(file_names[i]), "%s.file",
		    k->properties_from_files.items[i].name);
		properties[o->n_properties++] = (struct stream_property){
		    file_names[i], k->properties_from_files.items[i].value};
	}
	return true;
}

/*
 * Where a cluster keeps its own: state_dir itself where it is the only one, so that nothing moves when
 * there is no list of clusters; else a directory in it that has its name.
 */
static bool
cluster_dir(const struct config *c, uint32_t index, char *dir, size_t size)
{
	if (c->clusters.len == 0)
		return snprintf(dir, size, "%s", c->state_dir) > 0;
	return config_path(c, c->followed.items[index].name, dir, size) && make_dir(dir);
}

/* The stream of one cluster, from its configuration. */
static bool
make_stream(struct machine *m, uint32_t index)
{
	static struct stream_property properties[PROPERTIES_MAX];
	static char file_names[PROPERTIES_MAX][96];
	const struct config_cluster *c = &m->config->followed.items[index];
	const char **annotations = m->annotations[index];
	char dir[4096], journal[4200];
	struct stream_options o = {.brokers = c->kafka.embedded ? "embedded" : c->kafka.brokers,
	    .topic = c->kafka.topic,
	    .cluster = index,
	    .state_dir = dir,
	    .decoders = m->config->threads.decoders};
	struct stream_error why;

	if (!cluster_dir(m->config, index, dir, sizeof(dir)) ||
	    !take_properties(&c->kafka, properties, file_names, &o))
		return false;
	snprintf(journal, sizeof(journal), "%s/" STREAM_JOURNAL, dir);
	if (m->config->snapshot.enabled)
		o.journal = journal;
	o.journal_max_ns = m->config->snapshot.max_age_ns;
	o.decode.max_value = m->config->limits.record;
	if (c->advertise.node_address.ipv4)
		annotations[o.decode.n_node_annotations++] = c->advertise.node_address.ipv4;
	if (c->advertise.node_address.ipv6)
		annotations[o.decode.n_node_annotations++] = c->advertise.node_address.ipv6;
	o.decode.node_annotations = annotations;
	m->streams[index] = stream_new(&o, &m->queue, &why);
	if (!m->streams[index])
		log_error("cannot follow the stream", f_str("cluster", c->name),
		    f_str("why", why.text));
	return m->streams[index] != NULL;
}

static bool
make_streams(struct machine *m)
{
	for (uint32_t i = 0; i < m->config->followed.len; i++)
		if (!make_stream(m, i))
			return false;
	return true;
}

/* What an operator ordered before the restart holds on. */
static void
take_mode(struct machine *m)
{
	char path[4096], why[512];

	if (!config_path(m->config, MODE_FILE, path, sizeof(path)))
		return; /* state_dir was made, so it is not too long */
	if (!mode_load(path, &m->mode, why, sizeof(why)))
		log_error("the operator's mode is not known", f_str("why", why));
	if (m->mode.mode != MODE_NORMAL)
		log_warn("an operator's order holds on",
		    f_str("mode", mode_names[m->mode.mode]), f_str("reason", m->mode.reason));
	role_take(ROLE_WRITER, "helio-main"); /* its thread does not run yet */
	role_is_writer();
	writer_mode(&m->writer, m->mode.mode, clock_mono_ns());
	role_drop();
}

/* What was held before the restart is held on. */
static void
take_holds(struct machine *m)
{
	struct kept_holds kept;
	char path[4096], why[512];

	if (!config_path(m->config, KEPT_HOLDS_FILE, path, sizeof(path)))
		return;
	if (!kept_holds_load(&kept, path, m->config->snapshot.max_age_ns, why, sizeof(why)))
		log_error(
		    "routes that the last run held are not known: they are withdrawn, if it held any",
		    f_str("why", why));
	writer_keep(&m->writer, &kept);
}

/* The writer has ended; the watch saw what is held a moment ago. */
static void
keep_holds(struct machine *m)
{
	struct kept_holds kept;
	char path[4096], why[512];

	if (!m->writer.restored || !config_path(m->config, KEPT_HOLDS_FILE, path, sizeof(path)))
		return;
	role_take(ROLE_WRITER, "helio-main");
	role_is_writer();
	kept_holds_take(&kept, &m->writer.breaker, clock_mono_ns(), clock_wall_ns());
	role_drop();
	if (!kept_holds_store(&kept, path, why, sizeof(why)))
		log_error("what is held cannot be kept for the next run", f_str("why", why));
	kept_holds_fini(&kept);
}

/* Left to right. */
static bool
make_stages(struct machine *m)
{
	const struct config *c = m->config;
	struct ribout_options ro = {
	    .packers = c->threads.packers, .window_bytes = c->limits.window};

	change_queue_init(&m->queue, CHANGE_QUEUE_BYTES);
	for (uint32_t i = 0; i < c->followed.len; i++)
		m->clusters[i] = cluster_new();
	names_init(&m->names);
	table_init(&m->rib, &m->names);
	writer_init(&m->writer, c, &m->queue, m->clusters, &m->rib);
	take_mode(m);
	take_holds(m);
	m->ribout = ribout_new(&ro, &m->rib);
	m->tcp = tcp_new(c, &m->rib, m->ribout);
	return make_streams(m);
}

static bool
start_watch(struct machine *m)
{
	struct watch_sources sources = {.config = m->config,
	    .tcp = m->tcp,
	    .n_clusters = m->config->followed.len,
	    .writer = &m->writer,
	    .mode = &m->mode,
	    .reloader = &m->reloader,
	    .rib = &m->rib,
	    .ribout = m->ribout};
	char why[512];

	for (uint32_t i = 0; i < sources.n_clusters; i++)
		sources.clusters[i] =
		    (struct watch_cluster){.config = &m->config->followed.items[i],
		        .stream = m->streams[i],
		        .cluster = m->clusters[i],
		        .paths = m->writer.clusters[i].paths};

	m->watch = watch_new(&sources);
	if (watch_start(m->watch, why, sizeof(why)))
		return true;
	log_error("cannot answer requests", f_str("why", why));
	return false;
}

/* Right to left; then wait for the end, which comes as a signal. */
static int
run_stages(struct machine *m, const sigset_t *signals)
{
	int sig = 0, result = EXIT_WRONG;

	ribout_start(m->ribout);
	writer_start(&m->writer);
	if (tcp_start(m->tcp) && start_watch(m)) {
		for (uint32_t i = 0; i < m->config->followed.len; i++)
			stream_start(m->streams[i]);
		watchdog_start(&(struct pulse_limits){
		    m->config->safety.watchdog.report_ns, m->config->safety.watchdog.abort_ns});
		notify_send("READY=1");
		log_info("heliographd runs", f_str("version", HELIO_VERSION),
		    f_ip("router_id", ip_v4(m->config->router_id)),
		    f_u64("as", m->config->local_as), f_u64("pid", (uint64_t)getpid()));
		while (sigwait(signals, &sig) == 0 && sig == SIGHUP)
			watch_reload(m->watch);
		log_info("heliographd ends", f_str("signal", strsignal(sig)));
		notify_send("STOPPING=1");
		watchdog_stop();
		for (uint32_t i = 0; i < m->config->followed.len; i++)
			stream_stop(m->streams[i]);
		result = EXIT_OK;
	}
	tcp_stop(m->tcp); /* runs also when only the watch could not start */
	if (m->watch)
		watch_stop(m->watch);
	writer_stop(&m->writer);
	ribout_stop(m->ribout);
	keep_holds(m);
	return result;
}

static void
free_stages(struct machine *m)
{
	role_take(
	    ROLE_WRITER, "helio-main"); /* the writer has ended: its tables are ours to free */
	role_is_writer();
	if (m->watch)
		watch_free(m->watch);
	for (uint32_t i = 0; i < m->config->followed.len; i++)
		stream_free(m->streams[i]);
	tcp_free(m->tcp);
	ribout_free(m->ribout);
	writer_fini(&m->writer);
	table_fini(&m->rib);
	for (uint32_t i = 0; i < m->config->followed.len; i++)
		cluster_free(m->clusters[i]);
	rcu_drain();
	names_fini(&m->names);
	change_queue_fini(&m->queue);
	role_drop();
}

static int
run(const char *path)
{
	static struct machine m;
	struct config *c;
	sigset_t signals;
	int result = EXIT_WRONG;

	c = load(path);
	if (!c)
		return EXIT_WRONG;
	reloader_init(&m.reloader, path, c);
	m.config = c;
	log_set(m.config->log.level, m.config->log.format);
	/* Every thread inherits the mask; only this one takes the signals. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	raise_descriptor_limit();
	if (make_dir(m.config->state_dir)) {
		if (make_stages(&m))
			result = run_stages(&m, &signals);
		free_stages(&m);
	}
	reloader_fini(&m.reloader);
	return result;
}

static int
check(const char *path)
{
	struct config *c = load(path);

	if (!c)
		return EXIT_WRONG;
	config_free(c);
	printf("%s: good\n", path);
	return EXIT_OK;
}

static int
print_effective(const char *path)
{
	struct config *c = load(path);

	if (!c)
		return EXIT_WRONG;
	config_print_effective(c, print_text, stdout);
	config_free(c);
	return EXIT_OK;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
	    {"check", required_argument, NULL, 'k'},
	    {"effective", required_argument, NULL, 'e'},
	    {"config-reference", no_argument, NULL, 'r'},
	    {"config-schema", no_argument, NULL, 's'}, {"version", no_argument, NULL, 'v'},
	    {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	int what = getopt_long(argc, argv, "c:h", options, NULL);
	const char *file = optarg;

	if (what == '?' || what == -1 || optind != argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	switch (what) {
	case 'c':
		return run(file);
	case 'k':
		return check(file);
	case 'e':
		return print_effective(file);
	case 'r':
		config_print_reference(print_text, stdout);
		return EXIT_OK;
	case 's':
		config_print_schema(print_text, stdout);
		return EXIT_OK;
	case 'v':
		printf("heliographd %s\n", HELIO_VERSION);
		return EXIT_OK;
	default:
		fputs(usage, stdout);
		return EXIT_OK;
	}
}
