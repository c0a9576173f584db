# SPDX-License-Identifier: Apache-2.0
"""heliobench compare: real daemons as route reflectors, one after the other, on loopback."""

import json
import subprocess

from lib.heliograph import program

SMALL = ("--spawn", program("heliographd"), "--nodes", "20", "--services", "200",
         "--next-hops", "5", "--tors", "4", "-o", "json")


def run(*args):
    done = subprocess.run([program("heliobench"), *args],
                          capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def assert_changes_were_timed(contender, changes):
    work = contender["change"]
    assert work["done"], contender
    assert work["changes"] == changes
    assert 0 < work["first_p50_seconds"] <= work["p50_seconds"] <= work["p90_seconds"]
    assert work["p90_seconds"] <= work["p99_seconds"] <= work["max_seconds"]
    assert work["cpu_seconds_per_change"] > 0
    assert work["tor_cpu_seconds_per_change"] > 0
    assert work["to_limit"]["p50_seconds"] > 0
    assert work["to_limit"]["p99_seconds"] > 0


def test_the_same_paths_through_heliograph_bird_and_frr_end_in_equal_tables():
    # An odd number of changes: the path is away at the end, and put back before the tables are compared.
    result = run("compare", "--with", "limit,heliograph,bird,frr", *SMALL,
                 "--changes", "11", "--change-rate", "50")
    assert len(result["contenders"]) == 4
    for contender in result["contenders"]:
        for kind in ("arrive", "join"):
            work = contender[kind]
            assert work["done"], contender
            assert work["paths_announced"] >= result["paths_per_tor"] * result["tors"]
            assert work["to_limit"]["seconds"] > 0
        assert_changes_were_timed(contender, 11)
    limit = result["contenders"][0]["arrive"]
    # 58 bytes a message, 9 a service path, 7 that of the aggregate (one per node), no more than End-of-RIB.
    paths, nodes, tors = result["paths_per_tor"], result["nodes"], result["tors"]
    table = nodes * (58 + 7) + (paths - nodes) * 9
    assert table * tors <= limit["wire_bytes"] <= (table + 23 + 29) * tors


def test_without_changes_that_work_is_left_out():
    result = run("limit", "--nodes", "20", "--services", "200", "--next-hops", "5", "--tors", "4",
                 "--changes", "0", "-o", "json")
    limit, = result["contenders"]
    assert limit["arrive"]["done"] and limit["join"]["done"]
    assert "change" not in limit


def test_with_a_broker_of_its_own_heliograph_has_a_fresh_topic_that_is_deleted(lab):
    done = lab.net["core"].run(
        program("heliobench"), "compare", "--with", "limit,heliograph", *SMALL,
        "--kafka", lab.broker.address, "--rounds", "2", "--changes", "10", "--change-rate", "50",
        "--io-threads", "2", "--packers", "1", check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["heliograph_includes_broker"] is False
    assert (result["heliograph_io_threads"], result["heliograph_packers"]) == (2, 1)
    for contender in result["contenders"]:
        assert contender["arrive"]["done"] and contender["join"]["done"], contender
        assert_changes_were_timed(contender, 10)
    listed = lab.net["core"].run("kcat", "-b", lab.broker.address, "-L").stdout
    assert "topics:" in listed and "heliobench-compare" not in listed
