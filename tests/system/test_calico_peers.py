# SPDX-License-Identifier: Apache-2.0
"""Calico's BGPPeer and BGPFilter objects as neighbours of the reflector, while it runs."""

import json
import os

import pytest

from lib import kube
from lib.heliograph import peer
from lib.paths import prefixes
from lib.wait import always, eventually

ON = {"enabled": True}


def _write(lab, plural, name, **spec):
    value = json.dumps({"metadata": {"name": name}, "spec": spec}) if spec else None
    lab.write((f"{plural}//{name}", value))


def _peer(lab, where, **more):
    _write(lab, "bgppeers", where, peerIP=lab.net.v4(where), asNumber=64512, **more)


@pytest.fixture(name="cluster")
def _cluster(lab):
    lab.make_topic()
    web = kube.service("web", "10.96.0.10", external_policy="Local", externalIPs=["192.0.2.1"])
    lab.write(*lab.nodes("n1", "n2"), web, kube.slice_of(web, kube.pods_on("n1")))
    return lab


def test_a_bgppeer_with_an_address_is_a_peer_and_goes_with_its_object(cluster):
    _peer(cluster, "bird")
    helio = cluster.heliograph(peers=[], calico_peers=ON)
    bird = cluster.bird()
    eventually(lambda: bird.paths() == helio.paths())
    mark = bird.uptime_mark()
    frr = cluster.frr(established=False)
    _peer(cluster, "frr")
    frr.wait_established(30)
    assert [p["name"] for p in helio.ctl("peers")["peers"]] == ["bird", "frr"]
    _write(cluster, "bgppeers", "frr")
    eventually(lambda: not frr.established())
    assert [p["name"] for p in helio.ctl("peers")["peers"]] == ["bird"]
    assert bird.uptime_mark() == mark


def test_by_default_bgppeers_are_not_followed_and_that_is_said(cluster):
    _peer(cluster, "bird")
    helio = cluster.heliograph(peers=[])
    always(lambda: helio.ctl("peers")["peers"] == [], 3)
    assert "calico_peers.enabled is off" in helio.ctl_run("calico").stdout


def test_an_address_of_the_file_is_the_files(cluster):
    _peer(cluster, "bird", ttlSecurity=1)
    helio = cluster.heliograph(peers=[peer("mine", cluster.net.v4("bird"))], calico_peers=ON)
    bird = cluster.bird()
    eventually(lambda: bird.paths() == helio.paths())
    always(lambda: [p["name"] for p in helio.ctl("peers")["peers"]] == ["mine"], 2)


def test_filters_of_a_bgppeer_say_what_it_is_told(cluster):
    reject = {"action": "Reject", "matchOperator": "In", "cidr": "192.0.2.0/24"}
    _write(cluster, "bgpfilters", "no-external", exportV4=[reject])
    _peer(cluster, "bird", filters=["no-external"])
    _peer(cluster, "frr")
    helio = cluster.heliograph(peers=[], calico_peers=ON)
    bird, frr = cluster.tors()
    eventually(lambda: frr.paths() and prefixes(frr.paths()) == prefixes(helio.paths()))
    hidden = {"192.0.2.0/24", "192.0.2.1/32"}
    eventually(lambda: prefixes(bird.paths()) == prefixes(frr.paths()) - hidden)
    shown = helio.ctl("paths", "--peer", "bird")["prefixes"]
    assert {row["prefix"] for row in shown} == prefixes(bird.paths())
    late = kube.service("late", "10.96.0.11", external_policy="Local", externalIPs=["192.0.2.2"])
    cluster.write(late, kube.slice_of(late, kube.pods_on("n2")))  # and changes pass it too
    eventually(lambda: "192.0.2.2/32" in prefixes(frr.paths()))
    eventually(lambda: "10.96.0.11/32" in prefixes(bird.paths()))
    assert "192.0.2.2/32" not in prefixes(bird.paths())
    accept = {"action": "Accept", "matchOperator": "Equal", "cidr": "192.0.2.2/32"}
    mark = frr.uptime_mark()
    _write(cluster, "bgpfilters", "no-external", exportV4=[accept, reject])
    eventually(lambda: "192.0.2.2/32" in prefixes(bird.paths()), 40)
    assert not hidden & prefixes(bird.paths())
    assert frr.uptime_mark() == mark


def test_the_password_is_read_from_the_secret_and_waited_for(cluster):
    secrets = os.path.join(cluster.folder, "secrets")
    _peer(cluster, "bird", password={"secretKeyRef": {"name": "bgp", "key": "tor"}})
    _peer(cluster, "frr")
    helio = cluster.heliograph(peers=[], calico_peers={**ON, "password_dir": secrets})
    frr = cluster.frr()
    eventually(lambda: "its password cannot be read" in helio.log())
    assert "s3cret" not in helio.log()
    os.makedirs(os.path.join(secrets, "bgp"))
    with open(os.path.join(secrets, "bgp", "tor"), "w", encoding="ascii") as f:
        f.write("s3cret\n")
    bird = cluster.bird(established=False, extra='password "s3cret";')
    mark = frr.uptime_mark()
    bird.wait_established(60)
    assert frr.uptime_mark() == mark
    assert "s3cret" not in helio.log()


def test_that_more_than_half_of_them_go_at_once_is_held_until_it_is_forced(cluster):
    _peer(cluster, "bird")
    _peer(cluster, "frr")
    for i in range(3):
        _write(cluster, "bgppeers", f"spare{i}", peerIP=f"172.30.9.{i + 1}", asNumber=64512)
    helio = cluster.heliograph(peers=[], calico_peers=ON)
    bird, frr = cluster.tors()
    for name in ("bird", "frr", "spare0", "spare1"):
        _write(cluster, "bgppeers", name)
    eventually(lambda: "more than half of Calico's BGPPeers are gone" in helio.log())
    always(lambda: bird.established() and frr.established(), 3)
    assert helio.ctl_run("reload", "--force").returncode == 0
    eventually(lambda: not bird.established() and not frr.established())
    assert [p["name"] for p in helio.ctl("peers")["peers"]] == ["spare2"]


def test_a_reload_keeps_the_sessions_with_calicos_peers(cluster):
    _peer(cluster, "bird")
    helio = cluster.heliograph(peers=[], calico_peers=ON)
    bird = cluster.bird()
    eventually(lambda: bird.paths() == helio.paths())
    mark = bird.uptime_mark()
    helio.config["log"] = {"level": "debug"}
    helio.write_config()
    assert helio.ctl("reload")["result"] == "applied"
    always(bird.established, 3)
    assert bird.uptime_mark() == mark
    helio.config["calico_peers"] = {"enabled": False}
    helio.write_config()
    assert helio.ctl("reload")["result"] == "applied"
    eventually(lambda: not bird.established())
