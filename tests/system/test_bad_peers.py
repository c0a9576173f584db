# SPDX-License-Identifier: Apache-2.0
"""What one neighbour sends, however wrong, touches its own session and no other."""

import struct

import pytest
from lib import bgp, kube
from lib.heliograph import peer
from lib.still import nothing_moves
from lib.wait import eventually


@pytest.fixture(name="served")
def _served(lab):
    """A reflector with BIRD established, and an entry for the namespace "peer"."""
    web = kube.service("web", "10.96.0.10", external_policy="Local")
    lab.make_topic()
    lab.write(*lab.nodes("n1", "n2"), web, kube.slice_of(web, kube.pods_on("n1", "n2")))
    helio = lab.heliograph(peers=[peer("bird", lab.net.v4("bird")),
                                  peer("rude", lab.net.v4("peer"))])
    bird = lab.bird()
    eventually(lambda: bird.paths() == helio.paths())
    return lab, helio, bird


def call(lab):
    return bgp.Speaker(lab.net["peer"], lab.net.v4("core"))


def malformed(helio):
    """{class: counter}."""
    return {c: helio.metric(f'bgp_malformed_messages_total{{class="{c}"}}')
            for c in ("header", "open", "update", "attribute")}


def test_a_call_from_an_unknown_address_is_refused_counted_and_logged(lab):
    lab.make_topic()
    lab.write(*lab.nodes("n1"))
    helio = lab.heliograph(peers=[peer("bird", lab.net.v4("bird"))])
    bird = lab.bird()
    eventually(lambda: bird.paths() == helio.paths())
    counter = 'bgp_rejected_connections_total{reason="unknown_peer"}'
    before = helio.metric(counter)
    with nothing_moves(helio, bird):
        for _ in range(3):
            with call(lab) as speaker:
                assert speaker.notification() in (None, (6, 5))
        eventually(lambda: helio.metric(counter) == before + 3)
    assert helio.log_lines(lab.net.v4("peer"))


# name: (bytes instead of an OPEN, NOTIFICATION (code, subcode), class of the counter)
BAD_OPENS = {
    "a marker that is not all ones":
        (bgp.message(bgp.OPEN, b"", marker=b"\xff" * 15 + b"\0"), (1, 1), "header"),
    "a length below 19": (bgp.message(bgp.OPEN, length=18), (1, 2), "header"),
    "a length above 4096": (bgp.message(bgp.OPEN, length=4097), (1, 2), "header"),
    "an OPEN too short to be one": (bgp.message(bgp.OPEN, b"\4" * 9), (1, 2), "header"),
    "an unknown message type": (bgp.message(9), (1, 3), "header"),
    "version 3": (bgp.open_message(version=3), (2, 1), "open"),
    "another AS": (bgp.open_message(as_number=65099), (2, 2), "open"),
    "AS 0": (bgp.open_message(as_number=0, capabilities=b""), (2, 2), "open"),
    "router id 0.0.0.0": (bgp.open_message(router_id="0.0.0.0"), (2, 3), "open"),
    "our own router id": (bgp.open_message(router_id="10.255.0.1"), (2, 3), "open"),
    "a hold time of one second": (bgp.open_message(hold=1), (2, 6), "open"),
    "parameters that end early": (bgp.open_message(parameters_length=200), (2, 0), "open"),
    "a capability longer than its parameter":
        (bgp.open_message(parameters=bgp.parameter(2, b"\x41\x20\0\0")), (2, 0), "open"),
    "an unknown optional parameter":
        (bgp.open_message(parameters=bgp.parameter(99, b"ab")), (2, 4), "open"),
}


@pytest.mark.parametrize("what", BAD_OPENS)
def test_an_open_is_refused_that_has(served, what):
    lab, helio, bird = served
    data, expected, kind = BAD_OPENS[what]
    before = malformed(helio)
    with nothing_moves(helio, bird):
        with call(lab) as speaker:
            speaker.send(data)
            assert speaker.notification() == expected
        eventually(lambda: malformed(helio)[kind] == before[kind] + 1)
    assert helio.log_lines("rude"), helio.log()


