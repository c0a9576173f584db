/* SPDX-License-Identifier: Apache-2.0 */
#include "build.h"
#include "feed/access.h"

#include <stdio.h>
#include <stdlib.h>

static const char whole[] =
    "apiVersion: v1\n"
    "kind: Config\n"
    "current-context: one\n"
    "contexts:\n"
    "- {name: one, context: {cluster: c, user: u, namespace: x}}\n"
    "- {name: two, context: {cluster: data, user: cert}}\n"
    "- {name: three, context: {cluster: c, user: nobody}}\n"
    "clusters:\n"
    "- {name: c, cluster: {server: 'https://k:6443/', certificate-authority: pki/ca.crt}}\n"
    "- name: data\n"
    "  cluster:\n"
    "    server: https://[fd00::1]:6443\n"
    "    certificate-authority-data: Q0EgUEVN\n"
    "users:\n"
    "- {name: u, user: {token: fixed, tokenFile: /run/token}}\n"
    "- name: cert\n"
    "  user: {client-certificate: /pki/me.crt, client-key-data: S0VZ}\n";

static void
the_current_context_is_taken(void **state)
{
	char error[ACCESS_ERROR_MAX];
	struct access a;

	(void)state;
	assert_true(kubeconfig_parse(whole, strlen(whole), "/etc/k", NULL, &a, error));
	assert_string_equal(a.server, "https://k:6443");
	assert_string_equal(a.ca_file, "/etc/k/pki/ca.crt");
	assert_string_equal(a.token_file, "/run/token"); /* it wins: it can be renewed */
	assert_null(a.token);
	assert_null(a.cert_file);
	access_fini(&a);
}

static void
a_named_context_with_data_in_it_is_taken(void **state)
{
	char error[ACCESS_ERROR_MAX];
	struct access a;

	(void)state;
	assert_true(kubeconfig_parse(whole, strlen(whole), ".", "two", &a, error));
	assert_string_equal(a.server, "https://[fd00::1]:6443");
	assert_int_equal(a.ca.n, 6);
	assert_memory_equal(a.ca.bytes, "CA PEM", 6);
	assert_string_equal(a.cert_file, "/pki/me.crt");
	assert_memory_equal(a.key.bytes, "KEY", 3);
	assert_null(a.token_file);
	access_fini(&a);
}

static void
json_is_a_kubeconfig_too(void **state)
{
	static const char text[] =
	    "{\"current-context\":\"a\",\"contexts\":[{\"name\":\"a\",\"context\":{\"cluster\":\"b\"}}],"
	    "\"clusters\":[{\"name\":\"b\",\"cluster\":{\"server\":\"http://127.0.0.1:8001\"}}]}";
	char error[ACCESS_ERROR_MAX];
	struct access a;

	(void)state;
	assert_true(kubeconfig_parse(text, strlen(text), ".", NULL, &a, error));
	assert_string_equal(a.server, "http://127.0.0.1:8001");
	access_fini(&a);
}

