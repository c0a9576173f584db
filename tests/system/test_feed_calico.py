# SPDX-License-Identifier: Apache-2.0
"""Calico's objects from a real kube-apiserver through heliofeed and Kafka to the reflector, as custom
resources that come, go, are not there, or may not be read. Part of the suite `feed`."""

import json
import os

import pytest
from kube.cluster import CALICO
from kube.rig import cluster, rig, token  # pylint: disable=unused-import  # fixtures

from lib.wait import always, eventually

POOL = {"cidr": "10.244.0.0/16", "disableBGPExport": True}


@pytest.fixture
def calico(rig):
    rig.cluster.calico_install()
    yield rig.cluster
    rig.cluster.calico_remove()


def _values(rig):
    """{key: the last value as text, None: deleted} of the whole topic."""
    done = rig.lab.net["core"].run("kcat", "-C", "-q", "-e", "-Z", "-b", rig.lab.broker.address,
                                   "-t", rig.lab.topic, "-X", "isolation.level=read_committed",
                                   "-f", "%k\\x1f%s\\x1e", data=b"").stdout
    rows = [row.split(b"\x1f", 1) for row in done.split(b"\x1e") if row.strip()]
    return {k.strip().decode(): None if v == b"NULL" else v for k, v in rows}


def _prefixes(helio):
    return {p.prefix for p in helio.paths()}


def test_calicos_objects_are_written_as_json_and_followed(rig, calico):
    rig.lab.make_topic(partitions=1)
    calico.calico("ippools", "pods", **POOL)
    rig.feed()
    value = json.loads(_values(rig)["ippools//pods"])
    assert value["kind"] == "IPPool" and value["spec"] == POOL
    assert "managedFields" not in value["metadata"]
    calico.calico("bgpconfigurations", "default", serviceClusterIPs=[{"cidr": "10.96.0.0/16"}])
    rig.ends_with("bgpconfigurations//default")
    calico.calico("ippools", "pods", **{**POOL, "disableBGPExport": False})
    eventually(lambda: json.loads(_values(rig)["ippools//pods"])["spec"]["disableBGPExport"] is False)
    calico.ask("PATCH", calico.calico_path("ippools") + "/pods",
               {"metadata": {"annotations": {"odd": "a\0b"}}}, "application/merge-patch+json")
    eventually(lambda: json.loads(_values(rig)["ippools//pods"])["metadata"]["annotations"].get("odd") == "a\0b")
    calico.calico_delete("ippools", "pods")
    rig.ends_with(absent=["ippools//pods"])


def test_bgpconfiguration_in_the_cluster_says_what_is_advertised(rig, calico):
    rig.lab.make_topic()
    for n in ("n1", "n2"):
        rig.cluster.node(n, rig.lab.net.v4(n))
    rig.feed()
    helio = rig.lab.heliograph(advertise=None)
    eventually(lambda: _prefixes(helio) == {"10.96.0.0/16"})  # the cluster's own ServiceCIDR
    calico.calico("bgpconfigurations", "default", serviceClusterIPs=[{"cidr": "10.96.0.0/20"}],
                  serviceExternalIPs=[{"cidr": "192.0.2.0/24"}])
    eventually(lambda: _prefixes(helio) == {"10.96.0.0/20", "192.0.2.0/24"}, 20)
    calico.calico_delete("bgpconfigurations", "default")
    eventually(lambda: _prefixes(helio) == {"10.96.0.0/16"}, 20)


def test_a_cluster_without_calico_is_complete_and_one_that_gets_it_is_noticed(rig):
    rig.lab.make_topic()
    feed = rig.feed()
    rig.ends_with("sync//end")
    text = feed.get("/readyz")[1]
    assert "ippools: absent" in text and "bgppeers: absent" in text
    rig.cluster.calico_install()
    try:
        rig.cluster.calico("ippools", "pods", **POOL)
        eventually(lambda: rig.ends_with("ippools//pods"), 60)
    finally:
        rig.cluster.calico_remove()


