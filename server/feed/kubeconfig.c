/* SPDX-License-Identifier: Apache-2.0 */
/* A kubeconfig, as far as it is needed to reach one cluster as one user. libyaml parses it. */
#include "feed/access.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct reader {
	yaml_document_t *doc;
	const char *dir;
	char *error;
};

static bool refuse(const struct reader *r, const char *format, ...) PRINTF_LIKE(2);

static bool
refuse(const struct reader *r, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(r->error, ACCESS_ERROR_MAX, format, ap);
	va_end(ap);
	return false;
}

/* --- the tree --- */

static const char *
text_of(const yaml_node_t *node)
{
	/* libyaml puts a NUL behind a scalar. */
	return node && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value
	                                              : NULL;
}

static yaml_node_t *
member(const struct reader *r, const yaml_node_t *map, const char *name)
{
	if (!map || map->type != YAML_MAPPING_NODE)
		return NULL;
	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start;
	     p < map->data.mapping.pairs.top; p++) {
		const char *key = text_of(yaml_document_get_node(r->doc, p->key));

		if (key && strcmp(key, name) == 0)
			return yaml_document_get_node(r->doc, p->value);
	}
	return NULL;
}

/* A member that is text and not empty; NULL: there is none. */
static const char *
text_member(const struct reader *r, const yaml_node_t *map, const char *name)
{
	const char *text = text_of(member(r, map, name));

	return text && *text && strcmp(text, "null") != 0 && strcmp(text, "~") != 0 ? text
	                                                                            : NULL;
}

/* The `what` of the entry called `name` in the list `plural`: [{name: x, cluster: {...}}]. */
static yaml_node_t *
named(const struct reader *r, const char *plural, const char *name, const char *what)
{
	const yaml_node_t *list = member(r, yaml_document_get_root_node(r->doc), plural);

	if (!list || list->type != YAML_SEQUENCE_NODE)
		return NULL;
	for (const yaml_node_item_t *i = list->data.sequence.items.start;
	     i < list->data.sequence.items.top; i++) {
		const yaml_node_t *entry = yaml_document_get_node(r->doc, *i);
		const char *its = text_of(member(r, entry, "name"));

		if (its && strcmp(its, name) == 0)
			return member(r, entry, what);
	}
	return NULL;
}

/* --- what is asked for and not done --- */

static const struct {
	const char *name, *advice;
} refused_of_user[] =
    {
        {"exec", "exec plugins are not run; make a service account and use its token"},
        {"auth-provider", "auth providers are gone from Kubernetes; use a token"},
        {"username", "passwords are gone from Kubernetes; use a token"},
        {"password", "passwords are gone from Kubernetes; use a token"},
        {"as", "impersonation is not done; give the rights to the user itself"},
        {"as-uid", "impersonation is not done; give the rights to the user itself"},
        {"as-groups", "impersonation is not done; give the rights to the user itself"},
        {"as-user-extra", "impersonation is not done; give the rights to the user itself"},
},
  refused_of_cluster[] = {
      {"proxy-url", "use the environment variable HTTPS_PROXY"},
      {"tls-server-name", "the certificate must hold the name in `server`"},
};

static bool
check_refused(const struct reader *r, const yaml_node_t *cluster, const yaml_node_t *user)
{
	const char *insecure = text_member(r, cluster, "insecure-skip-tls-verify");

	if (insecure && strcmp(insecure, "false") != 0)
		return refuse(r,
		    "insecure-skip-tls-verify is not done: routes would be anybody's to write; name the certificate-authority");
	for (size_t i = 0; i < COUNT_OF(refused_of_cluster); i++)
		if (member(r, cluster, refused_of_cluster[i].name))
			return refuse(r, "cluster's %s: %s", refused_of_cluster[i].name,
			    refused_of_cluster[i].advice);
	for (size_t i = 0; i < COUNT_OF(refused_of_user); i++)
		if (member(r, user, refused_of_user[i].name))
			return refuse(r, "user's %s: %s", refused_of_user[i].name,
			    refused_of_user[i].advice);
	return true;
}

/* --- what is taken --- */

/* `name` as a path, or `name`-data as the bytes; the bytes win, as with kubectl. */
static bool
take_pair(const struct reader *r, const yaml_node_t *map, const char *name, char **file,
    struct access_blob *data)
{
	const char *path = text_member(r, map, name), *inlined;
	char data_name[64];

