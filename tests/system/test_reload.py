# SPDX-License-Identifier: Apache-2.0
"""Reading the configuration again while routes are announced: helioctl reload and SIGHUP."""

import json
import signal

import pytest

from lib import kube
from lib.heliograph import ADVERTISE, peer, program
from lib.paths import next_hops, prefixes
from lib.wait import always, eventually

HOST = "10.96.0.10/32"
WIDER = {**ADVERTISE, "cluster_ips": [*ADVERTISE["cluster_ips"], "10.128.0.0/16"]}


@pytest.fixture(name="served")
def _served(lab):
    web = kube.service("web", "10.96.0.10", external_policy="Local", externalIPs=["192.0.2.1"])
    lab.make_topic()
    lab.write(*lab.nodes("n1", "n2", "n3"), web, kube.slice_of(web, kube.pods_on("n1", "n2")))
    helio = lab.heliograph()
    bird, frr = lab.tors()
    eventually(lambda: bird.paths() == helio.paths())
    eventually(lambda: len(frr.paths()) == len(bird.paths()))
    return lab, helio, bird, frr


def _reload(helio, *options, **config):
    """The file with these keys, and the answer to helioctl reload."""
    helio.config.update(config)
    helio.write_config()
    return json.loads(helio.ctl_run("reload", *options, "-o", "json").stdout)


def test_a_file_that_says_the_same_changes_nothing(served):
    _, helio, bird, _ = served
    mark = bird.uptime_mark()
    assert _reload(helio)["result"] == "unchanged"
    assert bird.uptime_mark() == mark


def test_a_bad_file_changes_nothing_and_says_where(served):
    _, helio, bird, _ = served
    mark, before = bird.uptime_mark(), bird.paths()
    answer = _reload(helio, pears=[1])
    assert answer["result"] == "bad"
    assert "heliograph.yaml:" in answer["why"] and "pears" in answer["why"]
    assert helio.metric("config_stale") == 1
    assert helio.metric('config_reloads_total{result="bad"}') == 1
    del helio.config["pears"]
    assert _reload(helio)["result"] == "unchanged"
    assert helio.metric("config_stale") == 0
    assert bird.uptime_mark() == mark and bird.paths() == before


def test_a_key_that_needs_a_restart_is_named_and_nothing_of_the_file_is_taken(served):
    _, helio, bird, _ = served
    before = bird.paths()
    answer = _reload(helio, router_id="10.255.0.9", advertise={"cluster_ips": ["10.96.0.0/12"]})
    assert answer["result"] == "refused" and "restart" in answer["why"]
    assert [k["key"] for k in answer["keys"] if k["needs_restart"]] == ["router_id"]
    always(lambda: bird.paths() == before, 2)
    assert helio.ctl_run("reload").returncode == 1


def test_another_cluster_cidr_is_announced_without_a_session_reset(served):
    lab, helio, bird, frr = served
    marks = bird.uptime_mark(), frr.uptime_mark()
    answer = _reload(helio, advertise=WIDER)
    assert answer["result"] == "applied"
    assert answer["paths"] == [{"class": "aggregate", "now": 15, "added": 3, "removed": 0,
                                "changed": 0, "prefixes_gone": 0}]
    eventually(lambda: next_hops(bird.paths(), "10.128.0.0/16") ==
               [lab.net.v4(n) for n in ("n1", "n2", "n3")])
    eventually(lambda: next_hops(frr.paths(), "10.128.0.0/16"))
    assert (bird.uptime_mark(), frr.uptime_mark()) == marks
    assert helio.metric('config_reloads_total{result="applied"}') == 1
    late = kube.service("late", "10.96.0.11", external_policy="Local")  # and it goes on
    lab.write(late, kube.slice_of(late, kube.pods_on("n3")))
    eventually(lambda: next_hops(bird.paths(), "10.96.0.11/32") == [lab.net.v4("n3")])
    helio.kill9()
    helio.start()
    helio.wait_ready()
    eventually(lambda: "10.128.0.0/16" in prefixes(bird.paths()), 30)


