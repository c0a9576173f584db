# SPDX-License-Identifier: Apache-2.0
"""A small data centre of network namespaces.

    core   .1  the reflector (and the Kafka broker, on its loopback)
    bird   .2  a ToR that runs BIRD, with the namespace client-bird behind it
    frr    .3  a ToR that runs FRR, with the namespace client-frr behind it
    peer   .9  an address that is nobody's peer until a test makes it one
    n1..n4 .11 .. .14  nodes

All of them sit on one Ethernet (a bridge in a namespace of its own), 172.30.0.0/24 and
fd30::/64, so that a node's address is a next hop that both ToRs reach directly. Namespace names
begin with the pid of this test run, and interfaces are made inside the namespaces: nothing of
it shows in, or can clash with, the machine's own network.
"""

import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
_PREFIX = "helio-"

NODES = ("n1", "n2", "n3", "n4")
HOSTS = {"core": 1, "bird": 2, "frr": 3, "peer": 9, "n1": 11, "n2": 12, "n3": 13, "n4": 14}
TORS = ("bird", "frr")


def ip(*args, batch=None):
    """Run iproute2's ip; return its output."""
    return subprocess.run(
        ["ip", *args], input=batch, capture_output=True, text=True, check=True, timeout=30
    ).stdout


def remove_leftovers():
    """Remove the namespaces of test runs that no longer live (they were killed with -9), and what
    still runs in them: FRR's daemons change their user, and then no longer die with their parent."""
    for line in ip("netns", "list").splitlines():
        found = re.match(rf"({_PREFIX}(\d+)-\S+)", line)
        if found and not os.path.exists(f"/proc/{found[2]}"):
            for pid in ip("netns", "pids", found[1]).split():
                os.kill(int(pid), signal.SIGKILL)
            subprocess.run(["ip", "netns", "del", found[1]], capture_output=True, check=False)


class Namespace:
    def __init__(self, name):
        self.name = name
        self.full = f"{_PREFIX}{os.getpid()}-{name}"
        ip("netns", "add", self.full)
        self.ip("link", "set", "lo", "up")
        # Without it a fresh link-local address is unusable for a second, and ND with it.
        self.sysctl(net__ipv6__conf__default__accept_dad=0, net__ipv6__conf__all__accept_dad=0)

    def remove(self):
        subprocess.run(["ip", "netns", "del", self.full], capture_output=True, check=False)

    def ip(self, *args):
        return ip("-n", self.full, *args)

    def exec_argv(self, argv):
        """argv to run in here. ip execs it, so the child's pid is the program's own."""
        return ["ip", "netns", "exec", self.full, *[str(a) for a in argv]]

    def run(self, *argv, data=None, check=True, timeout=60):
        """Run a command in here to its end; return the CompletedProcess with text output."""
        text = not isinstance(data, bytes)
        done = subprocess.run(
            self.exec_argv(argv), input=data, capture_output=True, text=text, timeout=timeout,
            check=False,
        )
        if check:
            assert done.returncode == 0, f"{argv}: exit {done.returncode}: {done.stderr}{done.stdout}"
        return done

    def monitor_routes(self):
        """Watch this namespace's kernel routes; stop() returns the events, one line each."""
        return RouteMonitor(self)

    def sysctl(self, **values):
        self.run("sysctl", "-q", "-w", *[f"{k.replace('__', '.')}={v}" for k, v in values.items()])

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_STREAM):
        """A socket that lives in this namespace, for use by this process.

        A socket belongs for ever to the namespace its thread was in when it was made.
        """
        made = []

        def make():
            fd = os.open(f"/run/netns/{self.full}", os.O_RDONLY)
            try:
                if _libc.setns(fd, _CLONE_NEWNET) != 0:
                    made.append(OSError(ctypes.get_errno(), "setns"))
                else:
                    made.append(socket.socket(family, kind))
            finally:
                os.close(fd)

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        if isinstance(made[0], OSError):
            raise made[0]
        return made[0]

    def connect(self, address, port, source=None, timeout=5.0):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        s = self.socket(family)
        s.settimeout(timeout)
        try:
            if source:
                s.bind(source)
            s.connect((address, port))
        except OSError:
            s.close()
            raise
        return s


class RouteMonitor:
    def __init__(self, space):
        # -o: one event, one line. It is ready once its first line ("[ROUTE]" or none) can come,
        # so it is proven with a route of its own.
        self.popen = subprocess.Popen(["ip", "-n", space.full, "-o", "monitor", "route"],
                                      stdout=subprocess.PIPE, text=True)
        self.lines = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        probe = ("203.0.113.254/32", "dev", "lo")
        end = time.monotonic() + 10
        while not any("203.0.113.254" in line for line in self.lines):
            assert time.monotonic() < end, "ip monitor says nothing"
            space.ip("route", "replace", *probe)
            space.ip("route", "del", *probe)
            time.sleep(0.05)

    def _read(self):
        for line in self.popen.stdout:
            self.lines.append(line.strip())

    def stop(self):
        self.popen.terminate()
        self.popen.wait()
        self.reader.join()
        return [line for line in self.lines if "203.0.113.254" not in line]


