# SPDX-License-Identifier: Apache-2.0
"""heliofeed between a real kube-apiserver and a real Kafka, and what is left of its promises when
each of them, and it itself, is killed. The suite `feed` of tests/run; it builds Kubernetes once."""

import os
import signal
import time

import pytest
from kube.cluster import API_PORT, Refused
from kube.rig import cluster, rig, token  # pylint: disable=unused-import  # fixtures

from lib.heliograph import program
from lib.proc import Process
from lib.wait import always, eventually


# --- what arrives ----------------------------------------------------------------------------


def test_from_the_api_to_routes(rig):
    rig.lab.make_topic()
    rig.feed()
    helio = rig.lab.heliograph()
    for n in ("n1", "n2", "n3"):
        rig.cluster.node(n, rig.lab.net.v4(n))
    address = rig.service("web", "n1", "n2", type="NodePort", externalTrafficPolicy="Local")

    def hops(prefix):
        return sorted(p.next_hop for p in helio.paths() if p.prefix == prefix)

    v4 = rig.lab.net.v4
    eventually(lambda: hops(f"{address}/32") == [v4("n1"), v4("n2")])
    eventually(lambda: hops("10.96.0.0/12") == [v4("n1"), v4("n2"), v4("n3")])
    rig.cluster.slice(rig.namespace, "web", "n3")
    eventually(lambda: hops(f"{address}/32") == [v4("n3")])
    rig.cluster.delete_service(rig.namespace, "web")
    eventually(lambda: hops(f"{address}/32") == [])
    assert helio.metric("kafka_records_quarantined_total{reason=\"undecodable\"}") == 0


VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
READ = [("", "nodes"), ("", "services"), ("discovery.k8s.io", "endpointslices"),
        ("networking.k8s.io", "servicecidrs"),
        *[(group, plural) for group in ("crd.projectcalico.org", "projectcalico.org")
          for plural in ("bgpconfigurations", "bgppeers", "bgpfilters", "ippools")]]
UNREAD = [("", "secrets"), ("", "pods"), ("", "configmaps"), ("", "nodes/status"),
          ("crd.projectcalico.org", "felixconfigurations"), ("apps", "deployments")]


def test_the_manifest_allows_reading_what_is_followed_and_nothing_else(rig, token):
    with open(token, encoding="ascii") as f:
        account = f.read()

    def allowed(group, resource):
        return [verb for verb in VERBS if rig.cluster.ask(
            "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            {"spec": {"resourceAttributes": {"group": group, "resource": resource, "verb": verb}}},
            token=account)["status"]["allowed"]]

    for group, resource in READ:
        assert allowed(group, resource) == ["list", "watch"], (group, resource)
    for group, resource in UNREAD:
        assert allowed(group, resource) == [], (group, resource)
    rig.cluster.ask("GET", "/api/v1/nodes", token=account)
    for method, path in (("GET", "/api/v1/secrets"), ("GET", "/api/v1/nodes/n1"),
                         ("DELETE", "/api/v1/nodes")):
        with pytest.raises(Refused) as refused:
            rig.cluster.ask(method, path, token=account)
        assert refused.value.status == 403


def test_values_are_the_objects_without_what_nobody_reads(rig):
    rig.lab.make_topic(partitions=1)
    rig.cluster.node("n1", "192.0.2.1", annotations={"a.example/x": "keep-me-or-not",
                                                     "heliograph.io/weight": "2"})
    rig.cluster.node_status("n1", images=[{"names": ["i" * 300], "sizeBytes": 1}])
    rig.feed()
    kept = rig.lab.net["core"].run("kcat", "-C", "-q", "-e", "-b", rig.lab.broker.address, "-t",
                                   rig.lab.topic, "-f", "%k %s\n", data=b"").stdout
    assert b"nodes//n1 k8s\0" in kept and b"192.0.2.1" in kept and b"keep-me-or-not" in kept
    assert b"iiii" not in kept and b"fieldsv1" not in kept.lower()
    rig.feeds[0].stop()
    rig.feed("--strip-annotations")
    stripped = rig.lab.net["core"].run("kcat", "-C", "-q", "-e", "-b", rig.lab.broker.address,
                                       "-t", rig.lab.topic, "-f", "%k %s\n", data=b"").stdout
    last = stripped.rsplit(b"nodes//n1 ", 1)[1]
    assert b"keep-me-or-not" not in last.split(b"nodes//")[0]
    assert b"heliograph.io/weight" in last


