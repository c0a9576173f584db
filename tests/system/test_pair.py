# SPDX-License-Identifier: Apache-2.0
"""The pair under traffic: two replicas on one topic, a BIRD and an FRR ToR with sessions to both,
clients behind the ToRs that send all the time. What is counted is packets that no node answered, and packets
that a node answered which should not have."""

import os
import selectors
import signal
import socket
import threading
import time

import pytest

from lib import kube
from lib.heliograph import Heliograph, peer, program
from lib.net import TORS, kernel_next_hops
from lib.relay import Relay
from lib.wait import eventually

LOCAL, CLUSTER, LOCAL_V6 = "10.96.0.10", "192.0.2.20", "fd00:96::10"
SERVED = {LOCAL: ("n1", "n2"), CLUSTER: ("n1", "n2", "n3"), LOCAL_V6: ("n1", "n2")}
FLOWS = 6  # from each client to each address: ports of their own, so that all nodes are used
RATE = 100  # datagrams a second on each flow
WHERE = ("core", "peer")  # of replica a and b


class Traffic:
    """Each flow is one UDP socket; a node answers each datagram with one of its own."""

    def __init__(self, net, served=None):
        self.flows = {}
        self.served = served or SERVED
        for tor in TORS:
            for address in self.served:
                family = socket.AF_INET6 if ":" in address else socket.AF_INET
                for _ in range(FLOWS):
                    s = net[f"client-{tor}"].socket(family, socket.SOCK_DGRAM)
                    s.connect((address, 80))
                    s.setblocking(False)
                    self.flows[s] = [tor, address, 0, 0]  # sent, answered
        self.strangers, self.errors = set(), 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def start(self):
        self.thread.start()
        return self

    def _run(self):
        selector = selectors.DefaultSelector()
        for s in self.flows:
            selector.register(s, selectors.EVENT_READ)
        due = time.monotonic()
        end = None
        while end is None or time.monotonic() < end:
            for key, _ in selector.select(max(0.0, min(due - time.monotonic(), 0.05))):
                self._receive(key.fileobj)
            if end is None and self.done.is_set():
                end = time.monotonic() + 1  # the last answers
            if end is None and time.monotonic() >= due:
                due += 1 / RATE
                self._send()

    def _send(self):
        for s, flow in self.flows.items():
            try:
                s.send(b"who")
            except OSError:  # the ToR said: no route
                self.errors += 1
            flow[2] += 1

    def _receive(self, s):
        flow = self.flows[s]
        try:
            node = s.recv(64).decode()
        except OSError:
            self.errors += 1
            return
        flow[3] += 1
        if node not in self.served[flow[1]]:
            self.strangers.add((flow[1], node))

    def stop(self):
        """(sent, lost); also checks that only nodes answered that should."""
        self.done.set()
        self.thread.join()
        for s in self.flows:
            s.close()
        assert not self.strangers, f"answered by nodes without an endpoint: {self.strangers}"
        sent = sum(f[2] for f in self.flows.values())
        return sent, sent - sum(f[3] for f in self.flows.values())


