# SPDX-License-Identifier: Apache-2.0
"""What an operator sees and orders: routes that are held, the mode, digests."""

import pytest

from lib import kube
from lib.heliograph import ADVERTISE
from lib.paths import next_hops
from lib.wait import always, eventually

SAFETY = {"withdraw_limit": {"percent": 10, "paths": 2, "window": "60s"},
          "last_path": "0s", "last_prefix": "0s"}
AGGREGATES = sum(len(cidrs) for cidrs in ADVERTISE.values())
COUNT = 12  # services, each a prefix with one path; two may go


def _services():
    return [kube.service(f"s{i}", f"10.96.3.{i}", external_policy="Local") for i in range(1, COUNT + 1)]


def _slices(nodes):
    return [kube.slice_of(s, kube.pods_on(*nodes)) for s in _services()]


def _held(helio):
    return helio.ctl("hold", "list")["held"]


def _host_paths(tor):
    return sum(1 for p in tor.paths() if p.prefix.startswith("10.96.3."))


@pytest.fixture(name="held")
def _held_fixture(lab):
    """Twelve services on n1; then all of their endpoints are gone at once: ten are held."""
    lab.make_topic()
    lab.write(*lab.nodes("n1", "n2"), *_services(), *_slices(["n1"]))
    helio = lab.heliograph(safety=SAFETY)
    bird = lab.bird()
    eventually(lambda: _host_paths(bird) == COUNT)
    lab.write(*_slices([]))
    eventually(lambda: _held(helio) == COUNT - 2)
    eventually(lambda: _host_paths(bird) == COUNT - 2)
    return lab, helio, bird


def test_a_mass_withdrawal_is_held_and_listed_with_its_reason(held):
    _, helio, bird = held
    first = helio.ctl("hold", "list")["holds"][0]
    assert first["class"] == "cluster_ip" and first["reason"] == "limit"
    assert first["ends_in_seconds"] is None and first["released"] is False
    assert "when you decide" in helio.ctl_text("hold", "list", "cluster_ip")
    assert helio.metric('held_paths{reason="limit"}') == COUNT - 2
    assert helio.ctl("hold", "list", "aggregate")["held"] == 0
    always(lambda: _host_paths(bird) == COUNT - 2, 1)


def test_what_the_cluster_has_again_is_no_longer_held(held):
    lab, helio, bird = held
    lab.write(*_slices(["n1"]))
    eventually(lambda: _held(helio) == 0)
    eventually(lambda: _host_paths(bird) == COUNT)


def test_drop_lets_a_prefix_or_everything_go_at_once(held):
    _, helio, bird = held
    prefix = helio.ctl("hold", "list")["holds"][0]["prefix"]
    assert helio.ctl("hold", "drop", prefix) == {"released": 1, "still_held": COUNT - 3}
    eventually(lambda: next_hops(bird.paths(), prefix) == [])
    assert _host_paths(bird) == COUNT - 3
    helio.ctl("hold", "drop", "all")
    eventually(lambda: _host_paths(bird) == 0)
    assert _held(helio) == 0


def test_release_lets_go_only_as_fast_as_the_limit_allows(held):
    _, helio, bird = held
    helio.ctl("hold", "release", "cluster_ip")
    always(lambda: _host_paths(bird) == COUNT - 2, 1)  # the window has had its two
    assert "as the limit allows" in helio.ctl_text("hold", "list")


def test_an_order_that_makes_no_sense_is_refused_in_words(held):
    _, helio, _ = held
    for words, code, text in [
            (["hold", "drop"], 2, "what? a class, a prefix or all"),
            (["hold", "burn", "all"], 2, 'not "burn"'),
            (["hold", "drop", "nonsense"], 1, 'there is no class "nonsense"'),
            (["hold", "drop", "10.0.0.0/40"], 1, "is not a prefix"),
            (["summary", "--reason", "x"], 2, "summary does not take --reason")]:
        done = helio.ctl_run(*words)
        assert done.returncode == code and text in done.stderr, (words, done)


@pytest.fixture(name="served")
def _served(lab):
    lab.make_topic()
    lab.write(*lab.nodes("n1", "n2"), *_services(), *_slices(["n1"]))
    helio = lab.heliograph(safety={"withdraw_limit": {"percent": 100}, "last_path": "0s",
                                   "last_prefix": "0s"})
    bird = lab.bird()
    eventually(lambda: _host_paths(bird) == COUNT)
    return lab, helio, bird


def test_a_frozen_reflector_changes_nothing_until_it_is_resumed(served):
    lab, helio, bird = served
    helio.ctl("freeze", "--reason", "storage incident")
    lab.write(*_slices(["n2"]))
    before = bird.paths()
    always(lambda: bird.paths() == before, 1.5)
    text = helio.ctl_text("summary")
    assert "Mode: frozen" in text and "storage incident" in text
    assert helio.metric('mode{mode="frozen"}') == 1
    helio.ctl("resume")
    eventually(lambda: next_hops(bird.paths(), "10.96.3.1/32") == [lab.net.v4("n2")])
    assert "Mode:" not in helio.ctl_text("summary")


