# SPDX-License-Identifier: Apache-2.0
"""What peers of different racks are shown of one service, from node labels to the routers' tables."""

from lib import kube
from lib.heliograph import peer
from lib.paths import next_hops
from lib.wait import eventually

PREFIX = "10.96.0.10/32"
RACKS = {"n1": "r1", "n2": "r1", "n3": "r2", "n4": "r2"}


def _node(lab, name, rack):
    return kube.node(name, lab.net.v4(name), labels={"topology.kubernetes.io/rack": rack})


def _start(lab, view):
    """A Local service on all four nodes; BIRD stands in rack r1, FRR in r2."""
    lab.make_topic()
    web = kube.service("web", "10.96.0.10", external_policy="Local")
    lab.write(*[_node(lab, n, r) for n, r in RACKS.items()], web,
              kube.slice_of(web, kube.pods_on(*RACKS)))
    lab.heliograph(views={"near": view}, peers=[
        peer("bird", lab.net.v4("bird"), rack="r1", view="near"),
        peer("frr", lab.net.v4("frr"), rack="r2", view="near")])
    return lab.tors()


def _hold(lab, tor, *nodes):
    wanted = [lab.net.v4(n) for n in nodes]
    eventually(lambda: next_hops(tor.paths(), PREFIX) == wanted)


def test_a_peer_is_shown_the_nodes_of_its_own_rack_first(lab):
    bird, frr = _start(lab, {"max_next_hops": 2, "prefer": "rack"})
    _hold(lab, bird, "n1", "n2")
    _hold(lab, frr, "n3", "n4")


def test_a_node_that_moves_to_another_rack_moves_between_the_routers_choices(lab):
    bird, frr = _start(lab, {"prefer": "rack", "only": True})
    _hold(lab, bird, "n1", "n2")
    _hold(lab, frr, "n3", "n4")
    lab.write(_node(lab, "n2", "r2"))
    _hold(lab, bird, "n1")
    _hold(lab, frr, "n2", "n3", "n4")


def test_where_a_rack_has_no_node_its_peer_is_shown_the_others(lab):
    bird, frr = _start(lab, {"prefer": "rack", "only": True})
    _hold(lab, bird, "n1", "n2")
    lab.write(_node(lab, "n1", "r2"), _node(lab, "n2", "r2"))
    _hold(lab, frr, "n1", "n2", "n3", "n4")
    _hold(lab, bird, "n1", "n2", "n3", "n4")


def test_prefixes_that_every_node_serves_share_one_choice(lab):
    lab.make_topic()
    services = [kube.service(f"s{i}", f"10.96.1.{i}", externalIPs=[f"192.0.2.{i}"])
                for i in range(1, 21)]
    lab.write(*[_node(lab, n, r) for n, r in RACKS.items()], *services,
              *[kube.slice_of(s, kube.pods_on("n1")) for s in services])
    lab.heliograph(views={"capped": {"max_next_hops": 2}},
                   peers=[peer("bird", lab.net.v4("bird"), view="capped")])
    bird = lab.bird()
    eventually(lambda: len(next_hops(bird.paths(), "192.0.2.20/32")) == 2)
    paths = bird.paths()
    chosen = {tuple(next_hops(paths, f"192.0.2.{i}/32")) for i in range(1, 21)}
    assert len(chosen) == 1 and len(next(iter(chosen))) == 2


def _shares(frr):
    """{next hop: weight} of FRR's own route."""
    route = frr.json(f"show ip route {PREFIX}").get(PREFIX, [{}])[0]
    return {h["ip"]: h.get("weight") for h in route.get("nexthops", []) if h.get("ip")}


def test_a_view_that_weighs_makes_routers_share_traffic_by_the_number_of_endpoints(lab):
    lab.make_topic()
    web = kube.service("web", "10.96.0.10", external_policy="Local")
    pods = lambda *nodes: kube.slice_of(web, kube.pods_on(*nodes))
    lab.write(*[_node(lab, n, r) for n, r in RACKS.items()], web, pods("n1", "n1", "n1", "n3"))
    lab.heliograph(views={"fair": {"weight": "endpoints"}}, peers=[
        peer("bird", lab.net.v4("bird")), peer("frr", lab.net.v4("frr"), view="fair")])
    bird, frr = lab.tors()

    def share(a, b):
        shares = _shares(frr)
        first, second = shares.get(lab.net.v4("n1")), shares.get(lab.net.v4("n3"))
        return len(shares) == 2 and first and second and round(first * b / a) == second

    eventually(lambda: share(3, 1))
    lab.write(pods("n1", "n3", "n3", "n3", "n3"))
    eventually(lambda: share(1, 4))
    text = bird.birdc("show", "route", "all", PREFIX)
    assert "ext_community" not in text  # whose view does not weigh


def test_the_ecmp_groups_that_a_peer_is_shown_are_counted_and_measured_against_its_view(lab):
    lab.make_topic()
    pairs = [("n1", "n2"), ("n1", "n3"), ("n2", "n3"), ("n1", "n2"), ("n4",)]
    services = [kube.service(f"s{i}", f"10.96.1.{i}", external_policy="Local")
                for i in range(len(pairs))]
    lab.write(*[_node(lab, n, r) for n, r in RACKS.items()], *services,
              *[kube.slice_of(s, kube.pods_on(*on)) for s, on in zip(services, pairs)])
    helio = lab.heliograph(
        advertise={"cluster_ips": ["10.96.0.0/12"]},
        views={"chip": {"max_distinct_sets": 3}}, peers=[
            peer("bird", lab.net.v4("bird")), peer("frr", lab.net.v4("frr"), view="chip")])
    lab.tors()
    # Three pairs and the aggregate's four nodes; one next hop is no group.
    kinds = {k["view"]: k for k in helio.ctl("sets")["kinds"]}
    assert {(v, k["distinct_sets"], k["widest"], k["max_distinct_sets"]) for v, k in kinds.items()} \
        == {("", 4, 4, 0), ("chip", 4, 4, 3)}
    assert kinds["chip"]["for_example"] == ["frr"]
    assert helio.metric('view_distinct_sets{view="chip"}') == 4
    assert helio.metric('view_peers_over_sets{view="chip"}') == 1
    lab.write(kube.slice_of(services[2], kube.pods_on("n1", "n3")))  # as another service has it
    eventually(lambda: helio.metric('view_distinct_sets{view="chip"}') == 3)
    assert helio.metric('view_peers_over_sets{view="chip"}') == 0
