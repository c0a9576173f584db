/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration as the program reads it. A struct config is built completely from one
 * YAML text or not at all; afterwards nobody changes it, so any thread reads it without a
 * lock. It and everything it points to live in one arena and go together in config_free().
 *
 * What keys exist, their types, bounds, defaults and meaning are the rows of config.def, from
 * which the loader, the printed effective configuration and the reference page are made.
 * Durations are nanoseconds (_ns), sizes bytes, AS numbers and router ids host order.
 */
#pragma once

#include "core/ip.h"
#include "core/log.h"

#include <stdbool.h>
#include <stdint.h>

/* Lists are borrowed from the config; items is NULL when len is 0. */
struct config_strings {
	const char *const *items;
	uint32_t len;
};

struct config_prefixes {
	const struct ip_prefix *items;
	uint32_t len;
};

struct config_endpoint {
	struct ip_addr addr; /* family IP_NONE: not configured ("none") */
	uint16_t port;
};

struct config_endpoints {
	const struct config_endpoint *items;
	uint32_t len;
};

#define CONFIG_HOST_MAX 253u /* bytes of a DNS name (RFC 1035 2.3.4, as text) */

/* Somebody else's endpoint. */
struct config_server {
	char host[CONFIG_HOST_MAX +
	          2]; /* a DNS name, perhaps with its last dot; "": addr says it */
	struct ip_addr addr;
	uint16_t port;
};

struct config_servers {
	const struct config_server *items;
	uint32_t len;
};

struct config_asns {
	const uint32_t *items;
	uint32_t len;
};

/* A standard community a:b, or a large one a:b:c. */
struct config_community {
	uint32_t a, b, c;
	bool large;
};

struct config_communities {
	const struct config_community *items;
	uint32_t len;
};

struct config_pair {
	const char *name, *value;
};

/* A number that the file may leave out. */
struct config_option {
	bool given;
	uint32_t value;
};

struct config_pairs {
	const struct config_pair *items;
	uint32_t len;
};

/* brokers "embedded" means the stream inside this process: no Kafka at all. */
struct config_kafka {
	const char *brokers;
	const char *topic;
	struct config_pairs properties; /* given to librdkafka as they are */
	struct config_pairs
	    properties_from_files; /* property name, path of the file with its value */
	bool embedded;             /* derived from brokers */
};

/* Which Kubernetes field decides whether a cluster IP is Local. */
enum config_policy { CONFIG_POLICY_EXTERNAL, CONFIG_POLICY_INTERNAL, CONFIG_POLICY_EITHER };

/* Host routes of services that an aggregate covers: only those that differ from it, or all. */
enum config_host_routes { CONFIG_HOST_ROUTES_LOCAL, CONFIG_HOST_ROUTES_ALL };

/* Communities that every path of a prefix inside this one carries. */
struct config_tagging {
	struct ip_prefix prefix;
	struct config_communities add;
};

struct config_taggings {
	const struct config_tagging *items;
	uint32_t len;
};

/* Label selectors, one per class; NULL: every node. */
struct config_node_selectors {
	const char *cluster_ips;
	const char *external_ips;
	const char *load_balancer_ips;
	const char *pod_cidrs;
};

/* Label selectors for services, one per class; NULL: every service. */
struct config_service_selectors {
	const char *cluster_ips;
	const char *external_ips;
	const char *load_balancer_ips;
};

/* What paths of one class carry. */
struct config_class_attributes {
	struct config_communities communities; /* beside those by prefix */
	struct config_option local_pref;       /* not given: advertise.local_pref */
	struct config_option med;              /* not given: no MED */
};

struct config_attributes {
	struct config_class_attributes aggregates;
	struct config_class_attributes cluster_ips;
	struct config_class_attributes external_ips;
	struct config_class_attributes load_balancer_ips;
	struct config_class_attributes pod_cidrs;
};

/* Annotation or label that holds a node's next hop; NULL: its InternalIP. */
struct config_node_address {
	const char *ipv4;
	const char *ipv6;
};

/* What the file, or the environment in its place, says of a struct config_advertise. */
enum {
	CONFIG_GIVES_CLUSTER_IPS = 1,
	CONFIG_GIVES_EXTERNAL_IPS = 2,
	CONFIG_GIVES_LB_IPS = 4,
	CONFIG_GIVES_LB_AGGREGATION = 8,
	CONFIG_GIVES_COMMUNITIES = 16
};

