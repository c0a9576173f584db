# SPDX-License-Identifier: Apache-2.0
"""The fixtures of the tests with a kube-apiserver: one cluster a module, a rig for each test."""

import os

import pytest

from kube.cluster import Cluster, Feed
from lib.wait import eventually


@pytest.fixture(scope="module")
def cluster(request, net, run_folder):
    folder = os.path.join(run_folder, f"kube-{request.module.__name__}")
    made = Cluster(net["core"], folder)
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture(scope="module")
def token(cluster):
    return cluster.allow_feed(cluster.folder)


class Rig:
    """One test's topic, its namespace in the cluster, and the feeds it has started."""

    def __init__(self, lab, cluster, token):
        self.lab, self.cluster, self.token = lab, cluster, token
        self.namespace = cluster.namespace("t" + os.path.basename(lab.folder)[2:].lower()
                                           .replace("_", "x"))
        self.feeds = []

    def feed(self, *options, kafka=None, topic=None, ready=True, **more):
        made = Feed(self.cluster, self.token,
                    os.path.join(self.lab.folder, f"feed{len(self.feeds)}"),
                    "--kafka", kafka or self.lab.broker.address,
                    "--topic", topic or self.lab.topic, *options, **more)
        self.feeds.append(made)
        self.lab.started.append(made)
        made.start()
        return made.wait_ready() if ready else made

    def service(self, name, *nodes, **spec):
        made = self.cluster.service(self.namespace, name, **spec)
        self.cluster.slice(self.namespace, name, *nodes)
        return made["spec"]["clusterIP"]

    def key(self, resource, name):
        return f"{resource}/{self.namespace}/{name}"

    def records(self):
        """[(key, bytes of the value or None, headers)] of the whole topic, committed ones only;
        in order for each key."""
        done = self.lab.net["core"].run(
            "kcat", "-C", "-q", "-e", "-b", self.lab.broker.address, "-t", self.lab.topic,
            "-X", "isolation.level=read_committed", "-f", "%k\t%S\t%h\n")
        rows = [line.split("\t") for line in done.stdout.splitlines()]
        return [(k, None if size == "-1" else int(size), dict(h.split("=") for h in hs.split(",")))
                for k, size, hs in rows]

    def state(self):
        """{key: headers} of what the topic says to exist."""
        found = {}
        for key, size, headers in self.records():
            if size is None:
                found.pop(key, None)
            else:
                found[key] = headers
        return found

    def times_written(self, key):
        return sum(k == key for k, _, _ in self.records())

    def ends_with(self, *keys, absent=()):
        """Wait until the topic has these keys and not those."""
        def check():
            state = self.state()
            assert not [k for k in keys if k not in state], f"{keys} in {sorted(state)}"
            assert not [k for k in absent if k in state], f"not {absent} in {sorted(state)}"
        eventually(check, 40, every=0.2)

    def end(self):
        self.cluster.start()
        self.cluster.clear(self.namespace)
        for feed in self.feeds:
            code = feed.stop()
            assert code in (0, None), f"heliofeed ended with {code}:\n{feed.log()[-5000:]}"
            feed.check_log()


@pytest.fixture
def rig(lab, cluster, token):
    cluster.start()
    made = Rig(lab, cluster, token)
    yield made
    made.end()
