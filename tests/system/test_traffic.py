# SPDX-License-Identifier: Apache-2.0
"""Packets follow the routes: ECMP in a ToR's kernel, a client behind it, nodes that answer."""

import threading

import pytest
from lib import kube
from lib.net import ask_udp, kernel_next_hops, who_answers
from lib.wait import eventually

ADDRESSES = {"ipv4": "10.96.0.10", "ipv6": "fd00:96::10"}


@pytest.mark.parametrize("kind", ["bird", "frr"])
@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_a_clients_flows_reach_every_node_with_an_endpoint_and_follow_when_they_move(
        lab, kind, family):
    address = ADDRESSES[family]
    length = 128 if family == "ipv6" else 32
    node_address = lab.net.v6 if family == "ipv6" else lab.net.v4
    slice_family = "IPv6" if family == "ipv6" else "IPv4"
    web = kube.service("web", address, external_policy="Local")
    endpoints = kube.slice_of(web, kube.pods_on("n1", "n2", family=slice_family),
                              family=slice_family)
    lab.make_topic()
    lab.write(*lab.nodes("n1", "n2", "n3"), web, endpoints)
    lab.heliograph()
    getattr(lab, kind)()
    lab.serve(address, "n1", "n2", "n3")
    tor, client = lab.net[kind], lab.net[f"client-{kind}"]

    def routed_to(*nodes):
        wanted = sorted(node_address(n) for n in nodes)
        eventually(lambda: kernel_next_hops(tor, f"{address}/{length}") == wanted)

    routed_to("n1", "n2")
    assert set(who_answers(client, address)) == {"n1", "n2"}
    assert set(who_answers(client, address, ask=ask_udp)) == {"n1", "n2"}

    lab.write(endpoints := kube.newer(endpoints,
                                      endpoints=kube.pods_on("n2", "n3", family=slice_family)))
    routed_to("n2", "n3")
    assert set(who_answers(client, address)) == {"n2", "n3"}

    lab.write(kube.newer(endpoints, endpoints=kube.pods_on("n3", family=slice_family)))
    routed_to("n3")
    assert set(who_answers(client, address)) == {"n3"}


def test_without_a_host_route_flows_take_the_aggregate_to_all_nodes(lab):
    web = kube.service("web", "10.96.0.11", external_policy="Cluster")
    lab.make_topic()
    lab.write(*lab.nodes("n1", "n2", "n3"), web, kube.slice_of(web, kube.pods_on("n1")))
    lab.heliograph()
    lab.bird()
    lab.serve("10.96.0.11", "n1", "n2", "n3")

    everyone = sorted(lab.net.v4(n) for n in ("n1", "n2", "n3"))
    eventually(lambda: kernel_next_hops(lab.net["bird"], "10.96.0.0/12") == everyone)
    assert set(who_answers(lab.net["client-bird"], "10.96.0.11")) == {"n1", "n2", "n3"}


def test_every_datagram_is_answered_by_the_old_or_the_new_node_while_an_endpoint_moves(lab):
    """Make before break, seen by a client. An answer from the third node would mean that the host
    route was gone for a moment and the aggregate stood in. Datagrams, because the routes change in
    the middle of it: the packets of one TCP handshake may go to two nodes, as with any ECMP."""
    web = kube.service("web", "10.96.0.10", external_policy="Local")
    endpoints = kube.slice_of(web, kube.pods_on("n1"))
    lab.make_topic()
    lab.write(*lab.nodes("n1", "n2", "n3"), web, endpoints)
    lab.heliograph()
    lab.bird()
    lab.serve("10.96.0.10", "n1", "n2", "n3")
    tor, client = lab.net["bird"], lab.net["client-bird"]
    eventually(lambda: kernel_next_hops(tor, "10.96.0.10/32") == [lab.net.v4("n1")])

    answers, done = [], threading.Event()

    def ask_all_the_time():
        while not done.is_set():
            try:
                answers.append(ask_udp(client, "10.96.0.10"))
            except OSError as error:
                answers.append(f"lost: {error}")

    asker = threading.Thread(target=ask_all_the_time)
    asker.start()
    try:
        old = "n1"
        for new in ("n2", "n3", "n1", "n3", "n2"):
            first = len(answers)
            lab.write(endpoints := kube.newer(endpoints, endpoints=kube.pods_on(new)))
            eventually(lambda: len(answers) > first + 20 and set(answers[-20:]) == {new})
            assert set(answers[first:]) <= {old, new}, f"{old} to {new}: {set(answers[first:])}"
            old = new
    finally:
        done.set()
        asker.join()
