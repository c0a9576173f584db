# SPDX-License-Identifier: Apache-2.0
"""FRR (zebra and bgpd) as a ToR: an iBGP client of the reflector whose zebra fills the kernel."""

import json
import os
import shutil

from .net import HOSTS
from .paths import Path
from .proc import Process
from .wait import eventually

_DAEMONS = "/usr/lib/frr"

CONFIG = """
frr defaults datacenter
log stdout informational
debug bgp neighbor-events
router bgp {local_as}
 bgp router-id 10.0.0.{host}
 no bgp default ipv4-unicast
 no bgp ebgp-requires-policy
 bgp graceful-restart
 neighbor {reflector} remote-as {remote_as}
 neighbor {reflector} port {port}
 neighbor {reflector} timers connect 2
 neighbor {reflector} advertisement-interval 0
 address-family ipv4 unicast
  neighbor {reflector} activate
  maximum-paths 64
  maximum-paths ibgp 64
 exit-address-family
 address-family ipv6 unicast
  neighbor {reflector} activate
  maximum-paths 64
  maximum-paths ibgp 64
 exit-address-family
"""

class Frr:
    """zebra and bgpd of one ToR. All they keep (sockets, pids, logs) is in `folder`."""

    kind = "frr"

    def __init__(self, net, folder, where="frr", reflector=None, port=179, local_as=64512,
                 remote_as=64512):
        os.makedirs(folder, exist_ok=True)
        shutil.chown(folder, "frr", "frr")  # the daemons drop root, then make their sockets here
        self.folder = folder
        self.namespace = net[where]
        self.address = net.v4(where)
        self.reflector = reflector or net.v4("core")
        self._write("bgpd.conf", CONFIG.format(
            host=HOSTS[where], reflector=self.reflector, port=port, local_as=local_as,
            remote_as=remote_as))
        self._write("zebra.conf", "log stdout informational\n")
        self._write("vtysh.conf", "")
        self.zebra = self._daemon("zebra")
        self.bgpd = self._daemon("bgpd")

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as f:
            f.write(text)

    def _daemon(self, name, *extra):
        at = lambda leaf: os.path.join(self.folder, leaf)
        argv = [f"{_DAEMONS}/{name}", "-A", "127.0.0.1", "-P", "0",
                "--vty_socket", self.folder, "-z", at("zserv.api"), "-i", at(f"{name}.pid"),
                "-f", at(f"{name}.conf"), *extra]
        return Process(name, argv, at(f"{name}.log"), self.namespace)

    def start(self):
        self.zebra.start()
        eventually(lambda: os.path.exists(os.path.join(self.folder, "zserv.api")), 10)
        self.bgpd.start()
        eventually(lambda: self.neighbor() != {}, 10)
        return self

    def stop(self):
        try:
            self.bgpd.stop()
        finally:
            self.zebra.stop()

    def kill9(self):
        self.bgpd.kill9()
        self.zebra.kill9()

    def log(self):
        return self.bgpd.log()

    def vtysh(self, command):
        return self._vtysh(command)

    def vtysh_all(self, *commands):
        """One after another in one vtysh, as configuring needs it."""
        return self._vtysh(*commands)

    def _vtysh(self, *commands):
        words = [word for command in commands for word in ("-c", command)]
        return self.namespace.run("vtysh", "--vty_socket", self.folder, "--config_dir",
                                  self.folder, *words, check=False).stdout

    def json(self, command):
        text = self.vtysh(command + " json")
        return json.loads(text) if text.strip() else {}

    def neighbor(self):
        return self.json(f"show bgp neighbors {self.reflector}").get(self.reflector, {})

    def established(self):
        return self.neighbor().get("bgpState") == "Established"

    def wait_established(self, timeout=20):
        eventually(self.established, timeout)
        return self

    def uptime_mark(self):
        """Changes when, and only when, the session was reset."""
        neighbor = self.neighbor()
        return neighbor.get("connectionsEstablished"), neighbor.get("connectionsDropped")

    def updates(self):
        """How many UPDATE messages have come."""
        return self.neighbor().get("messageStats", {}).get("updatesRecv")

    def end_of_rib(self, family):
        """Whether the reflector's End-of-RIB for "ipv4" or "ipv6" has come."""
        received = self.neighbor().get("gracefulRestartInfo", {}).get("endOfRibRecv", {})
        return received.get(f"{family}Unicast") is True

    def paths(self):
        """The table as a set of Path; a Path that stands twice in it is a fault."""
        found = []
        for family in ("ipv4", "ipv6"):
            table = self.json(f"show bgp {family} unicast").get("routes", {})
            commands = [f"show bgp {family} unicast {prefix} json" for prefix in table]
            for answer in self._answers(commands):
                found += [_path(answer["prefix"], path) for path in answer.get("paths", [])]
        assert len(found) == len(set(found)), f"FRR holds a path twice: {sorted(found)}"
        return set(found)

    def _answers(self, commands):
        """The JSON answers to many commands, asked a hundred at a time."""
        for first in range(0, len(commands), 100):
            text = self._vtysh(*commands[first:first + 100]).lstrip()
            while text:
                answer, end = json.JSONDecoder().raw_decode(text)
                text = text[end:].lstrip()
                if answer:  # {}: withdrawn since the table was listed
                    yield answer


def _path(prefix, path):
    as_path = path.get("aspath", {}).get("string", "Local")
    return Path.make(
        prefix=prefix,
        # An IPv6 next hop may come with a link-local one beside it: the global one counts.
        next_hop=next(h["ip"] for h in path["nexthops"] if h.get("scope") != "link-local"),
        origin=path["origin"],
        as_path="" if as_path == "Local" else as_path,
        local_pref=path.get("locPrf"),
        med=path.get("metric"),
        originator=path.get("originatorId"),
        cluster_list=path.get("clusterList", {}).get("list", []),
        communities=path.get("community", {}).get("list", []),
        large_communities=path.get("largeCommunity", {}).get("list", []),
        path_id=path.get("addpathRxId"),
    )
