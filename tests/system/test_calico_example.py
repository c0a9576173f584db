# SPDX-License-Identifier: Apache-2.0
"""The example of the Calico page, with a real Kafka before the reflector and real ToRs behind it."""

import pytest
from lib import kube
from lib.paths import next_hops, prefixes
from lib.wait import eventually

AGGREGATE = "10.96.0.0/12"
HOST = "10.96.0.10/32"


@pytest.mark.parametrize("form", ["json", "protobuf"])
def test_a_local_service_is_a_host_route_from_the_nodes_that_have_its_endpoints(lab, form):
    web = kube.service("web", "10.96.0.10", external_policy="Local")
    endpoints = kube.slice_of(web, kube.pods_on("n1", "n2"))
    n1, n2, n3 = (lab.net.v4(n) for n in ("n1", "n2", "n3"))
    lab.make_topic()
    lab.write(*lab.nodes("n1", "n2", "n3"), web, endpoints, form=form)
    lab.heliograph()

    for tor in lab.tors():
        def both_routes():
            paths = tor.paths()
            assert next_hops(paths, AGGREGATE) == [n1, n2, n3]
            assert next_hops(paths, HOST) == [n1, n2]
        eventually(both_routes)

        lab.write(endpoints := kube.newer(endpoints, endpoints=[]), form=form)

        def only_the_aggregate():
            paths = tor.paths()
            assert next_hops(paths, HOST) == []
            assert next_hops(paths, AGGREGATE) == [n1, n2, n3]
        eventually(only_the_aggregate)

        lab.write(endpoints := kube.newer(endpoints, endpoints=kube.pods_on("n1", "n2")),
                  form=form)
        eventually(both_routes)


def test_a_service_whose_policy_is_cluster_has_no_host_route(lab):
    web = kube.service("web", "10.96.0.11", external_policy="Cluster")
    lab.make_topic()
    lab.write(*lab.nodes("n1", "n2"), web, kube.slice_of(web, kube.pods_on("n1")))
    helio = lab.heliograph()

    assert prefixes(helio.paths()) == {
        AGGREGATE, "fd00:96::/108", "198.51.100.0/24", "2001:db8:1b::/64", "192.0.2.0/24"}
    assert next_hops(helio.paths(), AGGREGATE) == [lab.net.v4("n1"), lab.net.v4("n2")]


def test_a_deleted_service_and_a_deleted_node_take_their_paths_with_them(lab):
    web = kube.service("web", "10.96.0.10", external_policy="Local")
    nodes = lab.nodes("n1", "n2")
    lab.make_topic()
    lab.write(*nodes, web, kube.slice_of(web, kube.pods_on("n1", "n2")))
    lab.heliograph()
    bird = lab.bird()
    n1, n2 = lab.net.v4("n1"), lab.net.v4("n2")
    eventually(lambda: next_hops(bird.paths(), HOST) == [n1, n2])

    lab.delete(nodes[1])
    eventually(lambda: next_hops(bird.paths(), HOST) == [n1])
    assert next_hops(bird.paths(), AGGREGATE) == [n1]

    lab.delete(web)
    eventually(lambda: HOST not in prefixes(bird.paths()))
    assert next_hops(bird.paths(), AGGREGATE) == [n1]


def test_a_rolling_update_never_leaves_the_host_route_without_a_path(lab):
    web = kube.service("web", "10.96.0.10", external_policy="Local")
    endpoints = kube.slice_of(web, kube.pods_on("n1"))
    lab.make_topic(partitions=1)
    lab.write(*lab.nodes("n1", "n2", "n3"), web, endpoints)
    lab.heliograph()
    bird = lab.bird(extra="")
    eventually(lambda: next_hops(bird.paths(), HOST) == [lab.net.v4("n1")])
    watch = lab.net["bird"].monitor_routes()

    where = ["n1"]
    for node in ("n2", "n3", "n1", "n2", "n3"):
        for where in ([*where, node], [node]):
            endpoints = kube.newer(endpoints, endpoints=kube.pods_on(*where))
            lab.write(endpoints)
        eventually(lambda: next_hops(bird.paths(), HOST) == [lab.net.v4(node)])

    events = watch.stop()
    assert not [e for e in events if e.startswith("Deleted") and "10.96.0.10" in e], events
    assert [e for e in events if "10.96.0.10" in e], "the kernel's route never changed"