def test_no_withdraw_lets_new_paths_in_and_none_out(served):
    lab, helio, bird = served
    helio.ctl("no-withdraw")
    lab.write(*_slices(["n2"]))
    both = [lab.net.v4("n1"), lab.net.v4("n2")]
    eventually(lambda: next_hops(bird.paths(), "10.96.3.1/32") == both)
    assert helio.ctl("hold", "list")["holds"][0]["reason"] == "no_withdraw"
    helio.ctl("resume")
    eventually(lambda: next_hops(bird.paths(), "10.96.3.1/32") == [lab.net.v4("n2")])


def test_the_mode_survives_a_restart_with_its_reason(served):
    lab, helio, bird = served
    helio.ctl("no-withdraw", "--reason", "moving racks")
    helio.stop()
    helio.start()
    helio.wait_ready()
    summary = helio.ctl("summary")
    assert (summary["mode"], summary["mode_reason"]) == ("no-withdraw", "moving racks")
    lab.write(*_slices([]))
    eventually(lambda: _held(helio) == COUNT)
    bird.wait_established()
    always(lambda: _host_paths(bird) == COUNT, 1)


def test_a_file_of_the_mode_that_cannot_be_read_means_no_withdrawals(served):
    _, helio, _ = served
    helio.stop()
    with open(f"{helio.folder}/mode", "w", encoding="ascii") as f:
        f.write("garbage\n")
    helio.start()
    helio.wait_ready()
    assert helio.ctl("summary")["mode"] == "no-withdraw"
    assert "not a file of ours" in helio.log()


def test_orders_are_not_taken_over_http(served):
    _, helio, _ = served
    assert helio.post("/api/v1/mode?mode=frozen")[0] == 403
    assert helio.get("/api/v1/mode?mode=frozen")[0] == 405
    assert helio.ctl("summary")["mode"] == "normal"


def test_digests_change_with_the_routes_and_come_back_with_them(served):
    lab, helio, _ = served
    before = helio.ctl("digest")["digests"]
    lab.write(*_slices(["n1", "n2"]))
    eventually(lambda: helio.ctl("digest")["digests"] != before)
    changed = [d["class"] for d, old in zip(helio.ctl("digest")["digests"], before) if d != old]
    assert changed == ["cluster_ip"]
    lab.write(*_slices(["n1"]))
    eventually(lambda: helio.ctl("digest")["digests"] == before)
    assert helio.get("/api/v1/digest")[0] == 200


def test_beyond_max_prefixes_no_new_prefix_is_announced_until_there_is_room(lab):
    lab.make_topic()
    lab.write(*lab.nodes("n1", "n2"), *_services()[:3], *_slices(["n1"])[:3])
    helio = lab.heliograph(safety={"last_path": "0s", "last_prefix": "0s", "max_prefixes": AGGREGATES + 3})
    bird = lab.bird()
    eventually(lambda: _host_paths(bird) == 3)
    lab.write(*_services()[3:5], *_slices(["n1"])[3:5])
    eventually(lambda: helio.metric("prefixes_over_limit") == 2)
    assert "safety.max_prefixes is reached" in helio.ctl_text("explain", "10.96.3.4")
    assert "safety.max_prefixes is reached" in helio.log()
    lab.write(*_slices(["n1", "n2"])[:1])  # what is announced goes on changing
    eventually(lambda: _host_paths(bird) == 4)
    lab.delete(_services()[1])
    eventually(lambda: helio.metric("prefixes_over_limit") == 1, 20)  # one took its place
    eventually(lambda: next_hops(bird.paths(), "10.96.3.2/32") == [] and _host_paths(bird) == 4)
    helio.config["safety"]["max_prefixes"] = 0
    helio.write_config()
    assert helio.ctl("reload")["result"] == "applied"
    eventually(lambda: _host_paths(bird) == 5 and helio.metric("prefixes_over_limit") == 0, 20)


@pytest.mark.parametrize("how", ["kill -9", "SIGTERM"])
def test_what_is_held_is_held_on_after_a_restart(held, how):
    _, helio, bird = held
    before = {(h["prefix"], h["next_hop"], h["reason"]) for h in helio.ctl("hold", "list")["holds"]}
    paths = bird.paths()
    assert f"{COUNT - 2} routes are held" in helio.ctl_run("can-restart").stdout
    always(lambda: _host_paths(bird) == COUNT - 2, 2)  # it is on the disk a moment after it began
    for _ in range(2):
        if how == "SIGTERM":
            helio.stop()
        else:
            helio.kill9()
        helio.start()
        helio.wait_ready()
        assert {(h["prefix"], h["next_hop"], h["reason"]) for h in helio.ctl("hold", "list")["holds"]} == before
        eventually(bird.established, 40)
        always(lambda: bird.paths() == paths, 2)
    assert helio.ctl("hold", "list")["holds"][0]["held_seconds"] > 4  # since it began, not since the restart
    helio.ctl("hold", "drop", "all")
    eventually(lambda: _host_paths(bird) == 0)
    always(lambda: _held(helio) == 0, 2)
    helio.kill9()
    helio.start()
    helio.wait_ready()
    assert _held(helio) == 0


def test_what_the_cluster_has_again_after_a_restart_is_not_held(held):
    lab, helio, bird = held
    always(lambda: _held(helio) == COUNT - 2, 2)
    helio.kill9()
    lab.write(*_slices(["n1"]))
    helio.start()
    helio.wait_ready()
    eventually(lambda: _held(helio) == 0)
    eventually(bird.established, 40)
    eventually(lambda: _host_paths(bird) == COUNT)