def test_lists_in_pages_say_the_same_as_streamed_ones(rig):
    rig.lab.make_topic()
    names = [f"s{i}" for i in range(7)]
    for name in names:
        rig.service(name, "n1")
    feed = rig.feed("--no-streaming-lists", "--page", "2")
    rig.ends_with(*[rig.key("services", n) for n in names],
                  *[rig.key("endpointslices", n + "-a") for n in names], "servicecidrs//kubernetes")
    assert feed.metric("api_requests_total") >= 8
    rig.service("late", "n1")
    rig.ends_with(rig.key("services", "late"))


def test_a_heartbeat_writes_nothing(rig):
    rig.lab.make_topic()
    rig.cluster.node("n1", "192.0.2.1")
    feed = rig.feed()
    rig.cluster.node_status("n1", conditions=[{"type": "Ready", "status": "True",
                                               "lastHeartbeatTime": "2026-01-01T00:00:00Z"}])
    eventually(lambda: feed.metric("objects_unchanged_total") == 1)
    rig.cluster.label_node("n1", color="red")
    eventually(lambda: rig.times_written("nodes//n1") == 2)


def test_a_listing_is_bracketed_by_sync_records_of_its_epoch(rig):
    rig.lab.make_topic(partitions=1)
    rig.service("web", "n1")
    rig.feed("--once", "--http", "none", ready=False).wait(40)
    records = rig.records()
    keys = [k for k, _, _ in records]
    assert keys[0] == "sync//begin" and keys[-1] == "sync//end"
    assert rig.key("services", "web") in keys
    assert len({headers["epoch"] for _, _, headers in records}) == 1


# --- the topic -------------------------------------------------------------------------------


def test_a_missing_topic_is_named_and_waited_for(rig):
    feed = rig.feed(ready=False)
    eventually(lambda: "create it with cleanup.policy=compact" in feed.log(), 30)
    assert feed.get("/readyz")[0] == 503
    assert feed.get("/livez")[0] == 200
    rig.lab.make_topic()
    feed.wait_ready()


def test_the_topic_is_created_compacted_when_that_is_asked_for(rig):
    feed = rig.feed("--create-topic", "--partitions", "5")
    assert "forgets records" not in feed.log()
    listed = rig.lab.net["core"].run("kcat", "-L", "-b", rig.lab.broker.address, "-t",
                                     rig.lab.topic).stdout
    assert "with 5 partitions" in listed
    feed.stop()
    # The next run asks the brokers for the policy, and would say that it is a wrong one.
    again = rig.feed()
    assert "forgets records" not in again.log()


def test_a_topic_that_forgets_is_complained_about(rig):
    rig.lab.make_topic(config={"cleanup.policy": "delete"})
    assert "forgets records" in rig.feed().log()


def test_a_topic_that_was_made_anew_gets_everything_again(rig):
    rig.lab.make_topic()
    address_key = rig.key("services", "web")
    rig.service("web", "n1")
    rig.cluster.node("n1", "192.0.2.1")
    feed = rig.feed()
    rig.lab.broker.delete_topic(rig.lab.topic)
    time.sleep(1)
    rig.lab.make_topic()
    rig.cluster.label_node("n1", color="red")
    rig.ends_with(address_key, "nodes//n1", "sync//end")
    assert feed.metric("topic_losses_total") == 1


@pytest.mark.parametrize("transactions", [True, False])
def test_a_record_that_kafka_does_not_take_holds_up_no_other(rig, transactions):
    rig.lab.make_topic(partitions=1, config={"max.message.bytes": "2000"})
    nodes = [f"m{i}" for i in range(12)]  # more than 2000 bytes together, each of them less
    for name in nodes:
        rig.cluster.node(name, "192.0.2.1")
    rig.cluster.node("big", "192.0.2.9", annotations={"a.example/x": "x" * 5000})
    feed = rig.feed("--property", "compression.type=none", "--property", "linger.ms=50",
                    *([] if transactions else ["--no-transactions"]))
    rig.ends_with("sync//end", *[f"nodes//{n}" for n in nodes], absent=["nodes//big"])
    assert feed.metric("records_refused_total") == 1
    assert "key=nodes//big" in feed.log()
    rig.cluster.node("late", "192.0.2.2")
    rig.ends_with("nodes//late")


# --- through kill -9 -------------------------------------------------------------------------


