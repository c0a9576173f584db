# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the system tests: one network and one Kafka broker for the run; for each test its
own topic, its own heliographd and its own ToRs, which end with it."""

import glob
import os
import re
import shutil
import sys
import tempfile

import pytest

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, _HERE)

# For every program of a sanitizer's build, whoever starts it.
os.environ["ASAN_OPTIONS"] = "detect_leaks=1"
os.environ["UBSAN_OPTIONS"] = "print_stacktrace=1"
os.environ["TSAN_OPTIONS"] = f"suppressions={os.path.dirname(_HERE)}/tsan.supp"

# pylint: disable=wrong-import-position
from lib import kube
from lib.bird import Bird
from lib.frr import Frr
from lib.heliograph import Heliograph
from lib.kafka import Broker
from lib.net import NODES, NamingServer, Net


@pytest.fixture(scope="session")
def net():
    built = Net()
    yield built
    built.remove()


@pytest.fixture(scope="session")
def run_folder():
    """Everything the run writes. FRR's daemons give up root and must still reach their folders."""
    for old in glob.glob(os.path.join(tempfile.gettempdir(), "helio-test-*-*")):
        if not os.path.exists(f"/proc/{old.split('-')[-2]}"):  # killed with -9
            shutil.rmtree(old, ignore_errors=True)
    keep = os.environ.get("HELIO_KEEP")
    folder = tempfile.mkdtemp(prefix=f"helio-{'kept' if keep else 'test'}-{os.getpid()}-")
    os.chmod(folder, 0o711)
    yield folder
    if keep:
        print(f"\nkept: {folder}", file=sys.__stderr__)
    else:
        shutil.rmtree(folder, ignore_errors=True)


class BrokerHolder:
    """The run's broker; a test that ended it gets it back up for the next one."""

    def __init__(self, net, folder):
        self.broker = Broker(net["core"], folder)

    def up(self):
        if not self.broker.running():
            self.broker.process.popen = None
            self.broker.start()
        return self.broker


@pytest.fixture(scope="session")
def _broker_holder(net, run_folder):
    holder = BrokerHolder(net, os.path.join(run_folder, "kafka"))
    yield holder
    holder.broker.kill9()


@pytest.fixture
def broker(_broker_holder):
    return _broker_holder.up()


class Lab:
    """What one test has started. Its methods start things; the fixture ends them."""

    def __init__(self, net, folder, broker, name):
        self.net = net
        self.folder = folder
        self.broker = broker
        self.topic = name
        self.started = []
        self.servers = []
        self.helio = None

    # --- the stream -------------------------------------------------------------------------

    def make_topic(self, partitions=3, config=None):
        return self.broker.create_topic(self.topic, partitions, config)

    def write(self, *objects, form="json"):
        """Objects, or ready (key, value) pairs, onto the test's topic."""
        self.broker.produce(
            self.topic,
            [o if isinstance(o, tuple) else kube.record(o, form) for o in objects])

    def delete(self, *objects):
        self.broker.produce(self.topic, [kube.tombstone(o) for o in objects])

    def nodes(self, *names, **more):
        return [kube.node(n, self.net.v4(n), self.net.v6(n), **more) for n in names or NODES[:3]]

    # --- programs ---------------------------------------------------------------------------

    def heliograph(self, wait="ready", start=True, **config):
        """heliographd on the test's topic. wait: "ready", "started" or None."""
        config.setdefault("kafka", {"brokers": self.broker.address, "topic": self.topic})
        self.helio = helio = Heliograph(self.net, os.path.join(self.folder, "heliograph"), config)
        self.started.append(helio)
        if start:
            helio.start()
            if wait:
                helio.wait_started()
            if wait == "ready":
                helio.wait_ready()
        return helio

    def bird(self, where="bird", established=True, **more):
        tor = Bird(self.net, os.path.join(self.folder, f"bird-{where}"), where, **more)
        return self._start_tor(tor, established)

    def frr(self, where="frr", established=True, **more):
        tor = Frr(self.net, os.path.join(self.folder, f"frr-{where}"), where, **more)
        return self._start_tor(tor, established)

    def _start_tor(self, tor, established):
        self.started.append(tor)
        tor.start()
        return tor.wait_established() if established else tor

    def tors(self):
        """BIRD and FRR, both established."""
        tors = [self.bird(established=False), self.frr(established=False)]
        return [tor.wait_established() for tor in tors]

    def serve(self, address, *nodes):
        """The nodes hold the address and answer on it with their names."""
        servers = [NamingServer(self.net, node, address) for node in nodes]
        self.servers += servers
        return servers

    # --- the end ----------------------------------------------------------------------------

    def logs(self):
        for thing in self.started:
            yield type(thing).__name__, thing.log()[-5000:]

    def end(self):
        for server in self.servers:
            server.close()
        faults = []
        for thing in reversed(self.started):
            try:
                code = thing.stop()
                if isinstance(thing, Heliograph):
                    assert code in (0, None), f"heliographd ended with {code}:\n{thing.log()[-5000:]}"
                    thing.check_log()
            except AssertionError as fault:
                faults.append(str(fault))
        assert not faults, "\n\n".join(faults)


@pytest.fixture
def lab(request, net, run_folder, broker):
    folder = tempfile.mkdtemp(prefix="t-", dir=run_folder)
    # A topic's name: the test's, as far as Kafka takes it, and something unique.
    name = re.sub(r"[^A-Za-z0-9]+", "-", request.node.name)[:80] + os.path.basename(folder)
    os.chmod(folder, 0o711)
    made = Lab(net, folder, broker, name)
    request.node.lab = made
    try:
        yield made
    finally:
        made.end()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the ends of the logs of what it had started."""
    outcome = yield
    report = outcome.get_result()
    made = getattr(item, "lab", None)
    if report.failed and made is not None and call.when == "call":
        for name, text in made.logs():
            report.sections.append((f"log of {name}", text))
