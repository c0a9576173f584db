/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/access.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX    ((size_t)4 * 1024 * 1024)
#define ACCOUNT_DIR "/var/run/secrets/kubernetes.io/serviceaccount"

static bool refuse(char *error, const char *format, ...) PRINTF_LIKE(2);

static bool
refuse(char *error, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(error, ACCESS_ERROR_MAX, format, ap);
	va_end(ap);
	return false;
}

static void
free_secret(char *bytes, size_t n)
{
	if (bytes)
		explicit_bzero(bytes, n);
	free(bytes);
}

void
access_fini(struct access *a)
{
	free(a->server);
	free(a->ca_file);
	free(a->cert_file);
	free(a->key_file);
	free(a->token_file);
	free(a->ca.bytes);
	free(a->cert.bytes);
	free_secret(a->key.bytes, a->key.n);
	free_secret(a->token, a->token ? strlen(a->token) : 0);
	memset(a, 0, sizeof(*a));
}

/* A whole file with a NUL behind it. */
static bool
read_file(const char *path, struct access_blob *out, char *error)
{
	FILE *f = fopen(path, "re");
	size_t cap = 8192, n = 0, got;

	if (!f)
		return refuse(error, "%s: %s", path, strerror(errno));
	out->bytes = must_alloc(cap);
	while ((got = fread(out->bytes + n, 1, cap - n - 1, f)) > 0 && n < FILE_MAX) {
		n += got;
		if (cap - n < 2)
			out->bytes = must_realloc(out->bytes, cap *= 2);
	}
	bool ok = !ferror(f) && n < FILE_MAX;
	int problem = errno;

	fclose(f);
	out->bytes[n] = '\0';
	out->n = n;
	if (ok)
		return true;
	free(out->bytes);
	out->bytes = NULL;
	return refuse(error, "%s: %s", path, n < FILE_MAX ? strerror(problem) : "too long");
}

bool
access_token(const struct access *a, char **out, char *error)
{
	struct access_blob file;
	size_t n;

	*out = a->token ? must_strdup(a->token) : NULL;
	if (a->token || !a->token_file)
		return true;
	if (!read_file(a->token_file, &file, error))
		return false;
	n = strcspn(file.bytes, " \t\r\n");
	file.bytes[n] = '\0';
	*out = file.bytes;
	if (n > 0)
		return true;
	free(file.bytes);
	*out = NULL;
	return refuse(error, "%s: is empty", a->token_file);
}

/* --- in a pod --- */

bool
access_in_pod(void)
{
	return getenv("KUBERNETES_SERVICE_HOST") && getenv("KUBERNETES_SERVICE_PORT");
}

static char *
join(const char *a, const char *b, const char *c)
{
	char *text;

	if (asprintf(&text, "%s%s%s", a, b, c) < 0)
		die("out of memory");
	return text;
}

bool
access_from_pod(struct access *out, const char *root, char *error)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST");
	const char *port = getenv("KUBERNETES_SERVICE_PORT");
	char *token;

	memset(out, 0, sizeof(*out));
	if (!host || !port)
		return refuse(error,
		    "not in a pod: KUBERNETES_SERVICE_HOST and _PORT are not set; name a --kubeconfig");
	if (asprintf(&out->server, strchr(host, ':') ? "https://[%s]:%s" : "https://%s:%s",
	        host, port) < 0)
		die("out of memory");
	out->ca_file = join(root, ACCOUNT_DIR, "/ca.crt");
	out->token_file = join(root, ACCOUNT_DIR, "/token");
	if (!access_token(out, &token, error)) {
		access_fini(out);
		return false;
	}
	free_secret(token, strlen(token));
	return true;
}

bool
access_from_kubeconfig(struct access *out, const char *path, const char *context, char *error)
{
	struct access_blob file;
	char *dir, *slash, why[ACCESS_ERROR_MAX];
	bool ok;

	memset(out, 0, sizeof(*out));
	if (!read_file(path, &file, error))
		return false;
	dir = must_strdup(path);
	slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = '\0';
	ok = kubeconfig_parse(file.bytes, file.n, slash ? dir : ".", context, out, why);
	free(dir);
	free_secret(file.bytes, file.n);
	return ok ? true : refuse(error, "%.120s: %.380s", path, why);
}

/* --- base64 --- */

static int
sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool
base64_decode(const char *text, struct access_blob *out)
{
	char *bytes = must_alloc(strlen(text) / 4 * 3 + 4);
	unsigned held = 0, bits = 0, pads = 0, digits = 0;
	size_t n = 0;
	bool ok = true;

	for (; *text && ok; text++) {
		int v = sextet(*text);

		if (strchr(" \t\r\n", *text))
			continue;
		if (*text == '=') {
			pads++;
			continue;
		}
		ok = v >= 0 && pads == 0;
		held = held << 6 | ((unsigned)v & 63);
		bits += 6;
		digits++;
		if (bits >= 8) {
			bits -= 8;
			bytes[n++] = (char)(held >> bits);
		}
	}
	ok = ok && (digits + pads) % 4 == 0 && pads <= 2;
	bytes[n] = '\0';
	*out = (struct access_blob){.bytes = bytes, .n = n};
	if (ok)
		return true;
	free(bytes);
	*out = (struct access_blob){.bytes = NULL};
	return false;
}
