# SPDX-License-Identifier: Apache-2.0
"""DNS may be lost: what names stood for holds. `replicas` by a name, as the chart's Service is, which may stand for several;
brokers by a name."""

import os

import pytest

from lib import kube
from lib.dns import Dns
from lib.heliograph import Heliograph, HTTP_PORT
from lib.paths import next_hops
from lib.relay import Relay
from lib.wait import always, eventually

NAME = f"pair.example:{HTTP_PORT}"
NOWHERE = f"nowhere.example:{HTTP_PORT}"


@pytest.fixture(name="dns")
def _dns(lab):
    server = Dns(lab.net["core"], os.path.join(lab.folder, "dns"))
    lab.started.append(server)
    yield server
    server.remove()


@pytest.fixture(name="pair")
def _pair(lab, dns):
    net = lab.net
    dns.set({"pair.example": [net.v4("core"), net.v4("peer")]})
    dns.start()
    lab.make_topic()
    lab.write(*lab.nodes("n1", "n2"))
    everywhere = {"http": f"0.0.0.0:{HTTP_PORT}"}
    lab.servers.append(Relay(net["peer"], net["core"], lab.broker.port))
    twin = Heliograph(net, os.path.join(lab.folder, "twin"), {
        "router_id": "10.255.0.2", "kafka": {"brokers": lab.broker.address, "topic": lab.topic}, **everywhere}, where="peer")
    lab.started.append(twin)
    twin.start().wait_ready()
    return lab.heliograph(replicas=[NAME, NOWHERE], **everywhere)


def _states(helio):
    return {r["address"]: r["state"] for r in helio.ctl("digest")["replicas"]}


def test_a_name_stands_for_all_its_replicas_ourselves_left_out_and_one_that_does_not_exist_disturbs_nothing(pair, lab):
    us, other = (f"{lab.net.v4(n)}:{HTTP_PORT}" for n in ("core", "peer"))
    eventually(lambda: _states(pair) == {us: "self", other: "equal", NOWHERE: "unresolved"}, 20)
    text = pair.ctl_text("digest")
    assert f"Replica {NOWHERE} (-): unresolved: " in text and us not in text
    assert pair.metric(f'replica_reachable{{replica="{other}"}}') == 1
    assert [line for line in pair.log().splitlines() if "there is nobody to compare with" in line and NOWHERE[:7] in line]
    always(lambda: pair.log().count("there is nobody to compare with") == 1, 7)  # asked again, and not told again


def test_the_last_answer_holds_while_dns_is_away_and_a_new_one_takes_its_place(pair, lab, dns):
    us, other, third = (f"{lab.net.v4(n)}:{HTTP_PORT}" for n in ("core", "peer", "n1"))
    eventually(lambda: _states(pair).get(other) == "equal", 20)
    dns.kill9()
    eventually(lambda: "its last addresses are used on" in pair.log(), 50)
    always(lambda: _states(pair)[other] == "equal", 6)
    dns.set({"pair.example": [lab.net.v4("core"), lab.net.v4("n1")]})
    dns.start()
    eventually(lambda: _states(pair) == {us: "self", third: "away", NOWHERE: "unresolved"}, 50)
    assert "a replica's name has an answer again" in pair.log()


def test_another_list_of_names_is_taken_by_a_reload(pair, lab):
    other = f"{lab.net.v4('peer')}:{HTTP_PORT}"
    eventually(lambda: _states(pair).get(other) == "equal", 20)
    pair.config["replicas"] = [other, NAME]  # the address twice: it is one replica
    pair.write_config()
    assert pair.ctl("reload")["result"] == "applied"
    eventually(lambda: sorted(_states(pair).values()) == ["equal", "self"], 20)
    assert len(pair.ctl("digest")["replicas"]) == 2


def test_brokers_whose_name_is_lost_cost_no_route_not_even_over_a_restart(lab, dns):
    dns.set({"broker.example": ["127.0.0.1"]})
    dns.start()
    web = kube.service("web", "10.96.0.10", external_policy="Local")
    lab.make_topic()
    lab.write(*lab.nodes("n1", "n2"), web, kube.slice_of(web, kube.pods_on("n1")))
    helio = lab.heliograph(kafka={"brokers": f"broker.example:{lab.broker.port}", "topic": lab.topic})
    bird = lab.bird()
    hops = lambda: next_hops(bird.paths(), "10.96.0.10/32")
    eventually(lambda: hops() == [lab.net.v4("n1")])
    dns.kill9()
    always(lambda: hops() == [lab.net.v4("n1")], 3)
    helio.stop()
    helio.start()
    helio.wait_ready()  # from its snapshot
    eventually(bird.established, 40)
    eventually(lambda: "resolve" in helio.ctl_text("kafka"), 20)
    always(lambda: hops() == [lab.net.v4("n1")], 3)
    dns.start()
    lab.write(kube.slice_of(web, kube.pods_on("n2")))
    eventually(lambda: hops() == [lab.net.v4("n2")], 60)