READ = ["list", "watch"]
FOUR = ({"apiGroups": [""], "resources": ["nodes", "services"], "verbs": READ},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": READ},
        {"apiGroups": ["networking.k8s.io"], "resources": ["servicecidrs"], "verbs": READ})
CALICOS = {"apiGroups": ["crd.projectcalico.org"], "resources": list(CALICO), "verbs": READ}


def _use_account(rig, name, *rules):
    """The next feed is this account."""
    rig.token = os.path.join(rig.lab.folder, f"{name}.token")
    with open(rig.token, "w", encoding="ascii") as f:
        f.write(rig.cluster.account(name, *rules))


def _objects(helio, resource):
    return helio.metric(f"cluster_objects{{cluster=\"default\",resource=\"{resource}\"}}")


def _follow_denied(rig, calico, name):
    """A pool is on the topic, and a feed that may not read it has written a full listing."""
    rig.lab.make_topic(partitions=1)
    calico.calico("ippools", "pods", **POOL)
    rig.feed()
    rig.ends_with("sync//end", "ippools//pods")
    rig.feeds[0].stop()
    _use_account(rig, name, *FOUR)
    return rig.feed()


def test_without_the_right_to_read_them_the_rest_is_complete_and_they_stay(rig, calico):
    feed = _follow_denied(rig, calico, "four-only")
    status, text = feed.get("/readyz")
    assert status == 200
    denied = [line for line in text.splitlines() if ": denied: 403 " in line]
    assert len(denied) == 4 and all("grant list and watch" in line for line in denied), text
    assert feed.metric("api_resources_denied") == 4
    assert feed.metric("api_resources_watching") == 8
    assert feed.log().count("does not let us read this resource") == 4
    counts = json.loads(_values(rig)["sync//end"])["counts"]
    assert "nodes" in counts and "ippools" not in counts
    helio = rig.lab.heliograph()
    eventually(lambda: _objects(helio, "ippools") == 1)
    # A listing that says nothing of them does not sweep them.
    always(lambda: _objects(helio, "ippools") == 1, 2)
    rig.service("late", "n1")
    rig.ends_with(rig.key("services", "late"))


def test_what_went_while_it_might_not_be_read_is_gone_once_it_may(rig, calico):
    feed = _follow_denied(rig, calico, "granted-later")
    helio = rig.lab.heliograph()
    eventually(lambda: _objects(helio, "ippools") == 1)
    calico.calico_delete("ippools", "pods")
    calico.calico("bgpconfigurations", "default", serviceClusterIPs=[{"cidr": "10.96.0.0/16"}])
    calico.set_rights("granted-later", *FOUR, CALICOS)
    rig.ends_with("bgpconfigurations//default")
    eventually(lambda: _objects(helio, "ippools") == 0, 60)
    assert _objects(helio, "bgpconfigurations") == 1
    feed.wait_ready()
    assert "denied" not in feed.get("/readyz")[1]
    assert feed.log().count("does not let us read this resource") == 4
    assert feed.log().count("listing everything") == 1  # at once for all four
    rig.service("late", "n1")
    rig.ends_with(rig.key("services", "late"))


def test_an_apiservice_of_calico_that_nothing_serves_holds_up_nothing(rig):
    name, services = "v3.projectcalico.org", "/apis/apiregistration.k8s.io/v1/apiservices"
    rig.cluster.ask("POST", services, {
        "metadata": {"name": name},
        "spec": {"group": "projectcalico.org", "version": "v3", "groupPriorityMinimum": 1500,
                 "versionPriority": 200, "insecureSkipTLSVerify": True,
                 "service": {"namespace": "calico-apiserver", "name": "calico-api"}}})
    try:
        path = "/apis/projectcalico.org/v3/ippools"
        eventually(lambda: rig.cluster.status_of("GET", path) == 503, 30)
        rig.lab.make_topic(partitions=1)
        feed = rig.feed()
        assert "ippools: denied: 503 " in feed.get("/readyz")[1]
        assert "ippools" not in json.loads(_values(rig)["sync//end"])["counts"]
    finally:
        rig.cluster.ask("DELETE", f"{services}/{name}")
        eventually(lambda: rig.cluster.status_of("GET", path) == 404, 30)
