# SPDX-License-Identifier: Apache-2.0
"""A record that cannot be used concerns its own key and nothing else."""

import json

from lib import kube
from lib.paths import next_hops
from lib.still import nothing_moves
from lib.wait import eventually

HOST = "10.96.0.10/32"
MEGABYTE = 1 << 20


def a_local_service(lab):
    web = kube.service("web", "10.96.0.10", external_policy="Local")
    endpoints = kube.slice_of(web, kube.pods_on("n1", "n2"))
    lab.make_topic()
    lab.write(*lab.nodes("n1", "n2", "n3"), web, endpoints)
    helio = lab.heliograph()
    bird = lab.bird()
    eventually(lambda: bird.paths() == helio.paths() and next_hops(bird.paths(), HOST) != [])
    return helio, bird, web, endpoints


def marker(lab, helio, name):
    """A good record after the bad ones, to every partition: when the paths of these services are
    there, what was written before them has been read."""
    services = [kube.service(f"{name}-{i}", f"10.99.{len(name)}.{i + 1}", external_policy="Local")
                for i in range(12)]
    slices = [kube.slice_of(s, kube.pods_on("n1")) for s in services]
    lab.write(*services, *slices)

    def all_there():
        paths = helio.paths()
        return all(next_hops(paths, s["spec"]["clusterIP"] + "/32") for s in services)
    eventually(all_there)


def quarantined(helio, reason):
    return helio.metric(f'kafka_records_quarantined_total{{reason="{reason}"}}')


def test_an_undecodable_value_is_quarantined_and_the_last_good_state_of_its_key_stays(lab):
    helio, bird, web, endpoints = a_local_service(lab)
    before = quarantined(helio, "undecodable")
    key = kube.key(endpoints)
    with nothing_moves(helio, bird):
        lab.write((key, "{ this is not JSON"), (key, b"k8s\0\xff\xff\xff\xff"), (key, b"\x00\x01"))
        eventually(lambda: quarantined(helio, "undecodable") == before + 3)

    lines = helio.log_lines(key)
    assert len(lines) == 1, f"once per key, not {lines}"
    for word in (lab.topic, "partition", "offset"):
        assert word in lines[0], lines[0]

    lab.write(kube.newer(endpoints, endpoints=kube.pods_on("n3")))
    eventually(lambda: next_hops(bird.paths(), HOST) == [lab.net.v4("n3")])


def test_an_oversized_record_is_quarantined_and_what_follows_it_is_read(lab):
    helio, bird, web, endpoints = a_local_service(lab)
    before = quarantined(helio, "oversized")
    big = kube.newer(endpoints)
    big["metadata"]["annotations"] = {"padding": "x" * (9 * MEGABYTE)}
    with nothing_moves(helio, bird):
        lab.write(big)
        eventually(lambda: quarantined(helio, "oversized") == before + 1, 30)
    assert helio.log_lines(kube.key(endpoints), "offset")
    marker(lab, helio, "after-oversized")


def test_unknown_resources_and_bad_keys_are_counted_and_skipped(lab):
    helio, bird, *_ = a_local_service(lab)
    unknown = 'kafka_records_ignored_total{reason="unknown_resource"}'
    unknown_before, bad_before = helio.metric(unknown), quarantined(helio, "bad_key")
    with nothing_moves(helio, bird):
        lab.write(("configmaps/default/settings", json.dumps({"kind": "ConfigMap"})),
                  ("leases/kube-system/x", b"k8s\0"))
        lab.write(("no-slashes-at-all", "{}"), ("services/default", "{}"),
                  ("\u00ff/\u0001/x", "{}"))
        eventually(lambda: helio.metric(unknown) >= unknown_before + 2)
        eventually(lambda: helio.metric(unknown) + quarantined(helio, "bad_key") ==
                   unknown_before + bad_before + 5)


def test_a_record_older_than_what_we_hold_is_ignored(lab):
    helio, bird, web, endpoints = a_local_service(lab)
    newer = kube.newer(endpoints, endpoints=kube.pods_on("n3"))
    lab.write(newer)
    eventually(lambda: next_hops(bird.paths(), HOST) == [lab.net.v4("n3")])
    old = 'kafka_records_ignored_total{reason="older_version"}'
    before = helio.metric(old)
    with nothing_moves(helio, bird):
        lab.write(endpoints)
        eventually(lambda: helio.metric(old) == before + 1)


def test_bad_records_that_were_there_first_do_not_keep_it_from_getting_ready(lab):
    lab.make_topic()
    web = kube.service("web", "10.96.0.10", external_policy="Local")
    lab.write(("services/default/broken", "{"), ("nodes//broken", b"k8s\0\x0a\xff"),
              *lab.nodes("n1"), web, kube.slice_of(web, kube.pods_on("n1")))
    helio = lab.heliograph()
    assert next_hops(helio.paths(), HOST) == [lab.net.v4("n1")]
    assert quarantined(helio, "undecodable") == 2
