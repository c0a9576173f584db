# SPDX-License-Identifier: Apache-2.0
"""A real kube-apiserver with its etcd, on a namespace's loopback, and heliofeed beside it.

No controllers run: what they would make (slices, node conditions) the tests make themselves. The
right to read comes from deploy/feed-rbac.yaml and from nowhere else.
"""

import json
import os
import ssl
import subprocess
import http.client

from lib.heliograph import program
from lib.proc import SANITIZER_WORDS, Process
from lib.wait import eventually

_HERE = os.path.dirname(os.path.abspath(__file__))
_TOP = os.path.dirname(os.path.dirname(os.path.dirname(_HERE)))
RBAC = os.path.join(_TOP, "deploy", "feed-rbac.yaml")

API_PORT = 6443
ETCD_PORT = 2379
FEED_PORT = 8180

CALICO_GROUP = "crd.projectcalico.org"
CALICO = {"bgpconfigurations": "BGPConfiguration", "bgppeers": "BGPPeer",
          "bgpfilters": "BGPFilter", "ippools": "IPPool"}
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices"

_KEYS = """
set -e
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=test-ca -keyout ca.key -out ca.crt
openssl req -newkey rsa:2048 -nodes -subj /CN=kube-apiserver -keyout api.key -out api.csr
printf 'subjectAltName=IP:127.0.0.1\\nextendedKeyUsage=serverAuth\\n' >ext
openssl x509 -req -in api.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile ext -out api.crt
openssl genrsa -traditional -out sa.key 2048
openssl rsa -in sa.key -pubout -out sa.pub
echo admin-token,admin,admin,system:masters >tokens.csv
"""


class Refused(AssertionError):
    def __init__(self, status, text):
        super().__init__(f"HTTP {status}: {text[:500]}")
        self.status = status


