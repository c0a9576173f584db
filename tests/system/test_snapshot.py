# SPDX-License-Identifier: Apache-2.0
"""The local snapshot: what a replica announces before Kafka has been read, and how it goes on."""

import glob
import os
import time

import pytest

from lib import kube
from lib.kafka import COMPACTED
from lib.paths import next_hops
from lib.wait import always, eventually

WEB = "10.96.0.10/32"
FREE = {"withdraw_limit": {"percent": 100}, "last_path": "0s", "last_prefix": "0s"}


def _service(name, address, *nodes):
    service = kube.service(name, address, external_policy="Local")
    return [service, kube.slice_of(service, kube.pods_on(*nodes))]


def _stream(helio):
    return helio.ctl("summary")["clusters"][0]["stream"]


@pytest.fixture(name="served")
def _served(lab):
    lab.make_topic()
    lab.write(*lab.nodes("n1", "n2"), *_service("web", "10.96.0.10", "n1", "n2"),
              *_service("old", "10.96.0.11", "n1"))
    helio = lab.heliograph(safety=FREE)
    bird = lab.bird()
    eventually(lambda: bird.paths() == helio.paths() != set())
    return lab, helio, bird


def _restart(helio, wait=True):
    helio.kill9()
    helio.start()
    if wait:
        helio.wait_ready()


def test_a_start_without_kafka_announces_what_the_last_run_did_but_no_end_of_rib(served):
    lab, helio, bird = served
    before = bird.paths()
    digests = helio.ctl("digest")["digests"]
    lab.broker.kill9()
    helio.kill9()
    ribs = bird.log().count("Got END-OF-RIB")
    helio.start()
    helio.wait_ready()  # announcing from the snapshot is ready
    bird.wait_established(40)
    eventually(lambda: bird.paths() == before)
    assert helio.ctl("digest")["digests"] == digests
    stream = _stream(helio)
    assert stream["loaded_local_snapshot"] and not stream["caught_up"]
    assert "Announcing from the local snapshot" in helio.ctl_text("summary")
    assert helio.metric('announcing_from_local_snapshot{cluster="default"}') == 1
    always(lambda: bird.log().count("Got END-OF-RIB") == ribs, 2)
    lab.broker.start()
    eventually(lambda: _stream(helio)["caught_up"], 40)
    eventually(lambda: bird.log().count("Got END-OF-RIB") == ribs + 2)
    assert bird.paths() == before


def test_it_goes_on_from_its_offsets_and_takes_what_has_happened_since(served):
    lab, helio, bird = served
    helio.kill9()
    lab.write(*_service("new", "10.96.0.12", "n2"))
    lab.delete(*_service("old", "10.96.0.11", "n1"))
    helio.start()
    helio.wait_ready()
    eventually(lambda: _stream(helio)["caught_up"])
    records = sum(p["position"] - p["first"] for p in helio.ctl("kafka")["clusters"][0]["partitions"])
    assert _stream(helio)["records"] < records  # not all of it was read again
    eventually(lambda: next_hops(bird.paths(), "10.96.0.12/32") == [lab.net.v4("n2")])
    assert next_hops(bird.paths(), "10.96.0.11/32") == []


def test_a_snapshot_that_is_too_old_is_confirmed_by_a_scan_and_the_rest_goes(served):
    """A deletion whose tombstone is compacted away meanwhile would be missed by going on."""
    lab, helio, bird = served
    helio.kill9()
    journal = os.path.join(helio.folder, "journal")
    long_ago = time.time() - 13 * 3600
    os.utime(journal, (long_ago, long_ago))
    fresh = lab.topic  # the same topic, made anew: as if "old" had been compacted away
    lab.broker.delete_topic(fresh)
    lab.make_topic()
    lab.write(*lab.nodes("n1", "n2"), *_service("web", "10.96.0.10", "n1", "n2"))
    helio.start()
    helio.wait_ready()
    eventually(lambda: _stream(helio)["caught_up"])
    eventually(lambda: next_hops(bird.paths(), "10.96.0.11/32") == [])
    assert len(next_hops(bird.paths(), WEB)) == 2


def test_what_a_scan_does_not_confirm_is_held_by_the_withdraw_limit(lab):
    lab.make_topic()
    lab.write(*lab.nodes("n1", "n2"))
    for i in range(20):
        lab.write(*_service(f"s{i}", f"10.96.4.{i + 1}", "n1"))
    helio = lab.heliograph(safety={"withdraw_limit": {"percent": 10, "paths": 2},
                                   "last_path": "0s", "last_prefix": "0s"})
    bird = lab.bird()
    eventually(lambda: len(bird.paths()) == 30)  # with five aggregates from two nodes
    helio.kill9()
    lab.broker.delete_topic(lab.topic)
    lab.make_topic()
    lab.write(*lab.nodes("n1", "n2"))  # a publisher that has lost its mind
    helio.start()
    helio.wait_ready()
    eventually(lambda: _stream(helio)["caught_up"])
    eventually(lambda: helio.ctl("hold", "list")["held"] == 18)
    bird.wait_established(40)
    always(lambda: len(bird.paths()) == 28, 2)


