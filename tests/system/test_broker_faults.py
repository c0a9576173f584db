# SPDX-License-Identifier: Apache-2.0
"""Losing the stream withdraws nothing: it freezes what is, says so, and goes on when it is back."""

import signal

from lib import kube
from lib.paths import next_hops
from lib.still import nothing_moves
from lib.wait import always, eventually

HOST = "10.96.0.10/32"


def a_local_service(lab):
    web = kube.service("web", "10.96.0.10", external_policy="Local")
    endpoints = kube.slice_of(web, kube.pods_on("n1", "n2"))
    lab.write(*lab.nodes("n1", "n2", "n3"), web, endpoints)
    return endpoints


def test_a_topic_that_does_not_exist_is_named_and_used_once_it_is_created(lab):
    helio = lab.heliograph(wait="started")
    bird = lab.bird(established=False)

    eventually(lambda: helio.log_lines("topic", lab.topic), 30)
    assert helio.get("/livez")[0] == 200
    assert helio.get("/readyz")[0] == 503
    assert helio.metric("kafka_caught_up") == 0
    assert bird.paths() == set() and not bird.end_of_rib("ipv4")

    lab.make_topic()
    a_local_service(lab)
    helio.wait_ready()
    bird.wait_established()
    eventually(lambda: len(next_hops(bird.paths(), HOST)) == 2)
    eventually(lambda: bird.end_of_rib("ipv4") and bird.end_of_rib("ipv6"))
    assert helio.metric("kafka_up") == 1


def test_a_broker_that_is_down_at_the_start_is_waited_for(lab):
    lab.make_topic()
    a_local_service(lab)
    lab.broker.kill9()
    helio = lab.heliograph(wait="started")
    bird = lab.bird(established=False)

    eventually(lambda: helio.log_lines("127.0.0.1:9092"), 30)
    assert helio.get("/livez")[0] == 200
    assert helio.get("/readyz")[0] == 503
    assert helio.metric("kafka_up") == 0
    assert bird.paths() == set() and not bird.end_of_rib("ipv4")

    lab.broker.start()
    helio.wait_ready(60)
    eventually(lambda: len(next_hops(bird.paths(), HOST)) == 2, 30)


def test_a_broker_killed_mid_stream_withdraws_no_route_and_the_stream_goes_on_after_it(lab):
    lab.make_topic()
    endpoints = a_local_service(lab)
    helio = lab.heliograph()
    tors = lab.tors()
    for tor in tors:
        eventually(lambda: tor.paths() == helio.paths())

    with nothing_moves(helio, *tors):
        lab.broker.kill9()
        eventually(lambda: helio.metric("kafka_up") == 0, 60)
        always(lambda: helio.get("/livez")[0] == 200 and helio.get("/readyz")[0] == 200, 5)
        assert helio.log_lines("127.0.0.1:9092")
        lab.broker.start()
        eventually(lambda: helio.metric("kafka_up") == 1, 60)

    lab.write(kube.newer(endpoints, endpoints=kube.pods_on("n3")))
    for tor in tors:
        eventually(lambda: next_hops(tor.paths(), HOST) == [lab.net.v4("n3")], 30)


def test_a_broker_that_hangs_withdraws_no_route(lab):
    lab.make_topic()
    endpoints = a_local_service(lab)
    helio = lab.heliograph()
    bird = lab.bird()
    eventually(lambda: bird.paths() == helio.paths())

    with nothing_moves(helio, bird):
        lab.broker.process.signal(signal.SIGSTOP)
        try:
            always(lambda: helio.get("/readyz")[0] == 200, 5, every=0.5)
        finally:
            lab.broker.process.signal(signal.SIGCONT)

    lab.write(kube.newer(endpoints, endpoints=kube.pods_on("n3")))
    eventually(lambda: next_hops(bird.paths(), HOST) == [lab.net.v4("n3")], 60)


def test_a_deleted_topic_withdraws_no_route(lab):
    lab.make_topic()
    a_local_service(lab)
    helio = lab.heliograph()
    bird = lab.bird()
    eventually(lambda: bird.paths() == helio.paths())

    with nothing_moves(helio, bird):
        lab.broker.delete_topic(lab.topic)
        eventually(lambda: helio.metric("kafka_up") == 0, 60)
        always(lambda: helio.get("/readyz")[0] == 200, 2, every=0.5)
