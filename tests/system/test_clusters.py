# SPDX-License-Identifier: Apache-2.0
"""Several clusters in one heliographd, each on a topic of its own."""

import pytest

from lib import kube
from lib.paths import next_hops
from lib.wait import eventually

ADDRESS = "192.0.2.10"
PREFIX = ADDRESS + "/32"


def _entry(lab, name, topic, **more):
    return {"name": name, "kafka": {"brokers": lab.broker.address, "topic": topic}, **more}


def _local(nodes):
    """A Local service on the shared address with endpoints on these nodes."""
    web = kube.service("web", "10.96.0.10", externalIPs=[ADDRESS], external_policy="Local")
    return [web, kube.slice_of(web, kube.pods_on(*nodes))]


class Pair:
    """Clusters east (n1, n2) and west (n3), which have the same service address."""

    def __init__(self, lab, east=100, west=100, **config):
        self.lab = lab
        self.east, self.west = lab.topic + "-east", lab.topic + "-west"
        for topic in self.topics():
            lab.broker.create_topic(topic, 3, None)
        self.write(self.east, *lab.nodes("n1", "n2"), *_local(["n1", "n2"]))
        self.write(self.west, *lab.nodes("n3"), *_local(["n3"]))
        self.helio = lab.heliograph(kafka=None, clusters=[
            _entry(lab, "east", self.east, preference=east),
            _entry(lab, "west", self.west, preference=west)], **config)
        self.bird = lab.bird()

    def topics(self):
        return [self.east, self.west]

    def write(self, topic, *objects):
        self.lab.broker.produce(topic, [kube.record(o) for o in objects])

    def holds(self, *nodes):
        wanted = [self.lab.net.v4(n) for n in nodes]
        eventually(lambda: next_hops(self.bird.paths(), PREFIX) == wanted)


def test_an_address_of_two_equal_clusters_is_anycast_over_both(lab):
    pair = Pair(lab)
    pair.holds("n1", "n2", "n3")
    pair.write(pair.west, _local([])[1])
    pair.holds("n1", "n2")
    pair.write(pair.west, _local(["n3"])[1])
    pair.holds("n1", "n2", "n3")


def test_the_cluster_of_the_higher_preference_is_alone_until_it_has_no_endpoint_left(lab):
    pair = Pair(lab, east=200)
    pair.holds("n1", "n2")
    pair.write(pair.east, _local([])[1])
    pair.holds("n3")
    pair.write(pair.east, _local(["n2"])[1])
    pair.holds("n2")


def test_each_cluster_advertises_by_its_own_rules_or_by_those_of_the_top_level(lab):
    lab.broker.create_topic(lab.topic + "-a", 3, None)
    lab.broker.create_topic(lab.topic + "-b", 3, None)
    for topic, node in (("-a", "n1"), ("-b", "n2")):
        lab.broker.produce(lab.topic + topic, [kube.record(o) for o in lab.nodes(node)])
    lab.heliograph(kafka=None, advertise={"cluster_ips": ["10.96.0.0/12"]}, clusters=[
        _entry(lab, "a", lab.topic + "-a"),
        _entry(lab, "b", lab.topic + "-b", advertise={"cluster_ips": ["10.112.0.0/12"]})])
    bird = lab.bird()
    eventually(lambda: next_hops(bird.paths(), "10.96.0.0/12") == [lab.net.v4("n1")])
    eventually(lambda: next_hops(bird.paths(), "10.112.0.0/12") == [lab.net.v4("n2")])


def test_explain_tells_each_clusters_chain_and_whose_paths_are_advertised(lab):
    pair = Pair(lab, east=200)
    pair.holds("n1", "n2")
    answer = pair.helio.ctl("explain", PREFIX)
    verdicts = {s["cluster"]: s["paths"] for s in answer["steps"] if s["kind"] == "verdict"}
    assert verdicts == {"east": 2, "west": 1}
    assert answer["advertised_from"] == ["east"]
    text = pair.helio.ctl_text("explain", PREFIX)
    assert "Cluster east:" in text and "Cluster west:" in text and "Advertised from: east" in text


def test_nodes_streams_and_metrics_say_which_cluster_they_are_of(lab):
    pair = Pair(lab)
    nodes = {n["name"]: n["cluster"] for n in pair.helio.ctl("nodes")["nodes"]}
    assert nodes == {"n1": "east", "n2": "east", "n3": "west"}
    assert [c["name"] for c in pair.helio.ctl("kafka")["clusters"]] == ["east", "west"]
    assert [c["topic"] for c in pair.helio.ctl("kafka")["clusters"]] == pair.topics()
    assert pair.helio.metric('cluster_objects{cluster="east",resource="nodes"}') == 2
    assert pair.helio.metric('kafka_caught_up{cluster="west"}') == 1
    status, body = pair.helio.get("/api/v1/nodes?cluster=west")
    assert status == 200 and '"n3"' in body and '"n1"' not in body
    assert pair.helio.get("/api/v1/nodes?cluster=north")[0] == 404


def test_a_cluster_whose_topic_is_missing_does_not_keep_the_others_routes_back(lab):
    topic = lab.topic + "-here"
    lab.broker.create_topic(topic, 3, None)
    lab.broker.produce(topic, [kube.record(o) for o in [*lab.nodes("n1"), *_local(["n1"])]])
    helio = lab.heliograph(wait="started", kafka=None, clusters=[
        _entry(lab, "here", topic), _entry(lab, "gone", lab.topic + "-gone")])
    bird = lab.bird()
    eventually(lambda: next_hops(bird.paths(), PREFIX) == [lab.net.v4("n1")])
    status, body = helio.get("/readyz")
    assert status == 503 and "cluster gone" in body  # and so no End-of-RIB
    lab.broker.create_topic(lab.topic + "-gone", 3, None)
    helio.wait_ready()


def test_two_embedded_streams_are_found_in_directories_of_their_own(lab):
    helio = lab.heliograph(wait="started", kafka=None, clusters=[
        {"name": n, "kafka": {"brokers": "embedded"}} for n in ("a", "b")])
    addresses = [open(f"{helio.folder}/{n}/kafka.bootstrap", encoding="ascii").read()
                 for n in ("a", "b")]
    assert addresses[0] != addresses[1]
    helio.wait_ready()


@pytest.mark.parametrize("config, words", [
    ({"kafka": {"brokers": "k:9092"}, "clusters": [{"name": "a"}]}, "kafka and clusters exclude"),
    ({"kafka": None, "clusters": [{"name": "a", "kafka": {"topic": "x"}},
                                  {"name": "a", "kafka": {"topic": "y"}}]},
     'a cluster named "a" stands above'),
    ({"kafka": None, "clusters": [{"name": "a"}, {"name": "b"}]}, 'of "a"; every cluster has a'),
    ({"kafka": None, "clusters": [{"kafka": {"topic": "x"}}]}, 'required key "name" is missing'),
    ({"kafka": None, "clusters": [{"name": "a", "kafka": {"brokers": "nowhere"}}]},
     '"nowhere" is not host:port'),
])
def test_a_wrong_list_of_clusters_is_refused_by_name_and_line(lab, config, words):
    helio = lab.heliograph(start=False, **config)
    code, text = helio.check()
    assert code == 1 and words in text, text
