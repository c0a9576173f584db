# SPDX-License-Identifier: Apache-2.0
"""What the people who run it touch: helioctl, HTTP, signals."""

import json
import signal
import time

import pytest
from lib import kube
from lib.heliograph import program
from lib.net import kernel_next_hops
from lib.paths import next_hops
from lib.wait import always, eventually
from prometheus_client.openmetrics.parser import text_string_to_metric_families

HOST = "10.96.0.10/32"


@pytest.fixture(name="served")
def _served(lab):
    web = kube.service("web", "10.96.0.10", external_policy="Local")
    quiet = kube.service("quiet", "10.96.0.50", external_policy="Local")
    lab.make_topic()
    lab.write(*lab.nodes("n1", "n2", "n3"), web, quiet,
              kube.slice_of(web, kube.pods_on("n1", "n2")))
    helio = lab.heliograph()
    bird = lab.bird()
    eventually(lambda: bird.paths() == helio.paths())
    return lab, helio, bird


@pytest.mark.parametrize("words", [
    ["summary"], ["peers"], ["peers", "bird"], ["paths"], ["paths", HOST],
    ["paths", "--next-hop", "172.30.0.11"], ["explain", HOST], ["explain", HOST, "n3"], ["kafka"],
    ["version"]], ids=" ".join)
def test_helioctl_answers_in_text_and_in_json(served, words):
    _, helio, _ = served
    text = helio.ctl_text(*words)
    assert text.strip() and "\x1b" not in text, "no colours where there is no terminal"
    assert isinstance(helio.ctl(*words), dict)


def test_the_summary_has_the_columns_that_network_engineers_know(served):
    _, helio, _ = served
    header = next(l for l in helio.ctl_text("summary").splitlines() if "Neighbor" in l)
    for column in ("AS", "MsgRcvd", "MsgSent", "Up/Down"):
        assert column in header, header
    assert helio.peers()["bird"]["state"].lower() == "established"


def test_paths_can_be_asked_for_by_prefix_and_by_next_hop(served):
    lab, helio, _ = served
    rows = helio.rows(HOST)
    assert sorted(r["next_hop"] for r in rows) == [lab.net.v4("n1"), lab.net.v4("n2")]
    rows = helio.rows("--next-hop", lab.net.v4("n3"))
    assert rows and {r["next_hop"] for r in rows} == {lab.net.v4("n3")}


def test_explain_says_why_a_path_is_and_why_one_is_not_advertised(served):
    _, helio, _ = served
    yes = helio.ctl_text("explain", HOST, "n1")
    no = helio.ctl_text("explain", HOST, "n3")
    nothing = helio.ctl_text("explain", "10.96.0.50/32")
    assert "web" in yes and "n1" in yes
    assert "n3" in no and no != yes
    assert "quiet" in nothing
    outside = helio.ctl_text("explain", "203.0.113.7/32")
    assert "203.0.113.7" in outside


def test_helioctl_says_what_is_wrong_and_fails(served):
    _, helio, _ = served
    for words in (["peers", "nobody"], ["paths", "not-a-prefix"], ["no-such-command"],
                  ["explain"]):
        done = helio.ctl_run(*words)
        assert done.returncode != 0, f"{words}: {done.stdout}"
        assert done.stderr.strip(), f"{words}: says nothing"
    done = helio.namespace.run(program("helioctl"), "--socket", "/nonexistent/control.sock",
                               "summary", check=False)
    assert done.returncode != 0 and "/nonexistent/control.sock" in done.stderr


def test_kafka_shows_every_partition_caught_up(served):
    lab, helio, _ = served
    answer = helio.ctl("kafka")["clusters"][0]
    assert answer["topic"] == lab.topic
    assert len(answer["partitions"]) == 3
    assert "100" in helio.ctl_text("kafka") or "caught up" in helio.ctl_text("kafka")


def test_metrics_are_openmetrics_and_agree_with_helioctl(served):
    _, helio, _ = served
    status, text = helio.get("/metrics")
    assert status == 200
    families = {f.name: f for f in text_string_to_metric_families(text)}
    assert families and all(name.startswith("heliograph_") for name in families)
    assert helio.metric("paths") == len(helio.paths())
    assert helio.metric("bgp_sessions_established") == 1
    assert helio.metric("kafka_caught_up") == 1
    assert helio.metric('cluster_objects{cluster="default",resource="nodes"}') == 3


def test_http_serves_get_only_and_bounds_what_it_takes(served):
    _, helio, _ = served
    assert helio.get("/livez")[0] == 200
    assert helio.get("/readyz")[0] == 200
    assert helio.get("/no-such-page")[0] == 404
    assert json.loads(helio.get("/api/v1/paths")[1])["prefixes"]
    for request in (b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
                    b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n",
                    b"\0\1\2\3\r\n\r\n"):
        with helio.namespace.connect("127.0.0.1", 8179) as s:
            try:
                s.sendall(request)
                answer = s.recv(200)
            except ConnectionError:
                answer = b""
            assert b" 200 " not in answer.split(b"\r\n")[0], answer
    assert helio.get("/livez")[0] == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_and_soon(served, number):
    _, helio, _ = served
    began = time.monotonic()
    helio.signal(number)
    assert helio.wait(10) == 0, helio.log()
    assert time.monotonic() - began < 5
    helio.check_log()
    assert not [n for n in helio.ctl_run("summary").stdout.splitlines() if n]


def test_a_restart_costs_no_route_at_a_tor_with_graceful_restart(served):
    lab, helio, bird = served
    tor = lab.net["bird"]
    both = [lab.net.v4("n1"), lab.net.v4("n2")]
    eventually(lambda: kernel_next_hops(tor, HOST) == both)
    table = bird.paths()
    watch = tor.monitor_routes()
    assert helio.stop() == 0
    always(lambda: kernel_next_hops(tor, HOST) == both, 2)
    helio.start().wait_ready()
    bird.wait_established(30)
    eventually(lambda: bird.paths() == table and next_hops(helio.paths(), HOST) == both)
    time.sleep(1)
    lost = [e for e in watch.stop() if e.startswith("Deleted") and "10.96." in e]
    assert not lost, lost
