# SPDX-License-Identifier: Apache-2.0
"""BIRD 2 as a ToR: an iBGP client of the reflector that puts ECMP routes into its kernel."""

import os
import re

from . import mrt
from .net import HOSTS
from .paths import Path
from .proc import Process
from .wait import eventually

CONFIG = """
router id {router_id};
log stderr all;
protocol device {{ scan time 1; }}
protocol direct {{ ipv4; ipv6; }}
protocol kernel kernel4 {{ ipv4 {{ import none; export where source = RTS_BGP; }}; merge paths on limit 64; }}
protocol kernel kernel6 {{ ipv6 {{ import none; export where source = RTS_BGP; }}; merge paths on limit 64; }}
template bgp reflector {{
	local {local} as {local_as};
	connect delay time 1;
	connect retry time 2;
	error wait time 1, 2;
	graceful restart on;
	debug {{ states, packets }};
	{extra}
	ipv4 {{ import all; export none; add paths {add_path}; import table on; }};
	ipv6 {{ import all; export none; add paths {add_path}; import table on; }};
}}
"""

SESSION = "protocol bgp {name} from reflector {{ neighbor {address} port {port} as {as_number}; }}\n"


class Bird(Process):
    """`add_path`: "rx" or "off". second: the address of another replica, as protocol helio2."""

    kind = "bird"

    def __init__(self, net, folder, where="bird", reflector=None, port=179, local_as=64512,
                 remote_as=64512, add_path="rx", extra="", second=None):
        os.makedirs(folder, exist_ok=True)
        self.address = net.v4(where)
        self.control = os.path.join(folder, "bird.ctl")
        self.dump = os.path.join(folder, "bird.mrt")
        self.add_path = add_path != "off"
        config = os.path.join(folder, "bird.conf")
        with open(config, "w", encoding="utf-8") as f:
            f.write(CONFIG.format(
                router_id=f"10.0.0.{HOSTS[where]}", local=self.address, local_as=local_as,
                add_path=add_path, extra=extra))
            sessions = {"helio": reflector or net.v4("core"), **({"helio2": second} if second else {})}
            for name, address in sessions.items():
                f.write(SESSION.format(name=name, address=address, port=port, as_number=remote_as))
        super().__init__(
            "bird", ["bird", "-f", "-c", config, "-s", self.control,
                     "-P", os.path.join(folder, "bird.pid")],
            os.path.join(folder, "bird.log"), net[where])

    def start(self):
        super().start()
        eventually(lambda: "ready" in self.birdc("show", "status", check=False), 10)
        return self

    def birdc(self, *command, check=True):
        return self.namespace.run("birdc", "-s", self.control, *command, check=check).stdout

    def state(self, protocol="helio"):
        return self.birdc("show", "protocols", "all", protocol)

    def established(self, protocol="helio"):
        return re.search(r"BGP state:\s+Established", self.state(protocol)) is not None

    def wait_established(self, timeout=20, protocol="helio"):
        eventually(lambda: self.established(protocol), timeout)
        return self

    def uptime_mark(self):
        """Changes when, and only when, the session was reset."""
        return [line.split("helio: ")[1] for line in self.log().splitlines()
                if "helio: State changed" in line]

    def updates(self):
        """How many route updates and withdrawals have come, over both families."""
        return [int(n) for n in re.findall(r"Import (?:updates|withdraws):\s+(\d+)", self.state())]

    def end_of_rib(self, family):
        """Whether the reflector's End-of-RIB has come. BIRD logs one line for each family and does
        not name it, so both must be there."""
        assert family in ("ipv4", "ipv6")
        return self.log().count("Got END-OF-RIB") >= 2

    def paths(self):
        """The table as a set of Path; a Path that stands twice in it is a fault."""
        ids = self._path_ids() if self.add_path else {}
        found = []
        for table in ("master4", "master6"):
            text = self.birdc("show", "route", "all", "table", table, "protocol", "helio")
            found += [_path(prefix, attrs, ids) for prefix, attrs in _routes(text)]
        assert len(found) == len(set(found)), f"BIRD holds a path twice: {sorted(found)}"
        return set(found)

    def _path_ids(self):
        if os.path.exists(self.dump):
            os.unlink(self.dump)
        self.birdc("mrt", "dump", "table", '"*"', "to", f'"{self.dump}"')
        # The dump is written in the background, table after table; complete = the size rests.
        sizes = []

        def complete():
            sizes.append(os.path.getsize(self.dump) if os.path.exists(self.dump) else -1)
            return len(sizes) > 2 and sizes[-1] == sizes[-2] == sizes[-3] >= 0

        eventually(complete, 10)
        with open(self.dump, "rb") as f:
            return mrt.path_ids(f.read())


def _routes(text):
    """(prefix, {attribute: value}) for each route of "show route all". A prefix's further routes
    have blanks in its place."""
    prefix, attrs = None, None
    for line in text.splitlines():
        head = re.match(r"(\S*)\s+(?:unicast|unreachable) \[helio ", line)
        if head:
            if attrs is not None:
                yield prefix, attrs
            prefix, attrs = head[1] or prefix, {}
        elif attrs is not None:
            attribute = re.match(r"\s+(BGP\.\w+): ?(.*)", line)
            if attribute:
                attrs[attribute[1]] = attribute[2].strip()
    if attrs is not None:
        yield prefix, attrs


def _path(prefix, attrs, ids):
    next_hop = attrs["BGP.next_hop"].split()[0]
    numbers = lambda name: [":".join(c) for c in
                            re.findall(r"\((\d+),\s*(\d+)(?:,\s*(\d+))?\)", attrs.get(name, ""))]
    return Path.make(
        prefix=prefix,
        next_hop=next_hop,
        origin=attrs.get("BGP.origin"),
        as_path=attrs.get("BGP.as_path", ""),
        local_pref=attrs.get("BGP.local_pref"),
        med=attrs.get("BGP.med"),
        originator=attrs.get("BGP.originator_id"),
        cluster_list=attrs.get("BGP.cluster_list", "").split(),
        communities=[c.rstrip(":") for c in numbers("BGP.community")],
        large_communities=numbers("BGP.large_community"),
        path_id=ids.get((prefix, next_hop)),
    )