class Pair:
    served = SERVED

    def __init__(self, lab, fault):
        self.lab, net = lab, lab.net
        self.replicas = [self._replica(i, where) for i, where in enumerate(WHERE)]
        lab.started += self.replicas
        lab.servers.append(Relay(net["peer"], net["core"], lab.broker.port))
        self.web = kube.service("web", LOCAL, LOCAL_V6, external_policy="Local")
        self.lb = kube.service("lb", "10.96.0.20", externalIPs=[CLUSTER])
        if fault == "upgrade of both in turn":
            for replica in self.replicas:
                replica.argv[0] = os.path.join(OLD_BIN, "heliographd")
        lab.make_topic()
        self.fill()
        for replica in self.replicas:
            replica.start()
            replica.wait_ready()
        self.bird = lab.bird(second=net.v4("peer"))
        self.bird.wait_established(protocol="helio2")
        self.frr = lab.frr()
        self.frr.vtysh_all(
            "configure terminal", "router bgp 64512", *[line.format(net.v4("peer")) for line in (
                "neighbor {} remote-as 64512", "neighbor {} timers connect 2",
                "neighbor {} advertisement-interval 0", "address-family ipv4 unicast",
                "neighbor {} activate", "exit-address-family", "address-family ipv6 unicast",
                "neighbor {} activate")])
        for address, nodes in self.served.items():
            lab.serve(address, *nodes)
        self.wait_whole()

    def fill(self):
        self.lab.write(*self.lab.nodes("n1", "n2", "n3"), self.web, self.lb, *self.slices())

    def slices(self):
        return [kube.slice_of(self.web, kube.pods_on("n1", "n2")),
                kube.slice_of(self.web, kube.pods_on("n1", "n2", family="IPv6"), "six", "IPv6"),
                kube.slice_of(self.lb, kube.pods_on("n1"))]

    def _replica(self, index, where):
        net = self.lab.net
        return Heliograph(net, os.path.join(self.lab.folder, f"replica-{where}"), {
            "router_id": f"10.255.0.{index + 1}", "cluster_id": "10.255.0.1",
            "kafka": {"brokers": self.lab.broker.address, "topic": self.lab.topic},
            # BIRD by address, FRR from a range: both wait for the ToR to connect, but after a restart.
            "peers": [peer("bird", net.v4("bird"), hold_time=6),
                      {"name": "tors", "range": f"{net.v4('frr')}/32", "as": 64512, "hold_time": 6}],
            "safety": {"withdraw_limit": {"percent": 10, "paths": 1}},
        }, where=where)

    def sessions(self):
        """Established ones, of four."""
        frr = self.frr.json("show bgp ipv4 unicast summary").get("peers", {})
        return sum([self.bird.established(), self.bird.established("helio2"),
                    *[p["state"] == "Established" for p in frr.values()]])

    def wait_whole(self):
        """All sessions are up, and both ToRs forward to the right nodes."""
        def all_up():
            assert self.sessions() == 4, (self.bird.established(), self.bird.established("helio2"),
                                          self.frr.json("show bgp neighbors"))
        eventually(all_up, 40)
        net = self.lab.net
        for tor in TORS:
            for address in {LOCAL, LOCAL_V6} & set(self.served):
                v6 = ":" in address
                wanted = {net.v6(n) if v6 else net.v4(n) for n in self.served[address]}
                prefix = f"{address}/{128 if v6 else 32}"
                eventually(lambda t=tor, p=prefix, w=wanted: set(kernel_next_hops(net[t], p)) == w, 30)


def _kill(pair):
    a = pair.replicas[0]
    a.kill9()
    eventually(lambda: pair.sessions() == 2, 20)
    time.sleep(2)
    a.start()


def _stop_for_longer_than_hold_time(pair):
    a = pair.replicas[0]
    a.signal(signal.SIGSTOP)
    eventually(lambda: pair.sessions() == 2, 30)
    time.sleep(1)
    a.signal(signal.SIGCONT)


def _restart(*which):
    def act(pair):
        for i in which:
            replica = pair.replicas[i]
            assert replica.stop() == 0
            time.sleep(1)
            replica.start().wait_ready()
            eventually(lambda: pair.sessions() == 4, 40)
    return act


def _upgrade(pair):
    """Both replicas began with the programs in HELIO_OLD_BIN; one after the other gets the new ones."""
    for replica in pair.replicas:
        assert replica.stop() == 0
        replica.argv[0] = program("heliographd")
        replica.start().wait_ready()
        eventually(lambda: pair.sessions() == 4, 40)


def _kill_broker(pair):
    pair.lab.broker.kill9()
    time.sleep(8)
    pair.lab.broker.start()
    eventually(lambda: all(r.ctl("summary")["clusters"][0]["stream"]["state"] == "following"
                           for r in pair.replicas), 60)


def _empty_the_topic(pair):
    """Somebody deletes every slice by mistake: more than the limit may go, so it is held; then they come back."""
    pair.lab.delete(*pair.slices())
    eventually(lambda: all(r.ctl("hold", "list")["held"] > 0 for r in pair.replicas), 20)
    time.sleep(4)
    pair.lab.write(*pair.slices())
    eventually(lambda: all(r.ctl("hold", "list")["held"] == 0 for r in pair.replicas), 20)


