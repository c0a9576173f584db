# SPDX-License-Identifier: Apache-2.0
"""A wall clock that jumps by years, either way, while heliographd runs or while it is down: no route is withdrawn that should
stand, no session ends, no hold is let go."""

import os
import subprocess
import time

import pytest

from lib import kube
from lib.paths import next_hops
from lib.wait import always, eventually

SAFETY = {"withdraw_limit": {"percent": 10, "paths": 2, "window": "60s"}, "last_path": "0s", "last_prefix": "0s"}
COUNT = 12  # services, each a prefix with one path on n1; two may go within a minute
YEAR = 365 * 86400
JUMPS = [10 * YEAR, -10 * YEAR]


class Clock:
    """The wall clock of one program, off by as many seconds as a file says; its monotonic clock is the kernel's."""

    def __init__(self, lab):
        self.path = os.path.join(lab.folder, "clock")
        library = os.path.join(lab.folder, "wall_clock.so")
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library,
                        os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib", "wall_clock.c")], check=True)
        self.set(0)
        self.env = {"LD_PRELOAD": library, "WALL_CLOCK_OFFSET": self.path,
                    "ASAN_OPTIONS": os.environ["ASAN_OPTIONS"] + ":verify_asan_link_order=0"}

    def set(self, seconds):
        with open(self.path + ".new", "w", encoding="ascii") as f:
            f.write(str(seconds))
        os.replace(self.path + ".new", self.path)


class World:
    def __init__(self, lab):
        self.lab = lab
        self.clock = Clock(lab)
        self.services = [kube.service(f"s{i}", f"10.96.3.{i}", external_policy="Local") for i in range(1, COUNT + 1)]
        lab.make_topic()
        lab.write(*lab.nodes("n1", "n2"), *self.services, *self.slices("n1"))
        self.helio = lab.heliograph(safety=SAFETY, start=False)
        self.helio.env = self.clock.env
        self.helio.start()
        self.helio.wait_ready()
        self.bird = lab.bird()
        eventually(lambda: self.host_paths() == COUNT)

    def slices(self, *nodes, of=slice(None)):
        return [kube.slice_of(s, kube.pods_on(*nodes)) for s in self.services[of]]

    def host_paths(self):
        return sum(1 for p in self.bird.paths() if p.prefix.startswith("10.96.3."))

    def shown_year(self):
        """Of the last line of the log."""
        return int(self.helio.log().strip().splitlines()[-1].split("time=")[1][:4])


@pytest.fixture(name="world")
def _world(lab):
    return World(lab)


@pytest.mark.parametrize("jump", JUMPS)
def test_a_clock_that_jumps_while_it_runs_changes_no_route_ends_no_session_and_lets_no_hold_go(world, jump):
    lab, helio, bird = world.lab, world.helio, world.bird
    lab.write(*world.slices(of=slice(6)))  # six lose their only endpoint: two go, four are held
    eventually(lambda: helio.ctl("hold", "list")["held"] == 4 and world.host_paths() == COUNT - 2)
    world.clock.set(jump)
    time.sleep(1)
    lab.write(*world.slices("n2", of=slice(11, 12)))  # what happens now is announced ...
    eventually(lambda: next_hops(bird.paths(), "10.96.3.12/32") == [lab.net.v4("n2")])
    helio.ctl("peer", "frr", "down", "--reason", "so that there is a line in the log")
    assert abs(world.shown_year() - time.gmtime().tm_year) >= 9  # the clock did jump
    always(lambda: helio.ctl("hold", "list")["held"] == 4 and world.host_paths() == COUNT - 2, 3)
    helio.ctl("hold", "release", "cluster_ip")  # ... and the window is no other: nothing more goes in it
    always(lambda: world.host_paths() == COUNT - 2, 3)
    peer = [p for p in helio.ctl("summary")["peers"] if p["name"] == "bird"][0]
    assert (peer["state"], peer["flaps"]) == ("Established", 0)
    assert helio.get("/readyz")[0] == 200 and helio.get("/livez")[0] == 200


@pytest.mark.parametrize("jump", JUMPS)
def test_a_clock_that_jumps_while_it_is_down_costs_no_route(world, jump):
    lab, helio = world.lab, world.helio
    helio.stop()
    world.clock.set(jump)
    helio.start()
    helio.wait_ready()
    eventually(lambda: world.bird.established(), 40)
    always(lambda: world.host_paths() == COUNT, 2)
    lab.write(*world.slices("n2", of=slice(1)))
    eventually(lambda: next_hops(world.bird.paths(), "10.96.3.1/32") == [lab.net.v4("n2")])