def test_a_topic_made_anew_and_filled_in_our_absence_is_noticed(served):
    """Its offsets are there again, but are other records."""
    lab, helio, bird = served
    helio.kill9()
    lab.broker.delete_topic(lab.topic)
    lab.make_topic()
    for i in range(8):
        lab.write(*_service(f"fresh{i}", f"10.96.5.{i + 1}", "n1"))
    lab.write(*lab.nodes("n1", "n2"))
    helio.start()
    helio.wait_ready()
    eventually(lambda: next_hops(bird.paths(), "10.96.5.8/32") == [lab.net.v4("n1")], 30)
    eventually(lambda: next_hops(bird.paths(), WEB) == [], 30)


def test_a_topic_that_is_compacted_in_our_absence_is_read_anew_and_forgotten_objects_go(lab):
    """The tombstone of a deletion is compacted away before we come back: only a scan can tell."""
    lab.make_topic(1, COMPACTED)
    lab.write(*lab.nodes("n1", "n2"), *_service("web", "10.96.0.10", "n1", "n2"),
              *_service("old", "10.96.0.11", "n1"))
    helio = lab.heliograph(safety=FREE, snapshot={"max_age": "0s"})
    bird = lab.bird()
    eventually(lambda: bird.paths() == helio.paths() != set())
    helio.kill9()
    lab.delete(*_service("old", "10.96.0.11", "n1"))

    def forgotten():
        time.sleep(1)
        lab.write(*lab.nodes("n1"))  # the active segment is never compacted: begin another one
        done = lab.net["core"].run("kcat", "-C", "-q", "-e", "-b", lab.broker.address, "-t", lab.topic,
                                   "-f", "%k %S\\n")
        assert "/old" not in done.stdout, done.stdout
    eventually(forgotten, 60)
    helio.start()
    helio.wait_ready()
    eventually(lambda: _stream(helio)["caught_up"])
    eventually(lambda: next_hops(bird.paths(), "10.96.0.11/32") == [])
    assert len(next_hops(bird.paths(), WEB)) == 2


def test_partitions_that_are_added_are_read_and_nothing_is_lost(served):
    lab, helio, bird = served
    before = bird.paths()
    lab.broker.add_partitions(lab.topic, 12)
    for i in range(12):  # by their keys they fall into old and new partitions
        lab.write(*_service(f"more{i}", f"10.96.6.{i + 1}", "n1"))
    for i in range(12):
        eventually(lambda i=i: next_hops(bird.paths(), f"10.96.6.{i + 1}/32") == [lab.net.v4("n1")], 30)
    assert before <= bird.paths()
    assert len(helio.ctl("kafka")["clusters"][0]["partitions"]) == 12
    _restart(helio)  # and a snapshot of both kinds is gone on from
    bird.wait_established(40)
    eventually(lambda: len(next_hops(bird.paths(), "10.96.6.12/32")) == 1)
    assert before <= bird.paths()


def test_a_damaged_snapshot_is_set_aside_and_the_topic_read(served):
    _, helio, bird = served
    before = bird.paths()
    helio.kill9()
    with open(os.path.join(helio.folder, "journal"), "r+b") as f:
        f.write(b"garbage where the head was")
    helio.start()
    helio.wait_ready()
    assert "the local snapshot is not used" in helio.log()
    assert glob.glob(os.path.join(helio.folder, "journal.bad"))
    assert helio.metric("local_snapshots_refused_total") == 1
    bird.wait_established(40)
    eventually(lambda: bird.paths() == before)


def test_a_frozen_replica_comes_back_frozen_with_the_snapshots_routes(served):
    lab, helio, bird = served
    before = bird.paths()
    helio.ctl("freeze", "--reason", "bad publisher")
    helio.kill9()
    lab.delete(*_service("web", "10.96.0.10", "n1", "n2"))
    helio.start()
    helio.wait_ready()
    eventually(lambda: _stream(helio)["caught_up"])
    bird.wait_established(40)
    always(lambda: bird.paths() == before, 2)
    helio.ctl("resume")
    eventually(lambda: next_hops(bird.paths(), WEB) == [])


def test_without_a_snapshot_nothing_is_kept(lab):
    lab.make_topic()
    lab.write(*lab.nodes("n1"))
    helio = lab.heliograph(snapshot={"enabled": False})
    assert not os.path.exists(os.path.join(helio.folder, "journal"))
    assert _stream(helio)["local_snapshot_bytes"] == 0
    _restart(helio)
    assert not _stream(helio)["loaded_local_snapshot"]


def test_the_embedded_streams_state_survives_a_restart(lab):
    helio = lab.heliograph(wait="started", kafka={"brokers": "embedded"}, safety=FREE)
    bird = lab.bird()
    with open(f"{helio.folder}/kafka.bootstrap", encoding="ascii") as f:
        address = f.read().strip()
    objects = [*lab.nodes("n1", "n2"), *_service("web", "10.96.0.10", "n1", "n2")]
    lines = "".join(f"{key}\x1e{value}\n" for key, value in map(kube.record, objects))
    lab.net["core"].run("kcat", "-P", "-b", address, "-t", "kubernetes-state", "-K", "\x1e",
                        "-X", "topic.partitioner=murmur2_random", data=lines)
    eventually(lambda: len(next_hops(bird.paths(), WEB)) == 2)
    assert helio.stop() == 0
    helio.start()
    helio.wait_ready()
    bird.wait_established(40)
    always(lambda: len(next_hops(helio.paths(), WEB)) == 2, 3)
    eventually(lambda: len(next_hops(bird.paths(), WEB)) == 2)