FAULTS = {
    "kill -9 of a replica, and its start": _kill,
    "SIGSTOP of a replica beyond the hold time": _stop_for_longer_than_hold_time,
    "restart of replica a": _restart(0),
    "restart of replica b": _restart(1),
    "restart of both in turn": _restart(0, 1),
    "kill -9 of the broker, and its start": _kill_broker,
    "every slice deleted by mistake, and back": _empty_the_topic,
}
OLD_BIN = os.environ.get("HELIO_OLD_BIN")  # by hand: the programs of an earlier commit
if OLD_BIN:
    FAULTS["upgrade of both in turn"] = _upgrade


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.replace(" ", "-"))
def test_no_single_fault_of_the_pair_costs_a_packet(lab, fault, capsys):
    pair = Pair(lab, fault)
    digests = pair.replicas[0].ctl("digest")["digests"] if fault != "upgrade of both in turn" else None
    assert digests is None or digests == pair.replicas[1].ctl("digest")["digests"]
    traffic = Traffic(lab.net).start()
    try:
        time.sleep(1)
        FAULTS[fault](pair)
        pair.wait_whole()
        time.sleep(1)
    finally:
        sent, lost = traffic.stop()
    with capsys.disabled():
        print(f"\n{fault}: {lost} of {sent} packets lost, {traffic.errors} errors", end="")
    assert lost == 0
    assert sent > 3000
    for replica in pair.replicas:
        eventually(lambda r=replica: digests in (None, r.ctl("digest")["digests"]))


def test_replicas_compare_their_routes_and_say_where_they_differ(lab):
    pair = Pair(lab, None)
    a, b = pair.replicas
    lab.servers.append(Relay(lab.net["core"], lab.net["peer"], 8179, here_port=8180))
    # One list for both: 8179 is a itself, 8180 leads to b, and nobody is at 8181.
    a.config["replicas"] = ["127.0.0.1:8179", "127.0.0.1:8180", "127.0.0.1:8181"]
    a.write_config()
    assert a.ctl("reload")["result"] == "applied"
    states = lambda: [r["state"] for r in a.ctl("digest")["replicas"]]
    eventually(lambda: states() == ["self", "equal", "away"], 20)
    reachable = 'replica_reachable{replica="127.0.0.1:%u"}'
    assert a.metric(reachable % 8180) == 1 and a.metric(reachable % 8181) == 0
    b.ctl("freeze")
    lab.write(kube.slice_of(pair.web, kube.pods_on("n1")))
    eventually(lambda: states() == ["self", "changes", "away"], 10)  # nothing that lasts yet
    assert a.ctl("digest")["replicas"][1]["differing"] == []
    eventually(lambda: states() == ["self", "differs", "away"], 30)
    assert a.ctl("digest")["replicas"][1]["differing"] == ["cluster_ip ipv4", "view (all)"]
    assert "differs: cluster_ip ipv4, view (all)" in a.ctl_text("digest")
    eventually(lambda: "the replica's routes are not ours" in a.log(), 5)
    assert a.metric('replica_differs_seconds{replica="127.0.0.1:8180"}') >= 15
    b.ctl("resume")
    eventually(lambda: states() == ["self", "equal", "away"], 20)
    eventually(lambda: "the replica's routes are ours again" in a.log(), 10)
    b.kill9()
    eventually(lambda: states() == ["self", "away", "away"], 20)


def test_replicas_whose_views_have_other_rules_differ_though_their_tables_are_equal(lab):
    pair = Pair(lab, None)
    a, b = pair.replicas
    lab.servers.append(Relay(lab.net["core"], lab.net["peer"], 8179, here_port=8180))
    a.config["replicas"] = ["127.0.0.1:8180"]
    for replica, most in ((a, 1), (b, 2)):
        replica.config["views"] = {"chip": {"max_next_hops": most}}
        replica.config["peers"] = [{**peer, "view": "chip"} for peer in replica.config["peers"]]
        replica.write_config()
        assert replica.ctl("reload")["result"] == "applied"
    peers = lambda r: {v["view"]: v["peers"] for v in r.ctl("digest")["views"]}
    for replica in pair.replicas:  # both routers are shown the view by both
        eventually(lambda r=replica: peers(r) == {"chip": 2}, 30)
    other = lambda: a.ctl("digest")["replicas"][0]
    eventually(lambda: other()["state"] == "differs", 40)
    assert other()["differing"] == ["view chip"]
    assert "differs: view chip" in a.ctl_text("digest")
    url = "http://127.0.0.1:8180"
    assert a.ctl("diff", "replica", url)["differences"] == []  # the tables are equal
    done = a.ctl_run("diff", "replica", url, "bird")
    assert done.returncode == 1 and "\n- " not in "\n" + done.stdout  # b sends that router more paths
    assert f"+ {LOCAL}/32 " in done.stdout
    assert a.ctl("digest")["digests"] == b.ctl("digest")["digests"]
    b.config["views"] = a.config["views"]
    b.write_config()
    assert b.ctl("reload")["result"] == "applied"
    eventually(lambda: other()["state"] == "equal" and peers(a) == peers(b) == {"chip": 2}, 30)
    assert a.ctl("digest")["views"] == b.ctl("digest")["views"]


