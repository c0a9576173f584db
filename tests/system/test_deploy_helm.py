# SPDX-License-Identifier: Apache-2.0
"""The Helm chart: linted, rendered, refused where values are wrong, and installed into a real
kube-apiserver, whose stored objects are judged. The suite `deploy` of tests/run; it builds helm and
Kubernetes once."""

import copy
import json
import os
import re
import subprocess

import pytest
import yaml
from kube.cluster import API_PORT, RBAC, Cluster, Refused
from lib.helm import CHART, Helm, ci, documents, find
from lib.heliograph import program

_TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VALUES = ("host", "pod", "nodes")

LEAST = {"config": {"local_as": 64512, "kafka": {"brokers": "k:9092"},
                    "peers": [{"address": "192.0.2.1", "as": 65001}]}}


def _with(**more):
    """LEAST with values merged in."""
    def merge(into, part):
        for key, value in part.items():
            into[key] = merge(into.get(key, {}), value) if isinstance(value, dict) else value
        return into
    return merge(copy.deepcopy(LEAST), more)


@pytest.fixture(scope="module")
def helm(run_folder):
    folder = os.path.join(run_folder, "helm")
    os.makedirs(folder)
    return Helm(folder)


# --- rendering -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VALUES)
def test_helm_lint_finds_nothing(helm, name):
    helm.good("lint", "--strict", CHART, "-f", ci(name))