struct config_advertise {
	struct config_prefixes cluster_ips;
	enum config_policy cluster_ip_policy;
	struct config_prefixes external_ips;
	struct config_prefixes load_balancer_ips;
	bool load_balancer_aggregation;
	struct config_strings load_balancer_classes; /* besides services without a class */
	enum config_host_routes host_routes;
	bool pod_cidrs;
	struct config_taggings communities;
	uint32_t local_pref;
	struct config_attributes attributes;
	struct config_service_selectors service_selectors;
	struct config_node_selectors node_selectors;
	struct config_node_address node_address;
	bool ignore_exclude_label;
	bool drain_on_cordon;
	bool require_ready;
	uint64_t
	    node_drain_ns; /* how long a node that leaves is still announced, marked; 0: not */
	const char *rack_label;
	const char *zone_label;
	bool follow_calico; /* what is not given may come from Calico's objects */
	uint32_t given;     /* CONFIG_GIVES_... bits; derived */
	bool
	    calico_peers; /* derived: calico_peers.enabled, for those that report on the objects */
};

struct config_snapshot {
	bool enabled;
	uint64_t max_age_ns; /* an older one's offsets are not gone on from */
};

/* One cluster whose state becomes routes. */
struct config_cluster {
	const char *name;
	struct config_kafka kafka;
	uint32_t preference; /* of those that serve a prefix the highest are advertised */
	struct config_advertise advertise; /* the top level's where the file gives none */
};

struct config_clusters {
	const struct config_cluster *items;
	uint32_t len;
};

#define CONFIG_CLUSTERS_MAX 16 /* in one daemon */
#define CONFIG_REPLICAS_MAX 8u

enum config_prefer { CONFIG_PREFER_NONE, CONFIG_PREFER_RACK, CONFIG_PREFER_ZONE };
enum config_weight { CONFIG_WEIGHT_NONE, CONFIG_WEIGHT_ENDPOINTS };

struct config_view {
	const char *name;
	uint32_t max_next_hops; /* per prefix; 0: all of them */
	uint32_t min_next_hops;
	uint32_t spread; /* variants of the choice; 1: the same for every peer */
	enum config_prefer prefer;
	bool only; /* nothing but the preferred, once there are min_next_hops of them */
	enum config_weight weight;
	uint32_t max_distinct_sets; /* that the peers' chips hold; 0: not watched */
};

struct config_views {
	const struct config_view *items;
	uint32_t len;
};

/* Where peers stand that do not say it: by address range or by a regular expression on the name, not both. */
struct config_rack_rule {
	struct ip_prefix range; /* addr.family IP_NONE: it is by name */
	const char *name;       /* NULL: it is by range */
	const char *rack,
	    *zone; /* with {n} for parts of the address or name; NULL: not known */
};

struct config_rack_rules {
	const struct config_rack_rule *items;
	uint32_t len;
};

#define CONFIG_VIEW_ALL UINT32_MAX /* view_index of a peer that sees every path */

enum { CONFIG_FAMILY_IPV4 = 1, CONFIG_FAMILY_IPV6 = 2 };

/* One neighbour (address) or all that call from a range. */
struct config_peer {
	const char *name;       /* unique; the address or range where the file gives none */
	struct ip_addr address; /* family IP_NONE: this is a range */
	struct ip_prefix range; /* addr.family IP_NONE: this is one address */
	uint32_t port;
	struct config_asns as; /* at least one; more than one only for a range */
	bool passive;          /* never connects; always so for a range */
	uint64_t hold_time_ns; /* 0: no keepalives; otherwise at least 3 s */
	uint64_t connect_retry_ns;
	uint64_t
	    send_hold_ns;  /* the larger of 8 min and twice the hold time, where not given */
	uint32_t families; /* CONFIG_FAMILY_... bits */
	bool add_path;
	const char *rack, *zone;   /* NULL: a rule says it, or they are unknown */
	const char *view;          /* NULL: every path */
	uint32_t view_index;       /* into views.items, or CONFIG_VIEW_ALL; derived */
	uint32_t multihop;         /* TTL we send with, eBGP; 0: the kernel's default */
	uint32_t ttl_security;     /* hops allowed between us (RFC 5082), 0: off */
	struct ip_addr source;     /* local address; family IP_NONE: the kernel chooses */
	const char *password_file; /* TCP-MD5 key; NULL: none */
	uint64_t restart_time_ns;  /* 0: graceful_restart's */
	uint32_t
	    export_filter; /* number of ribout/filter.h; only of peers that are not of the file */
};

struct config_peers {
	const struct config_peer *items;
	uint32_t len;
};

/* Peers that Calico's BGPPeer objects name, beside those of the file. */
struct config_calico_peers {
	bool enabled;
	const char *password_dir; /* NULL: state_dir */
	const char *view;         /* NULL: every path */
	uint32_t view_index;      /* derived, as a peer's */
};

