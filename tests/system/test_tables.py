# SPDX-License-Identifier: Apache-2.0
"""What the ToRs hold is what we say we sent, path by path."""

import ipaddress

from lib import kube
from lib.heliograph import ADVERTISE, peer
from lib.paths import next_hops, prefixes
from lib.wait import eventually

COMMUNITIES = [{"prefix": "198.51.100.0/24", "add": ["64512:100", "64512:1:2"]}]


def populate(lab):
    """A small cluster in which every class of address has paths, in both families."""
    local = kube.service("local", "10.96.0.10", "fd00:96::10", external_policy="Local")
    cluster = kube.service("cluster", "10.96.0.20", external_policy="Cluster")
    edge = kube.service("edge", "10.96.0.30", "fd00:96::30", external_policy="Local",
                        load_balancer=("198.51.100.7", "2001:db8:1b::7"))
    extern = kube.service("extern", "10.96.0.40", external_policy="Local",
                          externalIPs=["192.0.2.9"])
    lab.make_topic()
    lab.write(
        *lab.nodes("n1", "n2", "n3"), local, cluster, edge, extern,
        kube.slice_of(local, kube.pods_on("n1", "n2"), "4"),
        kube.slice_of(local, kube.pods_on("n2", "n3", family="IPv6"), "6", "IPv6"),
        kube.slice_of(cluster, kube.pods_on("n1")),
        kube.slice_of(edge, kube.pods_on("n3"), "4"),
        kube.slice_of(edge, kube.pods_on("n3", family="IPv6"), "6", "IPv6"),
        kube.slice_of(extern, kube.pods_on("n1", "n3")),
    )


EXPECTED = {
    "10.96.0.0/12": ["n1", "n2", "n3"],
    "fd00:96::/108": ["n1", "n2", "n3"],
    "192.0.2.0/24": ["n1", "n2", "n3"],
    "198.51.100.0/24": ["n1", "n2", "n3"],
    "2001:db8:1b::/64": ["n1", "n2", "n3"],
    "10.96.0.10/32": ["n1", "n2"],
    "fd00:96::10/128": ["n2", "n3"],
    "10.96.0.30/32": ["n3"],
    "fd00:96::30/128": ["n3"],
    "10.96.0.40/32": ["n1", "n3"],
    "198.51.100.7/32": ["n3"],
    "2001:db8:1b::7/128": ["n3"],
    "192.0.2.9/32": ["n1", "n3"],
}


def expected_next_hops(net):
    return {prefix: [(net.v6 if ":" in prefix else net.v4)(n) for n in nodes]
            for prefix, nodes in EXPECTED.items()}


def test_the_tables_of_bird_and_frr_equal_ours_path_by_path_with_add_path(lab):
    populate(lab)
    helio = lab.heliograph(advertise={**ADVERTISE, "communities": COMMUNITIES})
    tors = lab.tors()

    ours = helio.paths()
    assert {p: next_hops(ours, p) for p in prefixes(ours)} == expected_next_hops(lab.net)
    for tor in tors:
        eventually(lambda: tor.end_of_rib("ipv4") and tor.end_of_rib("ipv6"))

        def equal():
            theirs = tor.paths()
            assert theirs == ours, (f"{tor.kind}: not ours {sorted(theirs - ours)}, "
                                    f"missing {sorted(ours - theirs)}")
        eventually(equal)


def test_paths_are_reflected_with_the_attributes_that_a_reflector_writes(lab):
    populate(lab)
    lab.heliograph(advertise={**ADVERTISE, "communities": COMMUNITIES})
    frr = lab.frr()
    eventually(lambda: prefixes(frr.paths()) == set(EXPECTED))

    by_key = {(p.prefix, p.next_hop): p for p in frr.paths()}
    for (prefix, hop), path in by_key.items():
        assert path.origin == "igp" and path.as_path == "" and path.local_pref == 100
        assert path.cluster_list == ("10.255.0.1",)
        tagged = ipaddress.ip_network(prefix).version == 4 and \
            ipaddress.ip_network(prefix).subnet_of(ipaddress.ip_network("198.51.100.0/24"))
        assert path.communities == ({"64512:100"} if tagged else set()), path
        assert path.large_communities == ({"64512:1:2"} if tagged else set()), path
        if path.path_id is not None and ":" not in hop:
            assert path.path_id == int(ipaddress.ip_address(hop)), path
    originators = {p.next_hop: p.originator for p in by_key.values()}
    assert originators == {address: lab.net.v4(n) for n in ("n1", "n2", "n3")
                           for address in (lab.net.v4(n), lab.net.v6(n))}


def test_a_peer_without_add_path_gets_one_path_for_each_prefix(lab):
    populate(lab)
    helio = lab.heliograph()
    bird = lab.bird(add_path="off")

    def one_each():
        theirs = [(p.prefix, p.next_hop) for p in bird.paths()]
        assert sorted(prefix for prefix, _ in theirs) == sorted(EXPECTED)
        assert set(theirs) <= {(p.prefix, p.next_hop) for p in helio.paths()}
    eventually(one_each)


def test_an_ebgp_peer_gets_our_as_and_the_nodes_as_next_hops(lab):
    populate(lab)
    lab.heliograph(peers=[peer("bird", lab.net.v4("bird"), 65001)])
    bird = lab.bird(local_as=65001)

    eventually(lambda: prefixes(bird.paths()) == set(EXPECTED))
    paths = bird.paths()
    assert {p: next_hops(paths, p) for p in prefixes(paths)} == expected_next_hops(lab.net)
    assert {(p.as_path, p.originator, p.cluster_list) for p in paths} == {("64512", None, ())}


def test_a_peer_that_joins_late_and_one_that_comes_back_get_the_same_table(lab):
    populate(lab)
    helio = lab.heliograph()
    frr = lab.frr()
    eventually(lambda: frr.paths() == helio.paths())
    bird = lab.bird()
    eventually(lambda: bird.paths() == helio.paths())

    bird.birdc("restart", "helio")
    bird.wait_established()
    eventually(lambda: bird.paths() == helio.paths())
    bird.birdc("reload", "in", "helio")  # a ROUTE-REFRESH
    eventually(lambda: bird.paths() == helio.paths())
    assert frr.paths() == helio.paths()


def test_a_peer_that_calls_from_a_configured_range_is_served(lab):
    populate(lab)
    helio = lab.heliograph(peers=[
        {"name": "tors", "range": "172.30.0.0/24", "as": 64512, "passive": True}])
    for tor in lab.tors():
        eventually(lambda: tor.paths() == helio.paths())


def test_the_reflector_calls_a_peer_that_waits(lab):
    populate(lab)
    helio = lab.heliograph(peers=[
        {"name": "bird", "address": lab.net.v4("bird"), "as": 64512, "connect_retry": "1s"}])
    bird = lab.bird(extra="passive on;")
    eventually(lambda: bird.paths() == helio.paths())