def test_removals_of_many_paths_strike_the_replicas_one_after_the_other(lab):
    pair = Pair(lab, None)
    lab.servers.append(Relay(lab.net["peer"], lab.net["core"], 8179, here_port=8180))
    lab.servers.append(Relay(lab.net["core"], lab.net["peer"], 8179, here_port=8180))
    for replica in pair.replicas:
        replica.config["replicas"] = ["127.0.0.1:8179", "127.0.0.1:8180"]
        replica.config["safety"] = {"withdraw_limit": {"percent": 100, "paths": 1}, "stagger": "5s"}
        replica.write_config()
        assert replica.ctl("reload")["result"] == "applied"
    for replica in pair.replicas:
        eventually(lambda r=replica: sorted(o["state"] for o in r.ctl("digest")["replicas"]) ==
                   ["equal", "self"], 20)
    hops = lambda r: [p.next_hop for p in r.paths() if p.prefix == f"{LOCAL}/32"]
    first, second = pair.replicas
    time.sleep(2)  # the writer is told once a second
    lab.write(kube.slice_of(pair.web, kube.pods_on("n1")))
    eventually(lambda: hops(first) == [lab.net.v4("n1")], 3)
    eventually(lambda: second.metric('held_paths{reason="stagger"}') == 1, 4)
    assert len(hops(second)) == 2
    eventually(lambda: hops(second) == [lab.net.v4("n1")], 10)
    first.kill9()  # alone there is nobody to wait for
    eventually(lambda: "away" in [o["state"] for o in second.ctl("digest")["replicas"]], 20)
    time.sleep(2)
    lab.write(kube.slice_of(pair.web, kube.pods_on("n1", "n2")))
    eventually(lambda: len(hops(second)) == 2)
    lab.write(kube.slice_of(pair.web, kube.pods_on("n2")))
    eventually(lambda: hops(second) == [lab.net.v4("n2")], 3)


def test_what_differs_between_replicas_and_between_peers_is_listed_path_by_path(lab):
    pair = Pair(lab, None)
    a, b = pair.replicas
    relay = Relay(lab.net["core"], lab.net["peer"], 8179, here_port=8180)
    lab.servers.append(relay)
    url = "http://127.0.0.1:8180"
    assert a.ctl("diff", "replica", url)["differences"] == []
    shown = lambda r: sorted(k["digest"] for k in r.ctl("sets")["kinds"])
    assert shown(a) == shown(b) != []  # as their peers are shown it, too
    b.ctl("freeze")
    lab.write(kube.slice_of(pair.web, kube.pods_on("n1")))
    eventually(lambda: a.ctl_run("diff", "replica", url).returncode == 1)
    done = a.ctl_run("diff", "replica", url)
    assert shown(a) != shown(b)
    lines = [line for line in done.stdout.splitlines() if line[0] in "+-"]
    assert len(lines) == 1 and lines[0].startswith(f"+ {LOCAL}/32 via {lab.net.v4('n2')} "), lines
    assert "1 differences" in done.stdout
    b.ctl("resume")
    eventually(lambda: a.ctl_run("diff", "replica", url).returncode == 0)
    assert " 0 differences" in a.ctl_text("diff", "bird", "bird")
    assert "is no URL" in a.ctl_run("diff", "replica", "peer").stderr
    assert a.ctl_run("diff", "replica", "http://127.0.0.1:1").returncode == 1