def test_a_plan_changes_nothing_and_counts_what_would_change(served):
    _, helio, bird, _ = served
    before = bird.paths()
    answer = _reload(helio, "--plan", advertise={
        **ADVERTISE, "attributes": {"external_ips": {"local_pref": 7}},
        "node_selectors": {"external_ips": "role=edge"}})
    assert answer["result"] == "planned"
    by_class = {p["class"]: p for p in answer["paths"]}
    assert by_class["external_ip"]["changed"] == 2 and by_class["external_ip"]["removed"] == 0
    assert {k["key"] for k in answer["keys"]} == {
        "advertise.attributes.external_ips.local_pref", "advertise.node_selectors.external_ips"}
    always(lambda: bird.paths() == before, 1)
    assert helio.paths() == before
    assert _reload(helio)["result"] == "applied"
    eventually(lambda: {p.local_pref for p in bird.paths() if p.prefix == "192.0.2.1/32"} == {7})


def test_a_class_that_would_become_empty_is_kept_unless_it_is_forced(served):
    _, helio, bird, _ = served
    before = bird.paths()
    without = {k: v for k, v in ADVERTISE.items() if k != "external_ips"}
    answer = _reload(helio, advertise=without)
    assert answer["result"] == "refused"
    assert "all 2 paths of class external_ip" in answer["why"] and "--force" in answer["why"]
    always(lambda: bird.paths() == before, 2)
    assert helio.metric("config_stale") == 1
    assert _reload(helio, "--force")["result"] == "applied"
    eventually(lambda: "192.0.2.1/32" not in prefixes(bird.paths()), 3)  # nothing holds it
    eventually(lambda: "192.0.2.0/24" not in prefixes(bird.paths()), 3)
    assert HOST in prefixes(bird.paths())
    assert helio.metric("config_stale") == 0


def test_a_peer_that_is_added_comes_up_and_the_others_notice_nothing(lab):
    lab.make_topic()
    lab.write(*lab.nodes("n1"))
    helio = lab.heliograph(peers=[peer("bird", lab.net.v4("bird"))])
    bird = lab.bird()
    frr = lab.frr(established=False)
    mark = bird.uptime_mark()
    answer = _reload(helio, peers=[peer("frr", lab.net.v4("frr")), peer("bird", lab.net.v4("bird"))])
    assert answer["result"] == "applied" and answer["peers"]["added_names"] == ["frr"]
    frr.wait_established(30)
    assert bird.uptime_mark() == mark
    assert [p["name"] for p in helio.ctl("peers")["peers"]] == ["frr", "bird"]
    eventually(lambda: len(frr.paths()) == len(bird.paths()) > 0)


def test_a_peer_that_is_removed_is_told_so_and_the_others_notice_nothing(served):
    lab, helio, bird, frr = served
    mark = frr.uptime_mark()
    answer = _reload(helio, peers=[peer("frr", lab.net.v4("frr"))])
    assert answer["result"] == "applied" and answer["peers"]["removed_names"] == ["bird"]
    eventually(lambda: not bird.established())
    assert "Peer de-configured" in bird.log()
    assert frr.uptime_mark() == mark
    assert [p["name"] for p in helio.ctl("peers")["peers"]] == ["frr"]
    rejected = 'bgp_rejected_connections_total{reason="unknown_peer"}'
    eventually(lambda: helio.metric(rejected) > 0, 30)


def test_a_peer_whose_settings_change_begins_anew_and_the_others_notice_nothing(served):
    lab, helio, bird, frr = served
    mark = frr.uptime_mark()
    answer = _reload(helio, peers=[peer("bird", lab.net.v4("bird"), hold_time="33s"),
                                   peer("frr", lab.net.v4("frr"))])
    assert answer["peers"]["sessions_restarted_names"] == ["bird"]
    eventually(lambda: "Other configuration change" in bird.log())
    bird.wait_established(40)
    assert helio.ctl("peers", "bird")["peers"][0]["hold_time"] == 33
    eventually(lambda: bird.paths() == helio.paths())
    assert frr.uptime_mark() == mark


