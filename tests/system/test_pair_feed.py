# SPDX-License-Identifier: Apache-2.0
"""The pair under traffic where the stream comes from a real kube-apiserver: what the death of heliofeed, or of the API
server, costs. Part of the suite `feed`."""

import signal
import time

import pytest
from kube.rig import cluster, rig, token  # pylint: disable=unused-import  # fixtures
from test_pair import CLUSTER, LOCAL, SERVED, Pair, Traffic

from lib.wait import eventually


class FedPair(Pair):
    served = {LOCAL: SERVED[LOCAL], CLUSTER: SERVED[CLUSTER]}

    def __init__(self, rig):
        self.rig = rig
        super().__init__(rig.lab, None)

    def fill(self):
        api, space = self.rig.cluster, self.rig.namespace
        for n in ("n1", "n2", "n3"):
            api.node(n, self.lab.net.v4(n))
        api.service(space, "web", clusterIP=LOCAL, type="NodePort", externalTrafficPolicy="Local")
        api.service(space, "lb", externalIPs=[CLUSTER])
        api.slice(space, "web", "n1", "n2")
        api.slice(space, "lb", "n1")
        self.feed = self.rig.feed()

    def write_late(self):
        """A change that has to arrive in the end."""
        late = self.rig.service("late", "n3", type="NodePort", externalTrafficPolicy="Local")
        for replica in self.replicas:
            eventually(lambda r=replica: f"{late}/32" in {p.prefix for p in r.paths()}, 60)


def _kill(pair):
    pair.feed.kill9()
    time.sleep(5)
    pair.feed = pair.rig.feed()


def _stop(pair):
    pair.feed.signal(signal.SIGSTOP)
    time.sleep(15)
    pair.feed.signal(signal.SIGCONT)


def _kill_api(pair):
    pair.rig.cluster.api.kill9()
    time.sleep(5)
    pair.rig.cluster.start()


FAULTS = {
    "kill -9 of heliofeed, and its start": _kill,
    "SIGSTOP of heliofeed for 15 s": _stop,
    "kill -9 of the API server, and its start": _kill_api,
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.replace(" ", "-"))
def test_no_fault_before_the_stream_costs_a_packet(rig, fault, capsys):
    pair = FedPair(rig)
    traffic = Traffic(rig.lab.net, pair.served).start()
    try:
        time.sleep(1)
        FAULTS[fault](pair)
        pair.write_late()
        pair.wait_whole()
        time.sleep(1)
    finally:
        sent, lost = traffic.stop()
    with capsys.disabled():
        print(f"\n{fault}: {lost} of {sent} packets lost, {traffic.errors} errors", end="")
    assert lost == 0 and sent > 3000
    a, b = (r.ctl("digest")["digests"] for r in pair.replicas)
    assert a == b
