# SPDX-License-Identifier: Apache-2.0
"""heliographd in a namespace, asked through helioctl and HTTP as an operator would ask it."""

import http.client
import json
import os
import re

from .paths import Path
from .proc import SANITIZER_WORDS, Process
from .wait import eventually

_TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BIN = os.environ.get("HELIO_BIN", os.path.join(_TOP, "build", "dev", "bin"))

HTTP_PORT = 8179

# The defaults of the tests: every class of address has a range of its own.
ADVERTISE = {
    "cluster_ips": ["10.96.0.0/12", "fd00:96::/108"],
    "external_ips": ["192.0.2.0/24"],
    "load_balancer_ips": ["198.51.100.0/24", "2001:db8:1b::/64"],
}


def program(name):
    path = os.path.join(BIN, name)
    assert os.access(path, os.X_OK), f"{path} is not built (tests/run builds it)"
    return path


def peer(name, address, as_number=64512, **more):
    return {"name": name, "address": address, "as": as_number, "passive": True, **more}


class Heliograph(Process):
    """`config` holds top-level keys of the configuration that replace or add to the tests' own."""

    def __init__(self, net, folder, config=None, where="core", env=None):
        os.makedirs(folder, exist_ok=True)
        self.folder = folder
        self.config_path = os.path.join(folder, "heliograph.yaml")
        self.socket_path = os.path.join(folder, "control.sock")
        self.config = {
            "router_id": "10.255.0.1",
            "local_as": 64512,
            "cluster_id": "10.255.0.1",
            "listen": [f"{net.v4(where)}:179", f"[{net.v6(where)}]:179"],
            "kafka": {"brokers": "127.0.0.1:9092", "topic": "kubernetes-state"},
            "advertise": ADVERTISE,
            "peers": [peer("bird", net.v4("bird")), peer("frr", net.v4("frr"))],
            "http": f"127.0.0.1:{HTTP_PORT}",
            "control_socket": "control.sock",
            "state_dir": folder,
            **(config or {}),
        }
        self.write_config()
        super().__init__(
            "heliographd", [program("heliographd"), "--config", self.config_path],
            os.path.join(folder, "heliographd.log"), net[where],
            env=env)

    def write_config(self):
        with open(self.config_path, "w", encoding="utf-8") as f:
            for key, value in self.config.items():
                if value is None:  # a key of the tests' own that this test does without
                    continue
                f.write(f"{key}: {json.dumps(value)}\n")

    def check(self):
        """heliographd --check: (exit code, what it wrote)."""
        done = self.namespace.run(program("heliographd"), "--check", self.config_path, check=False)
        return done.returncode, done.stderr + done.stdout

    # --- asking -----------------------------------------------------------------------------

    def ctl_run(self, *words):
        return self.namespace.run(program("helioctl"), "--socket", self.socket_path, *words,
                                  check=False)

    def ctl_text(self, *words):
        done = self.ctl_run(*words)
        assert done.returncode == 0, f"helioctl {words}: exit {done.returncode}: {done.stderr}"
        return done.stdout

    def ctl(self, *words):
        return json.loads(self.ctl_text(*words, "-o", "json"))

    def get(self, path):
        """(status, body) of one HTTP request."""
        return self._request("GET", path)

    def post(self, path):
        return self._request("POST", path)

    def _request(self, method, path):
        connection = http.client.HTTPConnection("127.0.0.1", HTTP_PORT, timeout=10)
        try:
            connection.sock = self.namespace.connect("127.0.0.1", HTTP_PORT)
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError as error:
            raise AssertionError(f"{method} {path}: {error}; the log:\n{self.log()[-3000:]}") from error
        finally:
            connection.close()

    def metrics(self):
        """{"name{labels}": value} of every sample."""
        status, text = self.get("/metrics")
        assert status == 200
        samples = re.findall(r"^([a-z_:0-9]+(?:\{[^}]*\})?) (\S+)", text, re.MULTILINE)
        return {name: float(value) for name, value in samples}

    def metric(self, name):
        name = name if name.startswith("heliograph_") else "heliograph_" + name
        samples = self.metrics()
        if name not in samples:  # one cluster is followed: its label need not be said
            name += '{cluster="default"}'
        assert name in samples, f"no {name} in {sorted(samples)}"
        return samples[name]

    def started(self):
        assert self.running(), f"heliographd ended:\n{self.log()[-3000:]}"
        try:
            return self.get("/livez")[0] == 200
        except AssertionError:
            return False

    def ready(self):
        return self.started() and self.get("/readyz")[0] == 200

    def wait_started(self, timeout=20):
        eventually(self.started, timeout)
        return self

    def wait_ready(self, timeout=30):
        eventually(self.ready, timeout)
        return self

    def rows(self, *words):
        """helioctl paths: one dict for each path, the prefix's own fields in each."""
        return [{**path, "prefix": prefix["prefix"], "class": prefix["class"]}
                for prefix in self.ctl("paths", *words)["prefixes"] for path in prefix["paths"]]

    def paths(self):
        """Our own table as a set of Path: what iBGP peers with ADD-PATH must hold."""
        found = [self._path(row) for row in self.rows()]
        assert len(found) == len(set(found)), f"helioctl shows a path twice: {sorted(found)}"
        return set(found)

    def _path(self, row):
        communities = row.get("communities", ())
        return Path.make(
            prefix=row["prefix"],
            next_hop=row["next_hop"],
            origin="igp",
            local_pref=row["local_pref"],
            med=row.get("med"),
            originator=row["originator"],
            cluster_list=[self.config["cluster_id"]],
            communities=[c for c in communities if c.count(":") == 1],
            large_communities=[c for c in communities if c.count(":") == 2],
            path_id=row["path_id"],
        )

    def peers(self):
        """{name: row} of helioctl peers."""
        return {row["name"]: row for row in self.ctl("peers")["peers"]}

    # --- judging ----------------------------------------------------------------------------

    def check_log(self):
        """No sanitizer and no broken must() has spoken."""
        text = self.log()
        for word in (*SANITIZER_WORDS, "must(", "must failed"):
            assert word not in text, f"{word!r} in the log of heliographd:\n{text[-6000:]}"

    def log_lines(self, *words):
        """The log's lines that hold all the words."""
        return [l for l in self.log().splitlines() if all(w in l for w in words)]

