/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the Kubernetes API is and with what credentials it is asked: from a kubeconfig, or from
 * what a pod is given. Made once at the start; tokens in files are read again for each request,
 * because they expire. Read by the transport.
 */
#pragma once

#include "core/must.h"

#include <stdbool.h>
#include <stddef.h>

#define ACCESS_ERROR_MAX 512

struct access_blob {
	char *bytes; /* NULL: none */
	size_t n;
};

struct access {
	char *server; /* "https://host:port", without a slash at its end */
	/* Of each pair at most one is set. PEM. */
	char *ca_file, *cert_file, *key_file;
	struct access_blob ca, cert, key;
	char *token_file, *token;
};

void access_fini(struct access *a);

/* As the service account of a pod. environment and root are the process's and "" but in tests. */
bool access_from_pod(struct access *out, const char *root, char *error) MUST_USE;
bool access_in_pod(void);

/*
 * From the text of a kubeconfig (YAML or JSON). context: NULL for its current-context. dir is where
 * relative paths in it begin. What it asks for and this program does not do (exec plugins,
 * passwords, unverified TLS) is an error, never passed over. error: ACCESS_ERROR_MAX bytes.
 */
bool kubeconfig_parse(const char *text, size_t n, const char *dir, const char *context,
    struct access *out, char *error) MUST_USE;
bool access_from_kubeconfig(
    struct access *out, const char *path, const char *context, char *error) MUST_USE;

/* The token of now, or NULL where there is none; heap. False: the file cannot be read. */
bool access_token(const struct access *a, char **out, char *error) MUST_USE;

/* Standard base64; white space is skipped. False: malformed. The bytes get a NUL behind them. */
bool base64_decode(const char *text, struct access_blob *out) MUST_USE;
