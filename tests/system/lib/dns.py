# SPDX-License-Identifier: Apache-2.0
"""dnsmasq in a namespace, whose programs ask it: `ip netns exec` puts /etc/netns/NAME/resolv.conf in their way."""

import os
import shutil

from .proc import Process
from .wait import eventually


class Dns(Process):
    """Names with the given addresses; every other one does not exist."""

    def __init__(self, namespace, folder):
        os.makedirs(folder, exist_ok=True)
        self.hosts = os.path.join(folder, "hosts")
        self.etc = f"/etc/netns/{namespace.full}"
        os.makedirs(self.etc, exist_ok=True)
        with open(os.path.join(self.etc, "resolv.conf"), "w", encoding="ascii") as f:
            f.write("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        self.set({})
        super().__init__("dnsmasq", [
            "/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root",
            "--pid-file=", "--listen-address=127.0.0.1", "--bind-interfaces", f"--addn-hosts={self.hosts}",
            "--local=/example/", "--log-facility=-"], os.path.join(folder, "dnsmasq.log"), namespace)

    def set(self, names):
        """{name: [address, ...]}. Holds from the next start."""
        with open(self.hosts, "w", encoding="ascii") as f:
            for name, addresses in names.items():
                for address in addresses:
                    f.write(f"{address} {name}\n")
        os.chmod(self.hosts, 0o644)

    def start(self):
        super().start()
        eventually(lambda: "started" in self.log(), 10)
        return self

    def remove(self):
        shutil.rmtree(self.etc, ignore_errors=True)
