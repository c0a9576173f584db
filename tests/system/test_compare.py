# SPDX-License-Identifier: Apache-2.0
"""heliobench compare: real daemons as route reflectors, one after the other, on loopback."""

import json
import subprocess

from lib.heliograph import program


def test_the_same_paths_through_heliograph_bird_and_frr_end_in_equal_tables():
    done = subprocess.run(
        [program("heliobench"), "compare", "--with", "limit,heliograph,bird,frr",
         "--spawn", program("heliographd"), "--nodes", "20", "--services", "200",
         "--next-hops", "5", "--tors", "4", "-o", "json"],
        capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    for contender in result["contenders"]:
        for kind in ("arrive", "join"):
            work = contender[kind]
            assert work["done"], contender
            assert work["paths_announced"] >= result["paths_per_tor"] * result["tors"]
            assert work["to_limit"]["seconds"] > 0
    limit = result["contenders"][0]["arrive"]
    # 58 bytes a message, 9 a service path, 7 that of the aggregate (one per node), no more than End-of-RIB.
    paths, nodes, tors = result["paths_per_tor"], result["nodes"], result["tors"]
    table = nodes * (58 + 7) + (paths - nodes) * 9
    assert table * tors <= limit["wire_bytes"] <= (table + 23 + 29) * tors