A = bgp.attribute

# name: (UPDATE, NOTIFICATION)
FATAL_UPDATES = {
    "withdrawn routes longer than the message": (bgp.update(withdrawn_length=5000), (3, 1)),
    "attributes longer than the message":
        (bgp.update(attributes=bgp.ORIGIN_IGP, attributes_length=400), (3, 1)),
    "a prefix length of 33":
        (bgp.update(attributes=bgp.GOOD_ATTRIBUTES, nlri=b"\x21\x01\x02\x03\x04\x05"), (3, 10)),
    "a prefix that ends early":
        (bgp.update(attributes=bgp.GOOD_ATTRIBUTES, nlri=b"\x18\x0a"), (3, 10)),
    "a message shorter than its fields": (bgp.message(bgp.UPDATE, b"\0\0\0"), (1, 2)),
}


@pytest.mark.parametrize("what", FATAL_UPDATES)
def test_an_update_ends_its_own_session_that_has(served, what):
    lab, helio, bird = served
    data, expected = FATAL_UPDATES[what]
    before = malformed(helio)
    with nothing_moves(helio, bird):
        with call(lab) as speaker:
            speaker.establish()
            # After the fault the rest is dropped unread: it must not make it worse.
            speaker.send(data + b"\0" * 100)
            assert speaker.notification() == expected
        eventually(lambda: sum(malformed(helio).values()) == sum(before.values()) + 1)
    assert helio.log_lines("rude"), helio.log()


# RFC 7606: faults of one attribute that cost its routes, not the session.
SURVIVED_UPDATES = {
    "an ORIGIN of 7": A(1, b"\7") + bgp.EMPTY_AS_PATH + bgp.NEXT_HOP + bgp.LOCAL_PREF,
    "an ORIGIN of two bytes": A(1, b"\0\0") + bgp.EMPTY_AS_PATH + bgp.NEXT_HOP + bgp.LOCAL_PREF,
    "no NEXT_HOP": bgp.ORIGIN_IGP + bgp.EMPTY_AS_PATH + bgp.LOCAL_PREF,
    "a NEXT_HOP of three bytes":
        bgp.ORIGIN_IGP + bgp.EMPTY_AS_PATH + A(3, b"\1\2\3") + bgp.LOCAL_PREF,
    "an AS_PATH segment that ends early":
        bgp.ORIGIN_IGP + A(2, b"\2\5\0\0") + bgp.NEXT_HOP + bgp.LOCAL_PREF,
    "communities of five bytes": bgp.GOOD_ATTRIBUTES + A(8, b"12345", flags=0xC0),
}


@pytest.mark.parametrize("what", SURVIVED_UPDATES)
def test_a_session_survives_and_counts_an_update_with(served, what):
    lab, helio, bird = served
    before = malformed(helio)
    with nothing_moves(helio, bird):
        with call(lab) as speaker:
            speaker.establish()
            speaker.send(bgp.update(attributes=SURVIVED_UPDATES[what], nlri=bgp.PREFIX))
            eventually(lambda: sum(malformed(helio).values()) == sum(before.values()) + 1)
            speaker.send(bgp.message(bgp.KEEPALIVE))
            assert helio.peers()["rude"]["state"].lower() == "established"


def test_a_neighbour_that_says_nothing_is_let_go_when_its_hold_time_is_over(served):
    lab, helio, bird = served
    with nothing_moves(helio, bird):
        with call(lab) as speaker:
            speaker.establish(hold=3)
            speaker.socket.settimeout(15)
            assert speaker.notification() == (4, 0)


def test_bytes_that_come_one_by_one_are_a_message_like_any_other(served):
    lab, helio, bird = served
    with nothing_moves(helio, bird):
        with call(lab) as speaker:
            for byte in bgp.open_message():
                speaker.send(struct.pack("B", byte))
            kind, _ = speaker.receive()
            assert kind == bgp.OPEN
            kind, _ = speaker.receive()
            assert kind == bgp.KEEPALIVE