def test_changes_arrive_after_the_api_server_was_killed(rig):
    rig.lab.make_topic()
    for n in ("n1", "n2"):
        rig.cluster.node(n, "192.0.2.1")
    rig.service("web", "n1")
    feed = rig.feed()
    rig.cluster.api.kill9()
    eventually(lambda: feed.metric("api_failures_total") >= 4)
    assert feed.get("/readyz")[0] == 200  # what is on the topic is still what is known
    rig.cluster.start()
    rig.cluster.label_node("n1", color="red")
    rig.service("late", "n1")
    rig.cluster.delete_service(rig.namespace, "web")
    rig.ends_with(rig.key("services", "late"), absent=[rig.key("services", "web")])
    eventually(lambda: rig.times_written("nodes//n1") == 2)
    assert rig.times_written("nodes//n2") == 1


def test_changes_arrive_after_the_broker_was_killed(rig):
    rig.lab.make_topic()
    rig.cluster.node("n1", "192.0.2.1")
    feed = rig.feed()
    rig.lab.broker.kill9()
    rig.service("web", "n1")
    rig.cluster.label_node("n1", color="red")
    eventually(lambda: feed.metric("kafka_up") == 0, 30)
    assert feed.metric("queue_records") >= 3
    rig.lab.broker.process.popen = None
    rig.lab.broker.start()
    rig.ends_with(rig.key("services", "web"), rig.key("endpointslices", "web-a"))
    eventually(lambda: rig.times_written("nodes//n1") == 2)
    eventually(lambda: feed.metric("queue_records") == 0)
    assert feed.metric("kafka_up") == 1


def test_what_changed_while_it_was_dead_is_found_and_costs_no_other_route(rig):
    rig.lab.make_topic()
    for n in ("n1", "n2"):
        rig.cluster.node(n, rig.lab.net.v4(n))
    stays = rig.service("stays", "n1", "n2", type="NodePort", externalTrafficPolicy="Local")
    goes = rig.service("goes", "n1", type="NodePort", externalTrafficPolicy="Local")
    feed = rig.feed()
    helio = rig.lab.heliograph()

    def prefixes():
        return {p.prefix for p in helio.paths()}

    eventually(lambda: {f"{stays}/32", f"{goes}/32"} <= prefixes())
    feed.kill9()
    rig.cluster.delete_service(rig.namespace, "goes")
    comes = rig.service("comes", "n2", type="NodePort", externalTrafficPolicy="Local")
    before = helio.metric("kafka_records_total")
    again = rig.feed()
    eventually(lambda: f"{comes}/32" in prefixes())
    eventually(lambda: f"{goes}/32" not in prefixes(), 30)
    assert f"{stays}/32" in prefixes()
    eventually(lambda: helio.metric("kafka_records_total") > before)
    # Everything was written again, and what had not changed changed no route.
    assert again.metric("records_written_total") >= 7
    commits = helio.metric("commits_total")
    always(lambda: helio.metric("commits_total") == commits, 2)


def test_a_relist_of_150000_endpoints_costs_no_route_change(rig):
    services, endpoints, nodes = 1500, 100, 50
    rig.lab.make_topic()
    for i in range(nodes):
        rig.cluster.node(f"n{i + 1}", f"172.16.0.{i + 1}")
    for i in range(services):
        rig.cluster.service(rig.namespace, f"s{i}", internalTrafficPolicy="Local")
        rig.cluster.full_slice(rig.namespace, f"s{i}", i, endpoints, nodes)
    feed = rig.feed()
    helio = rig.lab.heliograph(advertise={"cluster_ips": ["10.96.0.0/16"],
                                          "cluster_ip_policy": "internal"})
    paths = services * nodes + nodes
    eventually(lambda: helio.metric("paths") == paths, 60)
    before = helio.metric("commits_total"), helio.ctl("digest")["digests"]
    records = helio.metric("kafka_records_total")
    feed.kill9()
    rig.feed()  # a new epoch: everything is written again
    eventually(lambda: helio.metric("kafka_records_total") >= records + 2 * services + nodes, 60)
    always(lambda: (helio.metric("commits_total"), helio.ctl("digest")["digests"]) == before, 3)
    assert helio.metric("paths") == paths
    # And one within the epoch, because the API server has forgotten where we were: only what differs is written.
    again = rig.feeds[-1]
    written = again.metric("records_written_total")
    again.signal(signal.SIGSTOP)
    rig.cluster.api.kill9()
    rig.cluster.start()
    for i in range(5):
        rig.cluster.label_node("n1", color=str(i))
    rig.cluster.api.kill9()
    rig.cluster.compact_etcd()
    rig.cluster.start()
    again.signal(signal.SIGCONT)
    eventually(lambda: again.metric("api_relists_total") >= 1, 60)
    eventually(lambda: again.metric("records_written_total") == written + 1, 60)
    always(lambda: again.metric("records_written_total") == written + 1, 3)
    assert (helio.metric("paths"), helio.ctl("digest")["digests"]) == (paths, before[1])