static void
what_is_not_done_is_refused_by_name(void **state)
{
	static const struct {
		const char *cluster, *user, *says;
	} bad[] = {
	    {"server: https://k", "exec: {command: x}", "exec plugins"},
	    {"server: https://k", "auth-provider: {name: gcp}", "auth-provider"},
	    {"server: https://k", "username: a, password: b", "username"},
	    {"server: https://k", "as: root", "impersonation"},
	    {"server: https://k", "client-certificate: a.crt", "client-key"},
	    {"server: https://k", "client-key-data: '%%'", "base64"},
	    {"server: https://k, insecure-skip-tls-verify: true", "token: x", "insecure"},
	    {"server: https://k, proxy-url: x", "token: x", "proxy-url"},
	    {"server: https://k, tls-server-name: x", "token: x", "tls-server-name"},
	    {"server: http://10.0.0.1", "token: x", "https://"},
	    {"server: ftp://k", "token: x", "https://"},
	    {"certificate-authority: x", "token: x", "no server"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		char text[1000], error[ACCESS_ERROR_MAX] = "";
		struct access a;

		snprintf(text, sizeof(text),
		    "current-context: x\ncontexts: [{name: x, context: {cluster: x, user: x}}]\n"
		    "clusters: [{name: x, cluster: {%s}}]\nusers: [{name: x, user: {%s}}]\n",
		    bad[i].cluster, bad[i].user);
		assert_false(kubeconfig_parse(text, strlen(text), ".", NULL, &a, error));
		assert_non_null(strstr(error, bad[i].says));
	}
}

static void
what_is_no_kubeconfig_is_refused(void **state)
{
	static const char *const bad[] = {"", "- 1\n", "a: [", "current-context: x\n",
	    "kind: Config\n", "contexts: 5\ncurrent-context: x\n", "&a [*a, *a]", "\xff\xfe",
	    "current-context: x\ncontexts: [{name: x}]\n",
	    "current-context: x\ncontexts: [{name: x, context: {cluster: y}}]\n"};
	char error[ACCESS_ERROR_MAX];
	struct access a;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(kubeconfig_parse(bad[i], strlen(bad[i]), ".", NULL, &a, error));
	assert_false(kubeconfig_parse(whole, strlen(whole), ".", "three", &a, error));
	assert_non_null(strstr(error, "nobody"));
	assert_false(kubeconfig_parse(whole, strlen(whole), ".", "four", &a, error));
	assert_non_null(strstr(error, "four"));
}

static void
base64_is_decoded_and_checked(void **state)
{
	struct access_blob b;

	(void)state;
	assert_true(base64_decode("aGVs\nbG8=", &b));
	assert_string_equal(b.bytes, "hello");
	free(b.bytes);
	assert_true(base64_decode("", &b));
	assert_int_equal(b.n, 0);
	free(b.bytes);
	assert_false(base64_decode("aGVsbG8", &b));
	assert_false(base64_decode("aGV=bG8=", &b));
	assert_false(base64_decode("a-b_", &b));
}

static void
a_pod_reads_its_token_from_the_file_each_time(void **state)
{
	char root[] = "/tmp/helio-feed-XXXXXX", path[200], error[ACCESS_ERROR_MAX], *token;
	struct access a;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(root));
	snprintf(path, sizeof(path), "mkdir -p %s/var/run/secrets/kubernetes.io/serviceaccount",
	    root);
	assert_int_equal(system(path), 0);
	setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
	setenv("KUBERNETES_SERVICE_PORT", "443", 1);
	assert_false(access_from_pod(&a, root, error));
	assert_non_null(strstr(error, "token"));
	snprintf(
	    path, sizeof(path), "%s/var/run/secrets/kubernetes.io/serviceaccount/token", root);
	for (unsigned i = 0; i < 2; i++) {
		f = fopen(path, "w");
		assert_non_null(f);
		fprintf(f, "token-%u\n", i);
		fclose(f);
		if (i == 0)
			assert_true(access_from_pod(&a, root, error));
	}
	assert_string_equal(a.server, "https://[fd00::1]:443");
	assert_true(access_token(&a, &token, error));
	assert_string_equal(token, "token-1");
	free(token);
	access_fini(&a);
	snprintf(path, sizeof(path), "rm -r %s", root);
	assert_int_equal(system(path), 0);
	unsetenv("KUBERNETES_SERVICE_HOST");
	assert_false(access_from_pod(&a, root, error));
	assert_non_null(strstr(error, "--kubeconfig"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_current_context_is_taken),
	    cmocka_unit_test(a_named_context_with_data_in_it_is_taken),
	    cmocka_unit_test(json_is_a_kubeconfig_too),
	    cmocka_unit_test(what_is_not_done_is_refused_by_name),
	    cmocka_unit_test(what_is_no_kubeconfig_is_refused),
	    cmocka_unit_test(base64_is_decoded_and_checked),
	    cmocka_unit_test(a_pod_reads_its_token_from_the_file_each_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
