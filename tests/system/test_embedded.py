# SPDX-License-Identifier: Apache-2.0
"""The embedded stream: a broker inside heliographd, spoken to over TCP like any other."""

from lib import kube
from lib.paths import next_hops
from lib.wait import eventually


def test_the_embedded_stream_takes_records_from_any_kafka_client(lab):
    helio = lab.heliograph(wait="started", kafka={"brokers": "embedded",
                                                  "topic": "kubernetes-state"})
    bird = lab.bird()
    bootstrap = f"{helio.folder}/kafka.bootstrap"
    with open(bootstrap, encoding="ascii") as f:
        address = f.read().strip()

    web = kube.service("web", "10.96.0.10", external_policy="Local")
    objects = [*lab.nodes("n1", "n2"), web, kube.slice_of(web, kube.pods_on("n1", "n2"))]
    lines = "".join(f"{key}\x1e{value}\n" for key, value in map(kube.record, objects))
    lab.net["core"].run("kcat", "-P", "-b", address, "-t", "kubernetes-state", "-K", "\x1e",
                        "-X", "topic.partitioner=murmur2_random", data=lines)
    helio.wait_ready()
    eventually(lambda: next_hops(bird.paths(), "10.96.0.10/32") ==
               [lab.net.v4("n1"), lab.net.v4("n2")])