def test_a_version_that_the_server_has_forgotten_is_listed_again(rig):
    rig.lab.make_topic()
    rig.cluster.node("n1", "192.0.2.1")
    rig.cluster.node("n2", "192.0.2.2")
    rig.service("goes", "n1")
    feed = rig.feed()
    feed.signal(signal.SIGSTOP)
    rig.cluster.api.kill9()
    rig.cluster.start()
    rig.cluster.delete_service(rig.namespace, "goes")
    for i in range(5):
        rig.cluster.label_node("n1", color=str(i))
    rig.cluster.api.kill9()
    rig.cluster.compact_etcd()
    rig.cluster.start()
    feed.signal(signal.SIGCONT)
    rig.ends_with("nodes//n1", "nodes//n2",
                  absent=[rig.key("services", "goes"), rig.key("endpointslices", "goes-a")])
    assert feed.metric("api_relists_total") >= 1
    eventually(lambda: rig.times_written("nodes//n1") == 2)
    assert rig.times_written("nodes//n2") == 1
    rig.cluster.label_node("n2", color="late")
    eventually(lambda: rig.times_written("nodes//n2") == 2)


def test_a_twin_fences_the_one_before_it(rig):
    rig.lab.make_topic()
    rig.cluster.node("n1", "192.0.2.1")
    first = rig.feed()
    second = rig.feed(port=8181)
    assert first.running()  # it has had nothing to write since
    rig.cluster.label_node("n1", color="red")
    assert first.wait(30) == 3
    assert "fenced" in first.log()
    eventually(lambda: rig.times_written("nodes//n1") == 3)
    assert second.ready()


def test_it_ends_when_told_to_even_with_kafka_gone(rig):
    feed = rig.feed(kafka="127.0.0.1:1", ready=False)
    eventually(lambda: feed.metric("queue_records") > 0)
    feed.signal(signal.SIGTERM)
    assert feed.wait(15) == 0


# --- other ways to run it --------------------------------------------------------------------


def test_the_embedded_stream_gets_everything_again_when_heliographd_starts_anew(rig):
    rig.cluster.node("n1", rig.lab.net.v4("n1"))
    address = rig.service("web", "n1", type="NodePort", externalTrafficPolicy="Local")
    helio = rig.lab.heliograph(wait="started", kafka={"brokers": "embedded",
                                                      "topic": "kubernetes-state"})
    feed = rig.feed(kafka=f"embedded:{helio.folder}", topic="kubernetes-state")

    def advertised():
        return f"{address}/32" in {p.prefix for p in helio.paths()}

    helio.wait_ready()
    eventually(advertised)
    helio.kill9()
    helio.start()
    helio.wait_started()
    eventually(advertised, 40)  # at once, from the local snapshot
    eventually(lambda: feed.metric("topic_losses_total") >= 1, 40)
    rig.cluster.delete_service(rig.namespace, "web")
    eventually(lambda: not advertised())


def test_in_a_pod_it_needs_no_kubeconfig(rig):
    rig.lab.make_topic()
    folder = "/run/secrets/kubernetes.io/serviceaccount"
    # ip netns exec has given it a mount namespace of its own, so this /run is nobody else's.
    script = (f"mount -t tmpfs none /run && mkdir -p {folder} && cp $1 {folder}/token && "
              f"cp $2 {folder}/ca.crt && shift 2 && exec \"$@\"")
    env = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(API_PORT),
           "HELIOFEED_KAFKA": rig.lab.broker.address, "HELIOFEED_TOPIC": rig.lab.topic}
    pod = Process("pod", ["sh", "-c", script, "sh", rig.token,
                          os.path.join(rig.cluster.folder, "ca.crt"), program("heliofeed"),
                          "--once", "--http", "none"],
                  os.path.join(rig.lab.folder, "pod.log"), rig.lab.net["core"], env=env)
    pod.start()
    rig.lab.started.append(pod)
    assert pod.wait(40) == 0, pod.log()
    assert "servicecidrs//kubernetes" in rig.state()