def test_a_view_that_changes_begins_the_sessions_of_its_peers_anew(served):
    lab, helio, bird, frr = served
    mark = frr.uptime_mark()
    peers = [peer("bird", lab.net.v4("bird"), view="one"), peer("frr", lab.net.v4("frr"))]
    answer = _reload(helio, views={"one": {"max_next_hops": 1}}, peers=peers)
    assert answer["peers"]["sessions_restarted_names"] == ["bird"]
    eventually(lambda: len(next_hops(bird.paths(), HOST)) == 1, 40)
    assert frr.uptime_mark() == mark and len(next_hops(frr.paths(), HOST)) == 2


def test_a_peer_list_that_shrinks_by_more_than_half_is_refused_without_force(served):
    lab, helio, bird, frr = served
    marks = bird.uptime_mark(), frr.uptime_mark()
    answer = _reload(helio, peers=[])
    assert answer["result"] == "refused" and "2 of 2 peers would go" in answer["why"]
    assert (bird.uptime_mark(), frr.uptime_mark()) == marks
    assert _reload(helio, "--force")["result"] == "applied"
    eventually(lambda: not bird.established() and not frr.established())


def test_sighup_reads_the_file_again_and_is_never_forced(served):
    lab, helio, bird, _ = served
    helio.config["advertise"] = WIDER
    helio.write_config()
    helio.signal(signal.SIGHUP)
    eventually(lambda: "10.128.0.0/16" in prefixes(bird.paths()))
    before = bird.paths()
    helio.config["advertise"] = {"cluster_ips": []}
    helio.write_config()
    helio.signal(signal.SIGHUP)
    eventually(lambda: "is not taken: the old one holds on" in helio.log())
    always(lambda: bird.paths() == before, 2)
    helio.config["log"] = {"level": "debug"}
    helio.config["advertise"] = WIDER
    helio.write_config()
    helio.signal(signal.SIGHUP)
    eventually(lambda: helio.metric("config_stale") == 0)
    assert helio.running()


def test_a_hundred_reloads_need_no_more_memory(served):
    _, helio, bird, _ = served
    mark = bird.uptime_mark()
    sizes = []
    for i in range(100):
        answer = _reload(helio, advertise={**ADVERTISE, "cluster_ips": [
            *ADVERTISE["cluster_ips"], f"10.{128 + i % 2}.0.0/16"]})
        assert answer["result"] in ("applied", "unchanged"), answer
        sizes.append(helio.metric("resident_memory_bytes"))
    with open(program("heliographd"), "rb") as f:
        sanitized = b"__asan_" in f.read()
    if not sanitized:  # AddressSanitizer keeps what was freed for a while
        assert sizes[99] < sizes[30] + 4e6, sizes[::10]
    assert bird.uptime_mark() == mark


def test_while_frozen_the_configuration_stays_too(served):
    _, helio, bird, _ = served
    before = bird.paths()
    helio.ctl("freeze")
    answer = _reload(helio, advertise={"cluster_ips": ["10.128.0.0/16"]})
    assert answer["result"] == "refused" and "frozen" in answer["why"]
    helio.ctl("resume")
    always(lambda: bird.paths() == before, 1)


def test_peers_may_change_while_the_stream_is_away(lab):
    lab.make_topic()
    lab.write(*lab.nodes("n1"))
    lab.broker.kill9()
    helio = lab.heliograph(wait="started", peers=[])
    answer = _reload(helio, advertise={"cluster_ips": ["10.97.0.0/16"]})
    assert answer["result"] == "refused" and "has not caught up" in answer["why"]
    assert _reload(helio, advertise=ADVERTISE, peers=[peer("bird", lab.net.v4("bird"))])["result"] == "applied"
    bird = lab.bird()
    lab.broker.process.popen = None
    lab.broker.start()
    helio.wait_ready(60)
    eventually(lambda: bird.paths() == helio.paths() != set())