	snprintf(data_name, sizeof(data_name), "%s-data", name);
	inlined = text_member(r, map, data_name);
	if (inlined)
		return base64_decode(inlined, data) ? true
		                                    : refuse(r, "%s is not base64", data_name);
	if (!path)
		return true;
	if (path[0] == '/')
		*file = must_strdup(path);
	else if (asprintf(file, "%s/%s", r->dir, path) < 0)
		die("out of memory");
	return true;
}

static bool
is_loopback(const char *host)
{
	static const char *const loopbacks[] = {"127.", "localhost:", "localhost/", "[::1]"};

	for (size_t i = 0; i < COUNT_OF(loopbacks); i++)
		if (strncmp(host, loopbacks[i], strlen(loopbacks[i])) == 0)
			return true;
	return strcmp(host, "localhost") == 0;
}

static bool
take_server(const struct reader *r, const yaml_node_t *cluster, struct access *out)
{
	const char *server = text_member(r, cluster, "server");
	size_t n = server ? strlen(server) : 0;

	if (!server)
		return refuse(r, "the cluster has no server");
	if (strncmp(server, "https://", 8) != 0 &&
	    !(strncmp(server, "http://", 7) == 0 && is_loopback(server + 7)))
		return refuse(r,
		    "server %.100s: it must begin with https:// (http:// only on this machine)",
		    server);
	while (n > 0 && server[n - 1] == '/')
		n--;
	out->server = strndup(server, n);
	return take_pair(r, cluster, "certificate-authority", &out->ca_file, &out->ca);
}

static bool
take_user(const struct reader *r, const yaml_node_t *user, struct access *out)
{
	const char *token = text_member(r, user, "token");
	const char *token_file = text_member(r, user, "tokenFile");

	if (!take_pair(r, user, "client-certificate", &out->cert_file, &out->cert) ||
	    !take_pair(r, user, "client-key", &out->key_file, &out->key))
		return false;
	if ((out->cert_file || out->cert.bytes) != (out->key_file || out->key.bytes))
		return refuse(
		    r, "a client-certificate needs a client-key, and the other way round");
	/* kubectl: a token file is read again and again, so it wins over a token. */
	if (token_file && token_file[0] != '/') {
		if (asprintf(&out->token_file, "%s/%s", r->dir, token_file) < 0)
			die("out of memory");
	} else if (token_file) {
		out->token_file = must_strdup(token_file);
	} else if (token) {
		out->token = must_strdup(token);
	}
	return true;
}

static bool
take_context(const struct reader *r, const char *name, struct access *out)
{
	const yaml_node_t *root = yaml_document_get_root_node(r->doc);
	const yaml_node_t *context, *cluster, *user;
	const char *cluster_name, *user_name;

	if (!root || root->type != YAML_MAPPING_NODE)
		return refuse(r, "this is not a kubeconfig");
	if (!name)
		name = text_member(r, root, "current-context");
	if (!name)
		return refuse(r, "it has no current-context; name one with --context");
	context = named(r, "contexts", name, "context");
	if (!context)
		return refuse(r, "there is no context %.100s", name);
	cluster_name = text_member(r, context, "cluster");
	user_name = text_member(r, context, "user");
	cluster = cluster_name ? named(r, "clusters", cluster_name, "cluster") : NULL;
	if (!cluster)
		return refuse(r, "context %.100s: there is no cluster %.100s", name,
		    cluster_name ? cluster_name : "");
	user = user_name ? named(r, "users", user_name, "user") : NULL;
	if (user_name && !user)
		return refuse(r, "context %.100s: there is no user %.100s", name, user_name);
	return check_refused(r, cluster, user) && take_server(r, cluster, out) &&
	       take_user(r, user, out);
}

bool
kubeconfig_parse(const char *text, size_t n, const char *dir, const char *context,
    struct access *out, char *error)
{
	yaml_parser_t parser;
	yaml_document_t doc;
	struct reader r = {.doc = &doc, .dir = dir, .error = error};
	bool ok;

	memset(out, 0, sizeof(*out));
	if (!yaml_parser_initialize(&parser))
		die("out of memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
	ok = yaml_parser_load(&parser, &doc);
	if (!ok) {
		refuse(&r, "line %zu: %s", parser.problem_mark.line + 1,
		    parser.problem ? parser.problem : "not YAML");
	} else {
		ok = take_context(&r, context, out);
		yaml_document_delete(&doc);
	}
	yaml_parser_delete(&parser);
	if (!ok)
		access_fini(out);
	return ok;
}