struct config_graceful_restart {
	bool enabled;
	uint64_t restart_time_ns; /* whole seconds, at most 4095 */
};

struct config_log {
	enum log_level level;
	enum log_format format;
};

/* 0: chosen from the number of processors. */
struct config_threads {
	uint32_t io;
	uint32_t packers;
	uint32_t decoders;
};

struct config_withdraw_limit {
	uint32_t percent;
	uint32_t paths;
	uint64_t window_ns;
};

struct config_watchdog {
	uint64_t report_ns;
	uint64_t abort_ns; /* 0: never */
};

struct config_safety {
	struct config_withdraw_limit withdraw_limit;
	uint64_t last_path_ns, last_prefix_ns; /* 0: not held */
	uint64_t
	    stagger_ns; /* how long removals of many paths wait for the replica that goes first */
	uint32_t max_prefixes; /* 0: no limit */
	uint64_t settle_ns;    /* a new path waits so long before it is announced */
	struct config_watchdog watchdog;
};

struct config_limits {
	uint64_t window; /* bytes of chunks a group keeps for slower peers */
	uint64_t record; /* bytes of a Kafka record that is still decoded */
	uint32_t peers;  /* sessions at the same time, dynamic ones included */
};

struct config {
	const char *state_dir;
	uint32_t router_id;
	uint32_t local_as;
	uint32_t cluster_id; /* the router id where the file gives none */
	struct config_endpoints listen;
	struct config_kafka kafka;
	struct config_snapshot snapshot;
	struct config_clusters clusters; /* as the file lists them; kafka is not used then */
	struct config_advertise advertise;
	struct config_rack_rules racks;
	struct config_views views;
	struct config_peers peers;
	struct config_calico_peers calico_peers;
	struct config_servers replicas; /* HTTP addresses, ours may be among them */
	struct config_graceful_restart graceful_restart;
	struct config_endpoint http; /* addr.family IP_NONE: no HTTP over TCP */
	const char *control_socket;  /* resolved: absolute when state_dir is */
	struct config_log log;
	struct config_threads threads;
	struct config_safety safety;
	struct config_limits limits;
	struct config_clusters
	    followed; /* derived: clusters, or the one that kafka and advertise make */
	const struct config_source *source; /* the text it came from: for printing */
};

#define CONFIG_ERRORS_MAX     20
#define CONFIG_ERROR_TEXT_MAX 512
#define CONFIG_TEXT_MAX       (4u << 20) /* bytes of a configuration file */

/* What is wrong with a file: each text is "file:line:column: what; what to do". */
struct config_errors {
	unsigned len;
	bool more; /* there were others after the first CONFIG_ERRORS_MAX */
	char text[CONFIG_ERRORS_MAX][CONFIG_ERROR_TEXT_MAX];
};

/*
 * Load a file. NULL: nothing was taken, and errors says why, all of it as far as it could be
 * found in one go. The environment variable CALICO_ADVERTISE_CLUSTER_IPS gives
 * advertise.cluster_ips where the file has none. Any thread (not while others setenv()).
 */
struct config *config_load(const char *path, struct config_errors *errors) MUST_USE;

/* The same for len bytes of text; name stands for the file in messages. */
struct config *config_load_text(
    const char *name, const char *text, size_t len, struct config_errors *errors) MUST_USE;

/* NULL is fine. No thread may still use the config. */
void config_free(struct config *c);

/*
 * A path from the configuration or of ours: absolute ones stay, relative ones are under
 * state_dir. Written into buf; NULL when it does not fit. Paths that are keys of the file are
 * resolved already.
 */
const char *
config_path(const struct config *c, const char *path, char *buf, size_t size) MUST_USE;

/* Takes n bytes of text, borrowed for the call. */
typedef void config_sink(void *ctx, const char *text, size_t n);

/*
 * Every value, one a line: "path: value  # default | file:line | environment". Values of
 * librdkafka properties that look secret are printed as "(hidden)".
 */
void config_print_effective(const struct config *c, config_sink *sink, void *ctx);

/* The reference page in markdown, generated from config.def. */
void config_print_reference(config_sink *sink, void *ctx);

/* The JSON Schema of the file, generated from config.def: for editors and the Helm chart. */
void config_print_schema(config_sink *sink, void *ctx);

/*
 * The peer entry that a connection from addr belongs to: the one with that address, else the
 * longest range that has it, else NULL. Borrowed from the config.
 */
const struct config_peer *config_peer_find(const struct config *c, const struct ip_addr *addr);
