# SPDX-License-Identifier: Apache-2.0
"""Orders about sessions: draining a replica, taking one peer down, whether a restart is free."""

import pytest

from lib import kube
from lib.paths import next_hops
from lib.wait import always, eventually

HOST = "10.96.0.10/32"


@pytest.fixture(name="served")
def _served(lab):
    web = kube.service("web", "10.96.0.10", external_policy="Local")
    lab.make_topic()
    lab.write(*lab.nodes("n1", "n2"), web, kube.slice_of(web, kube.pods_on("n1", "n2")))
    helio = lab.heliograph()
    bird, frr = lab.tors()
    eventually(lambda: bird.paths() == helio.paths())
    eventually(lambda: len(frr.paths()) == len(bird.paths()))
    return lab, helio, bird, frr


def _attributes(bird, word):
    text = bird.birdc("show", "route", "all", "protocol", "helio")
    return [line.split(":")[1].strip() for line in text.splitlines() if word in line]


def test_a_drain_marks_every_path_waits_and_ends_the_sessions_with_a_reason(served):
    _, helio, bird, frr = served
    mark, paths = bird.uptime_mark(), len(bird.paths())
    answer = helio.ctl("drain", "--wait", "4s", "--reason", "rack move")
    assert answer == {"service": "draining", "sessions_end_in_seconds": 4}
    eventually(lambda: _attributes(bird, "BGP.community").count("(65535,0)") == paths)
    assert set(_attributes(bird, "BGP.local_pref")) == {"0"}
    assert bird.uptime_mark() == mark and len(bird.paths()) == paths
    assert helio.ctl("summary")["service"] == "draining"
    eventually(lambda: not bird.established() and not frr.established(), 10)
    assert "Administrative shutdown" in bird.log() and "rack move" in bird.log()
    assert bird.paths() == set()  # a Cease ends graceful restart too: the routes are gone
    always(lambda: not bird.established(), 3)
    assert helio.ctl("summary")["service"] == "drained"


def test_a_change_in_the_middle_of_a_drain_is_sent_with_the_mark(served):
    lab, helio, bird, _ = served
    helio.ctl("drain", "--wait", "1m")
    web = kube.service("late", "10.96.0.11", external_policy="Local")
    lab.write(web, kube.slice_of(web, kube.pods_on("n1")))
    eventually(lambda: next_hops(bird.paths(), "10.96.0.11/32") == [lab.net.v4("n1")])
    eventually(lambda: set(_attributes(bird, "BGP.community")) == {"(65535,0)"})


def test_undrain_takes_the_mark_away_without_a_reset(served):
    _, helio, bird, _ = served
    mark, before = bird.uptime_mark(), bird.paths()
    helio.ctl("drain", "--wait", "1m")
    eventually(lambda: set(_attributes(bird, "BGP.local_pref")) == {"0"})
    helio.ctl("undrain")
    eventually(lambda: _attributes(bird, "BGP.community") == [])
    eventually(lambda: set(_attributes(bird, "BGP.local_pref")) == {"100"})
    assert bird.paths() == before and bird.uptime_mark() == mark


def test_undrain_brings_the_sessions_back(served):
    _, helio, bird, frr = served
    before = bird.paths()
    helio.ctl("drain", "--wait", "0s")
    eventually(lambda: not bird.established() and not frr.established(), 10)
    helio.ctl("undrain")
    bird.wait_established(30)
    frr.wait_established(30)
    eventually(lambda: bird.paths() == before)
    assert _attributes(bird, "BGP.community") == []


def test_one_peer_can_be_taken_down_and_up_while_the_other_goes_on(served):
    _, helio, bird, frr = served
    mark, before = frr.uptime_mark(), bird.paths()
    helio.ctl("peer", "bird", "down", "--reason", "cable")
    eventually(lambda: not bird.established())
    assert "cable" in bird.log()
    always(lambda: not bird.established(), 3)
    helio.ctl("peer", "bird", "up")
    bird.wait_established(30)
    eventually(lambda: bird.paths() == before)
    assert frr.uptime_mark() == mark


def test_a_reset_ends_the_session_and_it_comes_back(served):
    _, helio, bird, _ = served
    established = helio.peers()["bird"]["established_times"]
    helio.ctl("peer", "bird", "reset")
    eventually(lambda: helio.peers()["bird"]["established_times"] == established + 1, 30)
    assert "Administrative reset" in bird.log()


def test_a_refresh_sends_everything_again_in_the_same_session(served):
    _, helio, bird, _ = served
    mark, updates = bird.uptime_mark(), bird.updates()
    helio.ctl("peer", "bird", "refresh")
    eventually(lambda: sum(bird.updates()) > sum(updates))
    assert bird.uptime_mark() == mark


@pytest.mark.parametrize("words, text", [
    (["peer", "nobody", "down"], 'no peer has the name or address "nobody"'),
    (["peer", "bird", "sideways"], "down, up, reset or refresh"),
    (["drain", "--wait", "soon"], "is not a time to wait"),
])
def test_an_order_that_makes_no_sense_is_refused_in_words(served, words, text):
    _, helio, bird, _ = served
    done = helio.ctl_run(*words)
    assert done.returncode == 1 and text in done.stderr
    assert bird.established()


def test_can_restart_says_who_would_lose_routes(served):
    lab, helio, *_ = served
    assert helio.ctl("can-restart") == {"against": [], "can_restart": True}
    lab.broker.kill9()
    eventually(lambda: helio.ctl_run("can-restart").returncode == 1, 30)
    assert "the next run could not read it" in helio.ctl_run("can-restart").stdout
