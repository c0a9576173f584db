# SPDX-License-Identifier: Apache-2.0
"""Transactions on the stream: what was aborted never was, and what is open is waited for, and named while it lasts."""

import pytest

from lib import kube
from lib.paths import next_hops, prefixes
from lib.still import nothing_moves
from lib.wait import always, eventually

HOST = "10.96.0.10/32"


def _service(name, address, *nodes):
    made = kube.service(name, address, external_policy="Local")
    return [list(kube.record(o)) for o in (made, kube.slice_of(made, kube.pods_on(*nodes)))]


@pytest.fixture(name="stream")
def _stream(lab):
    lab.make_topic(partitions=2)
    lab.broker.transaction(lab.topic, [list(kube.record(n)) for n in lab.nodes("n1", "n2")], "commit")
    lab.broker.transaction(lab.topic, _service("web", "10.96.0.10", "n1", "n2"), "commit")
    return lab


def test_what_an_aborted_transaction_wrote_never_was(stream):
    lab = stream
    lab.broker.transaction(lab.topic, _service("ghost", "10.96.0.66", "n1"), "abort")
    lab.broker.transaction(lab.topic, [["nodes//n2", None], *_service("web", "10.96.0.10", "n1")], "abort")
    helio = lab.heliograph()  # ready, though the last that the topic has are aborts
    bird = lab.bird()
    both = [lab.net.v4("n1"), lab.net.v4("n2")]
    eventually(lambda: next_hops(bird.paths(), HOST) == both)
    assert "10.96.0.66/32" not in prefixes(bird.paths())
    updates = bird.updates()
    lab.broker.transaction(lab.topic, [["nodes//n1", None], ["services/default/web", None]], "abort")
    lab.broker.transaction(lab.topic, _service("late", "10.96.0.11", "n2"), "commit")
    eventually(lambda: next_hops(bird.paths(), "10.96.0.11/32") == [lab.net.v4("n2")])
    assert next_hops(bird.paths(), HOST) == both and sum(bird.updates()) == sum(updates) + 1
    assert helio.metric('kafka_records_quarantined_total{reason="undecodable"}') == 0
    eventually(lambda: helio.metric("kafka_lag_records") == 0)


def test_what_is_in_an_open_transaction_waits_for_its_end_and_withdraws_nothing(stream):
    lab = stream
    helio = lab.heliograph()
    bird = lab.bird()
    eventually(lambda: len(next_hops(bird.paths(), HOST)) == 2)
    before = bird.paths()
    lab.broker.transaction(lab.topic, [["nodes//n2", None], *_service("web", "10.96.0.10", "n1")], "leave")
    lab.broker.transaction(lab.topic, _service("behind", "10.96.0.12", "n1"), "commit", name="another")
    always(lambda: bird.paths() == before, 3)
    assert helio.metric("kafka_up") == 1 and helio.get("/readyz")[0] == 200
    # The next producer of that name ends what was left open: it was aborted after all.
    lab.broker.transaction(lab.topic, _service("late", "10.96.0.11", "n2"), "commit")
    eventually(lambda: {"10.96.0.11/32", "10.96.0.12/32"} <= prefixes(bird.paths()), 20)
    assert {p for p in bird.paths() if p.prefix not in ("10.96.0.11/32", "10.96.0.12/32")} == before


def test_a_start_is_complete_up_to_an_open_transaction(stream):
    lab = stream
    lab.broker.transaction(lab.topic, _service("ghost", "10.96.0.66", "n1"), "leave")
    helio = lab.heliograph()
    bird = lab.bird()
    eventually(lambda: len(next_hops(bird.paths(), HOST)) == 2)
    eventually(lambda: bird.end_of_rib("ipv4"))
    assert "10.96.0.66/32" not in prefixes(bird.paths())
    assert helio.metric("kafka_caught_up") == 1


@pytest.mark.parametrize("snapshot", (True, False), ids=("going-on", "scanning"))
def test_a_restart_catches_up_although_the_last_records_are_aborted_ones(stream, snapshot):
    lab = stream
    helio = lab.heliograph(snapshot={"enabled": snapshot})
    bird = lab.bird()
    eventually(lambda: len(next_hops(bird.paths(), HOST)) == 2)
    before = bird.paths()
    helio.kill9()
    for _ in range(3):
        lab.broker.transaction(lab.topic, [["nodes//n2", None], *_service("ghost", "10.96.0.66", "n1")], "abort")
    ribs = bird.log().count("Got END-OF-RIB")
    helio.start()
    helio.wait_ready()
    eventually(lambda: helio.metric("kafka_caught_up") == 1)
    eventually(lambda: helio.metric("kafka_lag_records") == 0)
    bird.wait_established(40)
    eventually(lambda: bird.log().count("Got END-OF-RIB") == ribs + 2)
    assert bird.paths() == before


def test_a_topic_of_nothing_but_aborted_records_is_caught_up_with(lab):
    lab.make_topic(1)
    lab.broker.transaction(lab.topic, [list(kube.record(n)) for n in lab.nodes("n1")], "abort")
    helio = lab.heliograph()
    assert _kafka(helio)["records"] == 0 and helio.paths() == set()


def _kafka(helio):
    return helio.ctl("kafka")["clusters"][0]


def test_an_open_transaction_is_named_with_all_that_it_holds_back(lab):
    """Of one partition, so that all stands in one line: two deletions in the open transaction and two records behind it."""
    lab.make_topic(1)
    lab.write(*lab.nodes("n1", "n2"))
    helio = lab.heliograph()
    bird = lab.bird()
    eventually(lambda: bird.paths() == helio.paths() != set())
    stable = _kafka(helio)["partitions"][0]["position"]
    with nothing_moves(helio, bird):
        lab.broker.transaction(lab.topic, [["nodes//n1", None], ["nodes//n2", None]], "leave")
        lab.write(*map(tuple, _service("web", "10.96.0.10", "n1")))  # by another producer
        always(lambda: _kafka(helio)["held_back"] == 0, 5)  # a busy producer is no fault
        eventually(lambda: helio.log_lines("a transaction is open", f"last_stable={stable} "), 40)
        assert _kafka(helio)["partitions"][0]["held_back"] == _kafka(helio)["held_back"] == 4
        assert helio.metric("kafka_held_back_records") == 4
        assert "4 records are held back by an open transaction" in helio.ctl_text("kafka")
        always(lambda: _kafka(helio)["held_back"] == 4 and helio.get("/readyz")[0] == 200, 6)
    lab.broker.transaction(lab.topic, [], "commit")  # which ends what its predecessor left open
    eventually(lambda: next_hops(bird.paths(), HOST) == [lab.net.v4("n1")], 20)
    eventually(lambda: helio.metric("kafka_held_back_records") == 0)
    assert helio.log_lines("transaction has ended") and len(helio.log_lines("a transaction is open")) == 1
    assert "held back" not in helio.ctl_text("kafka")