class Net:
    """The data centre above. `net["n1"]` is a namespace, `net.v4("n1")` its address."""

    def __init__(self):
        remove_leftovers()
        self.spaces = {}
        try:
            self._build()
        except BaseException:
            self.remove()
            raise

    def __getitem__(self, name):
        return self.spaces[name]

    @staticmethod
    def v4(name):
        return f"172.30.0.{HOSTS[name]}"

    @staticmethod
    def v6(name):
        return f"fd30::{HOSTS[name]}"

    def _build(self):
        self.spaces["fabric"] = fabric = Namespace("fabric")
        fabric.ip("link", "add", "name", "br0", "type", "bridge")
        fabric.ip("link", "set", "br0", "up")
        for name in HOSTS:
            self.spaces[name] = space = Namespace(name)
            fabric.ip("link", "add", "name", f"to-{name}", "type", "veth",
                      "peer", "name", "eth0", "netns", space.full)
            fabric.ip("link", "set", f"to-{name}", "master", "br0", "up")
            space.ip("addr", "add", f"{self.v4(name)}/24", "dev", "eth0")
            space.ip("addr", "add", f"{self.v6(name)}/64", "dev", "eth0", "nodad")
            space.ip("link", "set", "eth0", "up")
        for index, tor in enumerate(TORS, 1):
            self._add_client(tor, index)

    def _add_client(self, tor, index):
        """A client's namespace behind a ToR; the nodes answer it through that ToR."""
        self.spaces[f"client-{tor}"] = client = Namespace(f"client-{tor}")
        self[tor].ip("link", "add", "name", "eth1", "type", "veth",
                     "peer", "name", "eth0", "netns", client.full)
        self[tor].ip("addr", "add", f"172.31.{index}.1/24", "dev", "eth1")
        self[tor].ip("addr", "add", f"fd31:{index}::1/64", "dev", "eth1", "nodad")
        self[tor].ip("link", "set", "eth1", "up")
        self[tor].sysctl(
            net__ipv4__ip_forward=1,
            net__ipv6__conf__all__forwarding=1,
            # Layer 4: a flow is its ports too, so that one client's connections spread.
            net__ipv4__fib_multipath_hash_policy=1,
            net__ipv6__fib_multipath_hash_policy=1,
        )
        client.ip("addr", "add", f"172.31.{index}.2/24", "dev", "eth0")
        client.ip("addr", "add", f"fd31:{index}::2/64", "dev", "eth0", "nodad")
        client.ip("link", "set", "eth0", "up")
        client.ip("route", "add", "default", "via", f"172.31.{index}.1")
        client.ip("-6", "route", "add", "default", "via", f"fd31:{index}::1")
        for node in NODES:
            self[node].ip("route", "add", f"172.31.{index}.0/24", "via", self.v4(tor))
            self[node].ip("-6", "route", "add", f"fd31:{index}::/64", "via", self.v6(tor))

    def remove(self):
        for space in self.spaces.values():
            space.remove()
        self.spaces.clear()


def kernel_next_hops(space, prefix):
    """The sorted gateways of the kernel's route to exactly `prefix` in a namespace."""
    family = "-6" if ":" in prefix else "-4"
    routes = json.loads(space.ip("-j", family, "route", "show", "exact", prefix) or "[]")
    gateways = []
    for route in routes:
        for hop in route.get("nexthops", [route]):
            gateways.append(hop.get("gateway"))
    return sorted(g for g in gateways if g)


class NamingServer:
    """On a node: holds a service's address and answers every TCP connection and every UDP
    datagram on it with the node's name, as a pod behind kube-proxy would answer with its own."""

    def __init__(self, net, node, address, port=80):
        self.node = node
        self.space = net[node]
        self.address = address
        self.family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._length = 128 if ":" in address else 32
        extra = ["nodad"] if ":" in address else []
        self.space.ip("addr", "add", f"{address}/{self._length}", "dev", "lo", *extra)
        self.tcp = self.space.socket(self.family)
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind((address, port))
        self.tcp.listen(64)
        self.udp = self.space.socket(self.family, socket.SOCK_DGRAM)
        self.udp.bind((address, port))
        for serve in (self._serve_tcp, self._serve_udp):
            threading.Thread(target=serve, daemon=True).start()

    def _serve_tcp(self):
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            with connection:
                connection.sendall(self.node.encode())

    def _serve_udp(self):
        while True:
            try:
                _, sender = self.udp.recvfrom(64)
                if sender is None:  # shut down
                    return
                self.udp.sendto(self.node.encode(), sender)
            except OSError:
                return

    def close(self):
        for s in (self.tcp, self.udp):
            try:
                s.shutdown(socket.SHUT_RDWR)  # wakes the thread that sleeps on it
            except OSError:
                pass
            s.close()
        self.space.ip("addr", "del", f"{self.address}/{self._length}", "dev", "lo")


def ask_tcp(client, address, port=80):
    """The name of the node that answers one new connection from the namespace `client`."""
    with client.connect(address, port, timeout=2) as s:
        return s.recv(64).decode()


def ask_udp(client, address, port=80):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with client.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(2)
        s.sendto(b"who", (address, port))
        return s.recvfrom(64)[0].decode()


def who_answers(client, address, flows=60, ask=ask_tcp):
    """{node: flows it answered} over `flows` connections, each from a port of its own."""
    answered = {}
    for _ in range(flows):
        node = ask(client, address)
        answered[node] = answered.get(node, 0) + 1
    return answered