def test_what_is_derived_is_up_to_date(helm):
    env = {**os.environ, "HELM": helm.binary, "HELIO_BIN": os.path.dirname(program("heliographd"))}
    done = subprocess.run([os.path.join(_TOP, "deploy", "render"), "--check"], env=env,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _check(config, tmp_path, **environment):
    path = tmp_path / "heliograph.yaml"
    path.write_text(config)
    done = subprocess.run([program("heliographd"), "--effective", str(path)], capture_output=True,
                          text=True, check=False, env={**os.environ, **environment})
    assert done.returncode == 0, f"{config}\n{done.stderr}"
    return done.stdout


def test_both_replicas_read_one_file_and_have_ids_and_addresses_of_their_own(helm, tmp_path):
    config = find(helm.render("-f", ci("host")), "ConfigMap")["data"]["heliograph.yaml"]
    first = _check(config, tmp_path, HOST_IP="192.0.2.11", POD_IP="192.0.2.11")
    second = _check(config, tmp_path, HOST_IP="192.0.2.12", POD_IP="192.0.2.12")
    assert "router_id: 192.0.2.11  #" in first and "http: \"192.0.2.11:8179\"  #" in first
    assert "router_id: 192.0.2.12  #" in second and "http: \"192.0.2.12:8179\"  #" in second


def test_replicas_find_each_other_by_the_service_unless_the_values_say_who_they_are(helm, tmp_path):
    def replicas(*more):
        objects = helm.render("-f", ci("host"), *more)
        config = yaml.safe_load(find(objects, "ConfigMap")["data"]["heliograph.yaml"])
        return objects, config.get("replicas")

    objects, default = replicas()
    service = find(objects, "Service", default[0].split(":")[0])["spec"]
    assert default == [f"heliograph-http:{service['ports'][0]['port']}"]
    assert service["clusterIP"] == "None" and service["publishNotReadyAddresses"]
    pod = find(objects, "Deployment", "heliograph")["spec"]["template"]["spec"]
    assert pod["dnsPolicy"] == "ClusterFirstWithHostNet"  # or a pod on the node's network would ask the node's DNS
    assert 'replicas: ["heliograph-http:8179"]  #' in _check(
        find(objects, "ConfigMap")["data"]["heliograph.yaml"], tmp_path, HOST_IP="192.0.2.11", POD_IP="192.0.2.11")
    assert replicas("--set", "http.port=9179")[1] == ["heliograph-http:9179"]
    assert replicas("--set", "config.replicas={192.0.2.11:8179}")[1] == ["192.0.2.11:8179"]
    assert not replicas("--set-json", "config.replicas=[]")[1]


def test_an_ipv6_pod_serves_http_on_its_address(helm, tmp_path):
    config = find(helm.render("-f", ci("host")), "ConfigMap")["data"]["heliograph.yaml"]
    text = _check(config, tmp_path, HOST_IP="192.0.2.11", POD_IP="2001:db8::7")
    assert "http: \"[2001:db8::7]:8179\"" in text


def test_values_pass_through_as_they_are(helm, tmp_path):
    objects = helm.render("-f", ci("pod"))
    config = find(objects, "ConfigMap", "heliograph")["data"]["heliograph.yaml"]
    text = _check(config, tmp_path, HOST_IP="192.0.2.11", POD_IP="10.244.0.7")
    with open(ci("pod"), encoding="utf-8") as f:
        wanted = yaml.safe_load(f)["config"]
    assert {k: v for k, v in yaml.safe_load(config).items() if k in wanted} == wanted
    for line in ("local_as: 4200000001  ", "peers[0].hold_time: 9s  ",
                 "kafka.properties.socket.timeout.ms: 10000000  ",
                 "peers[0].password_file: /etc/heliograph/md5/tors  "):
        assert line in text, line


def test_named_nodes_have_files_of_their_own_and_no_other_node_gets_a_replica(helm, tmp_path):
    objects = helm.render("-f", ci("nodes"))
    data = find(objects, "ConfigMap")["data"]
    assert sorted(data) == ["infra-1.yaml", "infra-2.example.net.yaml"]
    text = _check(data["infra-2.example.net.yaml"], tmp_path, POD_IP="2001:db8::12")
    assert "router_id: 10.255.0.2  #" in text and "listen: [\"[2001:db8::12]:179\"]  #" in text
    spec = find(objects, "Deployment", "heliograph")["spec"]["template"]["spec"]
    assert spec["containers"][0]["args"][1] == "/etc/heliograph/config/$(NODE_NAME).yaml"
    assert [p["name"] for p in spec["containers"][0]["ports"]] == ["http"]  # BGP: what listen says
    terms = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert [t["matchFields"][0]["values"] for t in terms["nodeSelectorTerms"]] == \
        [["infra-1"], ["infra-2.example.net"]]


def test_a_change_of_the_configuration_replaces_the_pods_and_a_change_of_labels_does_not(helm):
    def checksum(*more):
        objects = helm.render("-f", ci("host"), *more)
        return find(objects, "Deployment", "heliograph")["spec"]["template"]["metadata"]

    assert checksum() == checksum("--set", "prometheusRule.labels.a=b", "--set", "feed.enabled=false")
    assert checksum() != checksum("--set", "config.local_as=64513")


def test_all_that_a_pod_uses_is_made_or_named_in_the_values(helm):
    for name in VALUES:
        objects = helm.render("-f", ci(name))
        for deployment in (o for o in objects if o["kind"] == "Deployment"):
            spec = deployment["spec"]["template"]["spec"]
            find(objects, "ServiceAccount", spec["serviceAccountName"])
            volumes = {v["name"] for v in spec.get("volumes", [])}
            mounts = {m["name"] for m in spec["containers"][0].get("volumeMounts", [])}
            assert volumes == mounts, f"{name}: {deployment['metadata']['name']}"
            paths = [m["mountPath"] for m in spec["containers"][0].get("volumeMounts", [])]
            for path in paths:  # a mount inside a read-only one cannot be made
                assert not [p for p in paths if p != path and path.startswith(p + "/")]


def test_replicas_on_the_host_network_are_under_no_network_policy_and_none_is_made(helm):
    more = ["--set", "networkPolicy.enabled=true",
            "--set", "networkPolicy.kafkaTo[0].ipBlock.cidr=203.0.113.0/24"]
    policies = [o["metadata"]["name"] for o in helm.render("-f", ci("host"), *more)
                if o["kind"] == "NetworkPolicy"]
    assert policies == ["heliograph-feed"]


def _examples():
    """The blocks of deploy/README.md that are values."""
    with open(os.path.join(_TOP, "deploy", "README.md"), encoding="utf-8") as f:
        blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", f.read(), re.MULTILINE)
    found = []
    for block in blocks:
        try:
            values = yaml.safe_load(block)
        except yaml.YAMLError:
            continue
        if isinstance(values, dict) and set(values) & {"config", "nodes", "serviceMonitor"}:
            found.append(values)
    return found


def test_the_readmes_examples_are_values_of_this_chart(helm, tmp_path):
    examples = _examples()
    assert len(examples) == 4
    whole = next(e for e in examples if "local_as" in e.get("config", {}))
    for example in examples:
        values = copy.deepcopy(whole)
        values.update(example)
        values["config"] = {**whole["config"], **example.get("config", {})}
        values["config"]["kafka"] = {**whole["config"]["kafka"], **values["config"]["kafka"]}
        objects = helm.render("-f", helm.values("example", values))
        for text in find(objects, "ConfigMap", "heliograph")["data"].values():
            _check(text, tmp_path, HOST_IP="192.0.2.11", POD_IP="192.0.2.11")


@pytest.fixture(scope="module")
def operator():
    """Judges an object by the Prometheus operator's own types: (exit code, what it says)."""
    built = subprocess.run([os.path.join(_TOP, "tests", "system", "kube", "build-operator")],
                           stdout=subprocess.PIPE, text=True, check=False)
    assert built.returncode == 0, "the operator's judge could not be built"

    def judge(obj):
        done = subprocess.run([built.stdout.strip()], input=json.dumps(obj), capture_output=True,
                              text=True, check=False)
        return done.returncode, done.stderr
    return judge


def test_the_prometheus_operator_knows_every_field_of_its_objects(helm, operator):
    objects = helm.render("-f", ci("pod"), "--set", "prometheusRule.runbooks=https://wiki.example.net/r")
    monitor, rule = find(objects, "ServiceMonitor"), find(objects, "PrometheusRule")
    assert operator(monitor) == (0, "") and operator(rule) == (0, "")
    assert operator({**monitor, "spec": {**monitor["spec"], "endpoint": []}})[0] == 1
    first = rule["spec"]["groups"][0]["rules"][0]
    assert first["annotations"]["runbook_url"] == "https://wiki.example.net/r#heliographdown"
    # The monitor finds both Services, by the port's name.
    for service in (o for o in objects if o["kind"] == "Service"):
        assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
        assert monitor["spec"]["endpoints"][0]["port"] in [p["name"] for p in service["spec"]["ports"]]


def test_a_policy_opens_the_ports_that_are_listened_on(helm):
    def ports(*more):
        policy = find(helm.render("-f", ci("pod"), *more), "NetworkPolicy", "heliograph")
        return [p["port"] for p in policy["spec"]["ingress"][0]["ports"]]

    assert ports() == [179]
    assert ports("--set", "network.bgpPort=1179") == [1179]
    assert ports("--set", "config.listen={0.0.0.0:1790,[::]:1791}") == [1790, 1791]
    assert ports("--set", "nodes.n1.listen={0.0.0.0:1792}") == [179, 1792]


def test_a_policy_lets_the_replicas_compare_their_routes(helm):
    spec = find(helm.render("-f", ci("pod")), "NetworkPolicy", "heliograph")["spec"]
    replicas = {"podSelector": spec["podSelector"]}
    http = [{"protocol": "TCP", "port": 8179}]
    assert [rule["ports"] for rule in spec["ingress"] if replicas in rule["from"]] == [http]
    assert [rule["ports"] for rule in spec["egress"] if replicas in rule["to"]] == [http]


# --- refusals --------------------------------------------------------------------------------

WRONG = [
    ("no configuration", {}, ["config", "local_as"]),
    ("a key that is misspelt", _with(config={"pers": []}), ["/config", "pers"]),
    ("a key of the chart that is misspelt", _with(replica=3), ["replica"]),
    ("a word that is none", _with(config={"advertise": {"cluster_ip_policy": "local"}}),
     ["cluster_ip_policy", "external", "internal", "either"]),
    ("a number out of bounds", _with(config={"views": {"v": {"spread": 65}}}), ["spread", "64"]),
    ("a prefix that is none", _with(config={"advertise": {"cluster_ips": ["10.96.0.0"]}}),
     ["cluster_ips"]),
    ("a switch that is a text", _with(config={"advertise": {"pod_cidrs": "no"}}), ["pod_cidrs", "boolean"]),
    ("what the chart sets itself", _with(config={"http": "127.0.0.1:8179"}), ["/config", "http"]),
    ("a key inside a peer", {"config": {**LEAST["config"], "peers": [{"adress": "192.0.2.1", "as": 1}]}},
     ["peers/0", "adress"]),
    ("a network that is none", _with(network={"mode": "bridge"}), ["network/mode", "host", "pod"]),
    ("two heliofeeds", _with(feed={"replicas": 2}), ["/feed", "replicas"]),
    ("a state that is none", _with(state={"type": "pvc"}), ["state/type", "emptyDir", "hostPath", "claim"]),
    ("pods whose addresses change", _with(network={"mode": "pod"}),
     ["ToRs are configured with addresses", "network.annotations"]),
    ("a broker inside one process", _with(config={"kafka": {"brokers": "embedded"}}),
     ["config.kafka.brokers: embedded", "host:port"]),
    ("a policy that cuts off Kafka", _with(networkPolicy={"enabled": True}), ["networkPolicy.kafkaTo"]),
    ("a policy that cuts off the ToRs", _with(
        networkPolicy={"enabled": True}, network={"mode": "pod", "annotations": {"a": "b"}}),
     ["networkPolicy.torCIDRs"]),
    ("a claim without a name", _with(state={"type": "claim"}), ["state.claim"]),
    ("a node's name that cannot be one", _with(nodes={"Infra_1": {"router_id": "10.0.0.1"}}), ["Infra_1"]),
]


@pytest.mark.parametrize("what,values,words", WRONG, ids=[w[0].replace(" ", "-") for w in WRONG])
def test_values_that_cannot_work_are_refused_with_their_place(helm, what, values, words):
    text = helm.refused("template", "heliograph", CHART, "-f", helm.values("wrong", values))
    for word in words:
        assert word in text, f"{what}: no {word!r} in:\n{text}"


def test_the_least_that_must_be_said_is_enough(helm):
    helm.render("-f", helm.values("least", LEAST))


# --- a real API server -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster(net, run_folder):
    made = Cluster(net["core"], os.path.join(run_folder, "deploy-kube"))
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture(scope="module")
def installer(cluster, run_folder):
    kubeconfig = os.path.join(cluster.folder, "kubeconfig")
    with open(kubeconfig, "w", encoding="utf-8") as f:
        json.dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "a",
            "clusters": [{"name": "a", "cluster": {
                "server": f"https://127.0.0.1:{API_PORT}",
                "certificate-authority": os.path.join(cluster.folder, "ca.crt")}}],
            "users": [{"name": "a", "user": {"token": "admin-token"}}],
            "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}]}, f)
    folder = os.path.join(run_folder, "helm-install")
    os.makedirs(folder)
    return Helm(folder, cluster.space, kubeconfig)


# The Prometheus operator's resources are not there, so these two are left out.
CORE_ONLY = ["--set", "serviceMonitor.enabled=false", "--set", "prometheusRule.enabled=false"]

_PATHS = {
    "ConfigMap": "/api/v1/namespaces/{}/configmaps", "Service": "/api/v1/namespaces/{}/services",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "Namespace": "/api/v1/namespaces",
}


def _collection(obj):
    return _PATHS[obj["kind"]].format(obj["metadata"].get("namespace"))


def _stored(cluster, obj):
    return cluster.ask("GET", f"{_collection(obj)}/{obj['metadata']['name']}")


def _missing(wanted, stored, where=""):
    """What of `wanted` the server does not have: it drops fields that it does not know."""
    if isinstance(wanted, dict):
        return [m for key, value in wanted.items() if value is not None
                for m in ([f"{where}.{key}"] if not isinstance(stored, dict) or key not in stored
                          else _missing(value, stored[key], f"{where}.{key}"))]
    if isinstance(wanted, list):
        if not isinstance(stored, list) or len(wanted) != len(stored):
            return [where]
        return [m for i, value in enumerate(wanted) for m in _missing(value, stored[i], f"{where}[{i}]")]
    return [] if wanted == stored else [f"{where}: {wanted!r} became {stored!r}"]


@pytest.mark.parametrize("name", VALUES)
def test_the_api_server_keeps_everything_that_is_installed(cluster, installer, name):
    namespace = cluster.namespace(f"install-{name}")
    installer.good("install", "heliograph", CHART, "-n", namespace, "-f", ci(name), *CORE_ONLY)
    objects = documents(installer.good("get", "manifest", "heliograph", "-n", namespace))
    assert len(objects) >= 9
    for obj in objects:
        stored = _stored(cluster, obj)
        # Strict: a field that this version of Kubernetes does not know, or that stands twice, is refused.
        cluster.ask("PUT", f"{_collection(obj)}/{obj['metadata']['name']}?fieldValidation=Strict&dryRun=All",
                    {**obj, "metadata": {**obj["metadata"],
                                         "resourceVersion": stored["metadata"]["resourceVersion"]}})
        assert _missing(obj, stored) == [], obj["kind"]
    installer.good("uninstall", "heliograph", "-n", namespace)
    for obj in objects:
        with pytest.raises(Refused) as refused:
            _stored(cluster, obj)
        assert refused.value.status == 404, obj["kind"]


def test_plain_manifests_apply_as_they_are(cluster):
    for name in ("namespace", "pod"):
        with open(os.path.join(_TOP, "deploy", "manifests", f"{name}.yaml"), encoding="utf-8") as f:
            for obj in documents(f.read()):
                cluster.ask("POST", f"{_collection(obj)}?fieldValidation=Strict", obj)
    with open(os.path.join(_TOP, "deploy", "manifests", "host.yaml"), encoding="utf-8") as f:
        for obj in documents(f.read()):
            stored = _stored(cluster, obj)
            cluster.ask("PUT", f"{_collection(obj)}/{obj['metadata']['name']}?fieldValidation=Strict&dryRun=All",
                        {**obj, "metadata": {**obj["metadata"],
                                             "resourceVersion": stored["metadata"]["resourceVersion"]}})


def test_an_upgrade_changes_what_is_stored_and_a_rollback_brings_it_back(cluster, installer):
    namespace = cluster.namespace("upgrade")

    def template():
        return _stored(cluster, {"kind": "Deployment", "metadata": {
            "namespace": namespace, "name": "heliograph"}})["spec"]["template"]

    installer.good("install", "heliograph", CHART, "-n", namespace, "-f", ci("host"))
    first = template()
    installer.good("upgrade", "heliograph", CHART, "-n", namespace, "-f", ci("host"),
                   "--set", "config.local_as=64999", "--set", "image.tag=next")
    assert template() != first
    assert template()["spec"]["containers"][0]["image"] == "heliograph:next"
    installer.good("rollback", "heliograph", "-n", namespace)
    assert template() == first


@pytest.mark.parametrize("values,more,words", [
    ("host", [], ["node's address, TCP port 1790.", "are called by heliographd and need nothing",
                  "must call port 1790"]),
    ("host", ["--set", "network.bgpPort=179"],
     ["TCP port 179.", "sysctl net.ipv4.ip_unprivileged_port_start=179"]),
    ("pod", [], ["the address that network.annotations give it, TCP port 179."]),
    ("nodes", [], ["node's address, where `listen` says"])])
def test_the_installation_says_how_tors_reach_the_replicas(installer, values, more, words):
    text = installer.good("install", "heliograph", CHART, "-n", "default", "-f", ci(values), *CORE_ONLY,
                          "--dry-run=client", *more)
    notes = text.split("\nNOTES:\n")[1]
    for word in words:
        assert word in notes, notes
    assert "\n\n\n" not in notes and notes.strip().endswith("helioctl summary"), notes


def _pod_of(cluster, installer, values, *more):
    """The pod that the Deployment's template makes, as its controller would post it."""
    template = find(installer.render("-f", ci(values), *more), "Deployment", "heliograph")["spec"]["template"]
    return {"apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
            "metadata": {"name": "one", **template["metadata"]}}


def _namespace_of_level(cluster, level):
    name = f"level-{level}"
    try:
        cluster.ask("POST", "/api/v1/namespaces", {"metadata": {
            "name": name, "labels": {"pod-security.kubernetes.io/enforce": level}}})
    except Refused as refused:
        assert refused.status == 409
    return f"/api/v1/namespaces/{name}/pods?dryRun=All&fieldValidation=Strict"


def test_pods_with_an_address_of_their_own_keep_to_the_strictest_pod_security_standard(cluster, installer):
    pod = _pod_of(cluster, installer, "pod")
    assert {"name": "net.ipv4.ip_unprivileged_port_start", "value": "179"} in \
        pod["spec"]["securityContext"]["sysctls"]
    cluster.ask("POST", _namespace_of_level(cluster, "restricted"), pod)


def test_heliofeed_keeps_to_the_strictest_pod_security_standard(cluster, installer):
    template = find(installer.render("-f", ci("pod")), "Deployment", "heliograph-feed")["spec"]["template"]
    cluster.ask("POST", _namespace_of_level(cluster, "restricted"), {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one", **template["metadata"]},
        "spec": template["spec"]})


def test_pods_on_the_host_network_are_refused_for_that_and_for_nothing_else(cluster, installer):
    pod = _pod_of(cluster, installer, "host")
    with pytest.raises(Refused) as refused:
        cluster.ask("POST", _namespace_of_level(cluster, "restricted"), pod)
    text = str(refused.value)
    assert "host namespaces (hostNetwork=true)" in text and "hostPort" in text
    for word in ("runAsNonRoot", "capabilities", "allowPrivilegeEscalation", "seccompProfile"):
        assert word not in text
    cluster.ask("POST", _namespace_of_level(cluster, "privileged"), pod)


def test_the_host_network_takes_no_sysctl_of_a_pod(cluster, installer):
    pod = _pod_of(cluster, installer, "host")
    assert "sysctls" not in pod["spec"]["securityContext"]
    pod["spec"]["securityContext"]["sysctls"] = [
        {"name": "net.ipv4.ip_unprivileged_port_start", "value": "179"}]
    with pytest.raises(Refused) as refused:
        cluster.ask("POST", _namespace_of_level(cluster, "privileged"), pod)
    assert "hostNetwork" in str(refused.value)


def test_heliofeed_may_read_four_resources_and_heliographd_nothing(cluster, installer):
    namespace = cluster.namespace("rights")
    installer.good("install", "heliograph", CHART, "-n", namespace, "-f", ci("host"))

    def token(account):
        return cluster.ask("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token",
                           {"spec": {"expirationSeconds": 3600}})["status"]["token"]

    feed, reflector = token("heliograph-feed"), token("heliograph")
    readable = ("/api/v1/nodes", "/api/v1/services", "/apis/networking.k8s.io/v1/servicecidrs",
                "/apis/discovery.k8s.io/v1/endpointslices")
    for path in readable:
        cluster.ask("GET", path, token=feed)
    refusals = [("GET", path, reflector) for path in readable] + [
        ("GET", "/api/v1/secrets", feed), ("GET", "/api/v1/pods", feed), ("GET", "/api/v1/configmaps", feed),
        ("DELETE", "/api/v1/nodes", feed)]
    for method, path, account in refusals:
        with pytest.raises(Refused) as refused:
            cluster.ask(method, path, token=account)
        assert refused.value.status == 403, path


def test_the_chart_gives_heliofeed_what_the_plain_file_gives_it(helm):
    with open(RBAC, encoding="utf-8") as f:
        plain = documents(f.read())
    chart = helm.render("-f", ci("host"))
    role = find(chart, "ClusterRole")
    assert role["rules"] == find(plain, "ClusterRole")["rules"]
    account = find(chart, "ServiceAccount", "heliograph-feed")
    assert account["automountServiceAccountToken"] == find(plain, "ServiceAccount")["automountServiceAccountToken"]
    binding = find(chart, "ClusterRoleBinding")
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "heliograph-feed",
                                    "namespace": "heliograph"}]
    assert find(plain, "ClusterRoleBinding")["subjects"][0]["namespace"] == "heliograph"
