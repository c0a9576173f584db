# SPDX-License-Identifier: Apache-2.0
"""What an operator may say about classes, services, and how paths come and go."""

import time

from lib import kube
from lib.heliograph import ADVERTISE
from lib.paths import next_hops
from lib.wait import always, eventually

HOST = "10.96.0.10/32"
AGGREGATE = "10.96.0.0/12"
GRACEFUL_SHUTDOWN = {"65535:0", "gracefulShutdown"}  # as BIRD and FRR write it


def _advertise(**more):
    return {**ADVERTISE, **more}


def _path(tor, prefix, address):
    found = [p for p in tor.paths() if p.prefix == prefix and p.next_hop == address]
    return found[0] if len(found) == 1 else None


def test_each_class_carries_its_own_communities_preference_and_med(lab):
    lab.make_topic()
    web = kube.service("web", "10.96.0.10", external_policy="Local", externalIPs=["192.0.2.1"],
                       load_balancer=["198.51.100.1"])
    lab.write(*lab.nodes("n1"), web, kube.slice_of(web, kube.pods_on("n1")))
    lab.heliograph(advertise=_advertise(attributes={
        "aggregates": {"communities": ["64512:1"], "local_pref": 50},
        "cluster_ips": {"communities": ["64512:2"], "med": 7},
        "external_ips": {"communities": ["64512:3", "64512:3:3"]},
        "load_balancer_ips": {"local_pref": 0}}))
    bird, frr = lab.tors()
    at = lab.net.v4("n1")
    for tor in bird, frr:
        eventually(lambda: _path(tor, "198.51.100.1/32", at))
        path = _path(tor, AGGREGATE, at)
        assert path.communities == {"64512:1"} and path.local_pref == 50
        path = _path(tor, HOST, at)
        assert path.communities == {"64512:2"} and path.local_pref == 100 and path.med == 7
        path = _path(tor, "192.0.2.1/32", at)
        assert path.communities == {"64512:3"} and path.large_communities == {"64512:3:3"}
        assert _path(tor, "198.51.100.1/32", at).local_pref == 0


def test_only_services_that_the_selector_chooses_are_advertised_and_explain_says_so(lab):
    lab.make_topic()
    web = kube.service("web", "10.96.0.10", external_policy="Local", externalIPs=["192.0.2.1"])
    lab.write(*lab.nodes("n1"), web, kube.slice_of(web, kube.pods_on("n1")))
    helio = lab.heliograph(advertise=_advertise(service_selectors={"external_ips": "expose=yes"}))
    bird = lab.bird()
    eventually(lambda: next_hops(bird.paths(), HOST))
    assert not next_hops(bird.paths(), "192.0.2.1/32")
    assert "advertise.service_selectors" in helio.ctl_run("explain", "192.0.2.1/32").stdout
    shown = kube.newer(web)
    shown["metadata"]["labels"] = {"expose": "yes"}
    lab.write(shown)
    eventually(lambda: next_hops(bird.paths(), "192.0.2.1/32") == [lab.net.v4("n1")])


def test_a_node_that_the_autoscaler_deletes_is_marked_before_its_paths_go(lab):
    lab.make_topic()
    lab.write(*lab.nodes("n1", "n2"))
    helio = lab.heliograph(advertise=_advertise(node_drain="4s"))
    bird, frr = lab.tors()
    leaving, staying = lab.net.v4("n1"), lab.net.v4("n2")
    both = lambda tor: next_hops(tor.paths(), AGGREGATE) == [leaving, staying]
    eventually(lambda: both(bird) and both(frr))
    taint = [{"key": "ToBeDeletedByClusterAutoscaler", "value": "1", "effect": "NoSchedule"}]
    lab.write(*lab.nodes("n1", taints=taint))
    began = time.monotonic()
    for tor in bird, frr:
        eventually(lambda: _path(tor, AGGREGATE, leaving).communities & GRACEFUL_SHUTDOWN, 3)
        assert _path(tor, AGGREGATE, leaving).local_pref == 0
        assert _path(tor, AGGREGATE, staying).communities == frozenset()
    text = helio.ctl_run("explain", AGGREGATE, "n1").stdout
    assert "marked GRACEFUL_SHUTDOWN" in text
    # The router forwards to the other one alone, while it still holds the path.
    route = lambda: frr.json(f"show ip route {AGGREGATE}")[AGGREGATE][0]["nexthops"]
    eventually(lambda: [h["ip"] for h in route() if h.get("ip")] == [staying], 3)
    eventually(lambda: next_hops(bird.paths(), AGGREGATE) == [staying])
    assert time.monotonic() - began > 3
    eventually(lambda: next_hops(frr.paths(), AGGREGATE) == [staying])


def test_a_new_next_hop_waits_until_it_has_settled_and_a_removal_does_not(lab):
    lab.make_topic()
    web = kube.service("web", "10.96.0.10", external_policy="Local")
    pods = lambda *nodes: kube.slice_of(web, kube.pods_on(*nodes))
    lab.write(*lab.nodes("n1", "n2", "n3"), web, pods("n1", "n2"))
    helio = lab.heliograph(safety={"settle": "4s"})
    bird = lab.bird()
    at = lambda *nodes: [lab.net.v4(n) for n in nodes]
    eventually(lambda: next_hops(bird.paths(), HOST) == at("n1", "n2"))  # what a start finds
    began = time.monotonic()
    lab.write(pods("n1", "n3"))
    eventually(lambda: next_hops(bird.paths(), HOST) == at("n1"), 3)
    eventually(lambda: helio.metric("settling_paths") == 1, 2)
    text = helio.ctl_run("explain", HOST, "n3").stdout
    assert "safety.settle" in text
    always(lambda: next_hops(bird.paths(), HOST) == at("n1"), 1)
    eventually(lambda: next_hops(bird.paths(), HOST) == at("n1", "n3"))
    assert time.monotonic() - began > 3.9
    lab.write(pods("n2"))  # the only one left waits no longer
    eventually(lambda: next_hops(bird.paths(), HOST) == at("n2"), 3)
