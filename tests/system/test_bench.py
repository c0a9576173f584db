# SPDX-License-Identifier: Apache-2.0
"""heliobench against a running heliographd, with a real Kafka between them."""

import json

from lib.heliograph import ADVERTISE, program
from lib.paths import next_hops, prefixes
from lib.wait import eventually

TORS = [{"name": "tors", "range": "127.1.0.0/16", "as": 64512, "passive": True}]


def test_a_cluster_that_heliobench_writes_in_protobuf_reaches_bird_and_frr(lab):
    lab.make_topic(partitions=8)
    helio = lab.heliograph()
    tors = lab.tors()
    lab.net["core"].run(
        program("heliobench"), "cluster", "--kafka", lab.broker.address, "--topic", lab.topic,
        "--nodes", "30", "--services", "50", "--next-hops", "4", "--dual-stack", "50", "--seed", "3")

    def complete():
        paths = helio.paths()
        assert len(prefixes(paths)) > 50
        assert len(next_hops(paths, "10.96.0.0/12")) == 30
        assert len(next_hops(paths, "10.96.0.1/32")) == 4
    eventually(complete, 30)
    for tor in tors:
        eventually(lambda: tor.paths() == helio.paths(), 30)


def test_every_table_of_a_fleet_equals_the_model_whatever_happens_to_the_cluster(lab):
    lab.make_topic(partitions=8)
    # heliobench's model knows the cluster IPs' class alone.
    lab.heliograph(peers=TORS, listen=["127.0.0.1:1790"],
                   advertise={"cluster_ips": ADVERTISE["cluster_ips"]})
    done = lab.net["core"].run(
        program("heliobench"), "run", "--kafka", lab.broker.address, "--topic", lab.topic,
        "--target", "127.0.0.1:1790", "--nodes", "60", "--services", "100", "--next-hops", "10",
        "--dual-stack", "30", "--tors", "10", "--seed", "5", "-o", "json", check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert isinstance(json.loads(done.stdout), dict)