class Cluster:
    """start() returns when it is ready. The two parts may be killed and started one by one."""

    def __init__(self, space, folder):
        self.space = space
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        built = subprocess.run([os.path.join(_HERE, "build")], stdout=subprocess.PIPE, text=True,
                               check=False)
        assert built.returncode == 0, "kube-apiserver could not be built"
        binaries = built.stdout.strip()
        keys = subprocess.run(["bash", "-c", _KEYS], cwd=folder, capture_output=True, text=True,
                              check=False)
        assert keys.returncode == 0, keys.stderr
        peer = f"http://127.0.0.1:{ETCD_PORT + 1}"
        client = f"http://127.0.0.1:{ETCD_PORT}"
        self.etcd = Process("etcd", [
            os.path.join(binaries, "etcd"), f"--data-dir={folder}/etcd", "--unsafe-no-fsync",
            f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}", "--log-level=warn"],
            os.path.join(folder, "etcd.log"), space)
        # No ServiceAccount admission: no controller makes the default accounts it asks for.
        self.api = Process("kube-apiserver", [
            os.path.join(binaries, "kube-apiserver"), f"--etcd-servers={client}",
            "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
            f"--secure-port={API_PORT}", "--tls-cert-file=api.crt",
            "--tls-private-key-file=api.key", "--client-ca-file=ca.crt",
            "--token-auth-file=tokens.csv", "--authorization-mode=RBAC",
            "--anonymous-auth=false", "--service-account-issuer=https://kubernetes.default.svc",
            "--service-account-key-file=sa.pub", "--service-account-signing-key-file=sa.key",
            "--service-cluster-ip-range=10.96.0.0/16", "--endpoint-reconciler-type=none",
            "--disable-admission-plugins=ServiceAccount", "--profiling=false"],
            os.path.join(folder, "apiserver.log"), space, cwd=folder)

    def start(self):
        if not self.etcd.running():
            self.etcd.popen = None
            self.etcd.start()
        if not self.api.running():
            self.api.popen = None
            self.api.start()
        eventually(self.ready, 120, every=0.2)
        return self

    def ready(self):
        assert self.api.running(), f"kube-apiserver ended:\n{self.api.log()[-3000:]}"
        try:
            return self._ask("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def stop(self):
        self.api.kill9()
        self.etcd.kill9()

    # --- asking -----------------------------------------------------------------------------

    def _ask(self, method, path, body=None, content="application/json", token="admin-token"):
        context = ssl.create_default_context(cafile=os.path.join(self.folder, "ca.crt"))
        connection = http.client.HTTPConnection("127.0.0.1", API_PORT, timeout=20)
        plain = self.space.connect("127.0.0.1", API_PORT, timeout=20)
        try:
            connection.sock = context.wrap_socket(plain, server_hostname="127.0.0.1")
            headers = {"Authorization": f"Bearer {token}", "Content-Type": content}
            if body is not None and not isinstance(body, (str, bytes)):
                body = json.dumps(body)
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()
            plain.close()

    def ask(self, method, path, body=None, content="application/json", token="admin-token"):
        status, text = self._ask(method, path, body, content, token)
        if status >= 300:
            raise Refused(status, text)
        return json.loads(text)

    def status_of(self, method, path):
        """Of an answer that may be a refusal."""
        return self._ask(method, path)[0]

    def compact_etcd(self):
        """Forget every version but the present ones: an older watch is answered with 410."""
        def post(path, body):
            connection = http.client.HTTPConnection("127.0.0.1", ETCD_PORT, timeout=20)
            connection.sock = self.space.connect("127.0.0.1", ETCD_PORT)
            try:
                connection.request("POST", path, json.dumps(body))
                answer = connection.getresponse()
                text = answer.read()
                assert answer.status == 200, text
                return json.loads(text)
            finally:
                connection.close()
        revision = post("/v3/kv/range", {"key": "AA=="})["header"]["revision"]
        post("/v3/kv/compaction", {"revision": revision, "physical": True})

    # --- objects ----------------------------------------------------------------------------

    def account(self, name, *rules):
        """A token of an account in namespace heliograph that has these rights."""
        binding = {"metadata": {"name": name},
                   "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                               "name": name},
                   "subjects": [{"kind": "ServiceAccount", "name": name,
                                 "namespace": "heliograph"}]}
        rbac = "/apis/rbac.authorization.k8s.io/v1/"
        accounts = "/api/v1/namespaces/heliograph/serviceaccounts"
        self.ask("POST", accounts, {"metadata": {"name": name}})
        self.ask("POST", rbac + "clusterroles", {"metadata": {"name": name}, "rules": list(rules)})
        self.ask("POST", rbac + "clusterrolebindings", binding)
        return self.ask("POST", f"{accounts}/{name}/token",
                        {"spec": {"expirationSeconds": 7200}})["status"]["token"]

    def set_rights(self, name, *rules):
        """The account of account() has these rights from now on, and no others."""
        self.ask("PATCH", f"/apis/rbac.authorization.k8s.io/v1/clusterroles/{name}",
                 {"rules": list(rules)}, "application/merge-patch+json")

    def allow_feed(self, folder):
        """The manifest applied as it is; the path of a file with a token of its account."""
        with open(RBAC, encoding="utf-8") as f:
            documents = f.read().split("\n---\n")
        paths = {"ServiceAccount": "/api/v1/namespaces/heliograph/serviceaccounts",
                 "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
                 "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"}
        self.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "heliograph"}})
        for document in documents:
            kind = next(l.split()[1] for l in document.splitlines() if l.startswith("kind:"))
            self.ask("POST", paths[kind] + "?fieldValidation=Strict", document, "application/yaml")
        token = self.ask("POST", paths["ServiceAccount"] + "/heliofeed/token",
                         {"spec": {"expirationSeconds": 7200}})["status"]["token"]
        path = os.path.join(folder, "token")
        with open(path, "w", encoding="ascii") as f:
            f.write(token)
        return path

    def namespace(self, name):
        self.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        return name

    def clear(self, namespace):
        self.ask("DELETE", "/api/v1/nodes")
        self.ask("DELETE", f"/api/v1/namespaces/{namespace}/services")
        self.ask("DELETE", SLICES.format(namespace))

    def node(self, name, address, **meta):
        self.ask("POST", "/api/v1/nodes", {"metadata": {"name": name, **meta}})
        return self.node_status(name, addresses=[{"type": "InternalIP", "address": address}],
                                conditions=[{"type": "Ready", "status": "True"}])

    def node_status(self, name, **status):
        return self.ask("PATCH", f"/api/v1/nodes/{name}/status", {"status": status},
                        "application/strategic-merge-patch+json")

    def label_node(self, name, **labels):
        return self.ask("PATCH", f"/api/v1/nodes/{name}", {"metadata": {"labels": labels}},
                        "application/merge-patch+json")

    def service(self, namespace, name, **more):
        spec = {"ports": [{"name": "http", "port": 80}], **more}
        return self.ask("POST", f"/api/v1/namespaces/{namespace}/services",
                        {"metadata": {"name": name}, "spec": spec})

    def slice(self, namespace, service, *nodes):
        """The service's slice: one ready endpoint on each of the nodes. Made, or replaced."""
        name = f"{service}-a"
        made = {"metadata": {"name": name, "labels": {"kubernetes.io/service-name": service}},
                "addressType": "IPv4", "ports": [{"name": "http", "port": 80}],
                "endpoints": [{"addresses": [f"10.244.0.{10 + i}"], "nodeName": node,
                               "conditions": {"ready": True}} for i, node in enumerate(nodes)]}
        path = SLICES.format(namespace)
        try:
            return self.ask("POST", path, made)
        except Refused as refused:
            assert refused.status == 409, refused
        return self.ask("PATCH", f"{path}/{name}", {"endpoints": made["endpoints"]},
                        "application/merge-patch+json")

    # --- Calico's -----------------------------------------------------------------------------

    def calico_install(self):
        """Its resource definitions, as loose as the API allows: what stands in them is Calico's affair."""
        for plural, kind in CALICO.items():
            self.ask("POST", CRDS, {
                "metadata": {"name": f"{plural}.{CALICO_GROUP}"},
                "spec": {"group": CALICO_GROUP, "scope": "Cluster",
                         "names": {"plural": plural, "singular": kind.lower(), "kind": kind,
                                   "listKind": f"{kind}List"},
                         "versions": [{"name": "v1", "served": True, "storage": True, "schema": {
                             "openAPIV3Schema": {"type": "object", "properties": {"spec": {
                                 "type": "object",
                                 "x-kubernetes-preserve-unknown-fields": True}}}}}]}})
        for plural in CALICO:
            eventually(lambda p=plural: self._ask("GET", self.calico_path(p))[0] == 200, 30)

    def calico_remove(self):
        for plural in CALICO:
            self._ask("DELETE", f"{CRDS}/{plural}.{CALICO_GROUP}")
        for plural in CALICO:
            eventually(lambda p=plural: self._ask("GET", self.calico_path(p))[0] == 404, 30)

    @staticmethod
    def calico_path(plural):
        return f"/apis/{CALICO_GROUP}/v1/{plural}"

    def calico(self, plural, name, **spec):
        """The object with this spec: made, or replaced; with the annotation that kubectl apply leaves."""
        applied = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(spec)}
        made = {"apiVersion": f"{CALICO_GROUP}/v1", "kind": CALICO[plural],
                "metadata": {"name": name, "annotations": applied}, "spec": spec}
        status, text = self._ask("GET", f"{self.calico_path(plural)}/{name}")
        if status == 404:
            return self.ask("POST", self.calico_path(plural), made)
        made["metadata"]["resourceVersion"] = json.loads(text)["metadata"]["resourceVersion"]
        return self.ask("PUT", f"{self.calico_path(plural)}/{name}", made)

    def calico_delete(self, plural, name):
        self.ask("DELETE", f"{self.calico_path(plural)}/{name}")

    def full_slice(self, namespace, service, number, endpoints, nodes):
        """A slice of so many ready endpoints, dealt out to the nodes n1, n2, ..."""
        address = lambda i: f"10.{200 + i // 65536}.{i // 256 % 256}.{i % 256}"
        first = number * endpoints
        self.ask("POST", SLICES.format(namespace), {
            "metadata": {"name": f"{service}-{number}",
                         "labels": {"kubernetes.io/service-name": service}},
            "addressType": "IPv4", "ports": [{"name": "http", "port": 80}],
            "endpoints": [{"addresses": [address(first + i)], "nodeName": f"n{i % nodes + 1}",
                           "conditions": {"ready": True}} for i in range(endpoints)]})

    def delete_service(self, namespace, name):
        self.ask("DELETE", f"/api/v1/namespaces/{namespace}/services/{name}")
        self.ask("DELETE", f"{SLICES.format(namespace)}/{name}-a")


class Feed(Process):
    """heliofeed on the cluster, with a kubeconfig that holds the account's token."""

    def __init__(self, cluster, token_file, folder, *options, port=FEED_PORT):
        os.makedirs(folder, exist_ok=True)
        self.port = port
        kubeconfig = os.path.join(folder, "kubeconfig")
        with open(kubeconfig, "w", encoding="utf-8") as f:
            f.write(f"""
apiVersion: v1
kind: Config
clusters:
  - name: test
    cluster:
      server: https://127.0.0.1:{API_PORT}
      certificate-authority: {cluster.folder}/ca.crt
users: [{{name: feed, user: {{tokenFile: {token_file}}}}}]
contexts: [{{name: test, context: {{cluster: test, user: feed}}}}]
current-context: test
""")
        super().__init__("heliofeed", [program("heliofeed"), "--kubeconfig", kubeconfig, "--http",
                                       f"127.0.0.1:{port}", *options],
                         os.path.join(folder, "heliofeed.log"), cluster.space)

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.sock = self.namespace.connect("127.0.0.1", self.port)
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError as error:
            raise AssertionError(f"GET {path}: {error}; the log:\n{self.log()[-3000:]}") from error
        finally:
            connection.close()

    def ready(self):
        assert self.running(), f"heliofeed ended:\n{self.log()[-3000:]}"
        status, text = self.get("/readyz")
        assert status == 200, text
        return True

    def wait_ready(self, timeout=40):
        eventually(self.ready, timeout)
        return self

    def metric(self, name):
        for line in self.get("/metrics")[1].splitlines():
            if line.split(" ")[0] == "heliofeed_" + name:
                return float(line.split(" ")[1])
        raise AssertionError(f"no heliofeed_{name}")

    def check_log(self):
        text = self.log()
        for word in (*SANITIZER_WORDS, "must(", "must failed"):
            assert word not in text, f"{word!r} in the log of heliofeed:\n{text[-6000:]}"
