# SPDX-License-Identifier: Apache-2.0
"""Calico's page "Advertising Kubernetes services over BGP", walked through as its reader would: a real
kube-apiserver, heliofeed, a real Kafka, heliographd, and FRR as the top-of-rack router. Once with
Heliograph's own file, once with Calico's BGPConfiguration. Part of the suite `feed`."""

import pytest
from kube.rig import cluster, rig, token  # pylint: disable=unused-import  # fixtures

from lib.paths import next_hops
from lib.wait import always, eventually

CIDR = "10.96.0.0/16"
EXTERNAL, EXTERNAL_IP = "192.0.2.0/24", "192.0.2.10"
BALANCED, BALANCED_IP = "198.51.100.0/24", "198.51.100.10"
EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers"
NODES = ("n1", "n2", "n3")


class Walk:
    def __init__(self, rig, advertise):
        self.rig, self.cluster = rig, rig.cluster
        rig.lab.make_topic()
        for n in NODES:
            self.cluster.node(n, rig.lab.net.v4(n))
        rig.feed()
        self.helio = rig.lab.heliograph(advertise=advertise)
        self.frr = rig.lab.frr()

    def at(self, *nodes):
        return [self.rig.lab.net.v4(n) for n in nodes]

    def sees(self, prefix, *nodes):
        """The ToR routes the prefix to these nodes, all of them at once; with none it has no such route."""
        def check():
            assert next_hops(self.frr.paths(), prefix) == self.at(*nodes)
            route = self.frr.json(f"show ip route {prefix}").get(prefix, [{}])[0]
            used = sorted(h["ip"] for h in route.get("nexthops", []) if h.get("fib"))
            assert used == sorted(self.at(*nodes)), route
        eventually(check, 20)

    def patch_service(self, name, body, part=""):
        self.cluster.ask("PATCH",
                         f"/api/v1/namespaces/{self.rig.namespace}/services/{name}{part}", body,
                         "application/merge-patch+json")

    def cluster_ips(self):
        """The service CIDR from every node; a Local service from the nodes that hold its endpoints."""
        self.sees(CIDR, "n1", "n2", "n3")
        address = self.rig.service("web", "n1", "n2", type="NodePort",
                                   externalTrafficPolicy="Local")
        host = f"{address}/32"
        self.sees(host, "n1", "n2")
        self.cluster.slice(self.rig.namespace, "web", "n1", "n2", "n3")  # scaled up
        self.sees(host, "n1", "n2", "n3")
        self.cluster.slice(self.rig.namespace, "web", "n3")  # and moved
        self.sees(host, "n3")
        self.cluster.slice(self.rig.namespace, "web")  # scaled to zero
        self.sees(host)
        self.sees(CIDR, "n1", "n2", "n3")
        self.cluster.slice(self.rig.namespace, "web", "n1", "n2")
        self.sees(host, "n1", "n2")
        self.patch_service("web", {"spec": {"externalTrafficPolicy": "Cluster"}})
        self.sees(host)  # the aggregate serves it alike
        self.patch_service("web", {"spec": {"externalTrafficPolicy": "Local"}})
        self.sees(host, "n1", "n2")

    def external_ips(self):
        self.sees(EXTERNAL, "n1", "n2", "n3")
        self.patch_service("web", {"spec": {"externalIPs": [EXTERNAL_IP, "203.0.113.1"]}})
        self.sees(f"{EXTERNAL_IP}/32", "n1", "n2")
        assert not next_hops(self.frr.paths(), "203.0.113.1/32")  # not in the allow-list
        text = self.helio.ctl_run("explain", "203.0.113.1/32").stdout
        assert "none of the configured CIDRs" in text

    def load_balancer(self, aggregated):
        self.patch_service("web", {"spec": {"type": "LoadBalancer"}})
        self.patch_service("web", {"status": {"loadBalancer": {"ingress": [{"ip": BALANCED_IP}]}}},
                           "/status")
        self.sees(f"{BALANCED_IP}/32", "n1", "n2")
        self.sees(BALANCED, *(NODES if aggregated else ()))
        if not aggregated:  # host routes for Cluster services too
            self.patch_service("web", {"spec": {"externalTrafficPolicy": "Cluster"}})
            self.sees(f"{BALANCED_IP}/32", "n1", "n2", "n3")
            self.patch_service("web", {"spec": {"externalTrafficPolicy": "Local"}})
            self.sees(f"{BALANCED_IP}/32", "n1", "n2")

    def excluded_node(self, address):
        """A node is taken out of service by its label, and put back."""
        self.cluster.label_node("n2", **{EXCLUDE: "true"})
        self.sees(CIDR, "n1", "n3")
        self.sees(f"{address}/32", "n1")
        self.cluster.label_node("n2", **{EXCLUDE: None})
        self.sees(CIDR, "n1", "n2", "n3")
        self.sees(f"{address}/32", "n1", "n2")

    def all_of_it(self, aggregated):
        self.cluster_ips()
        self.external_ips()
        self.load_balancer(aggregated)
        self.excluded_node(BALANCED_IP)
        self.cluster.delete_service(self.rig.namespace, "web")
        self.sees(f"{BALANCED_IP}/32")
        self.sees(f"{EXTERNAL_IP}/32")
        self.sees(CIDR, "n1", "n2", "n3")
        paths = self.frr.paths()
        always(lambda: self.frr.paths() == paths, 2)


@pytest.mark.parametrize("aggregated", [True, False])
def test_the_walk_through_with_heliographs_own_file(rig, aggregated):
    walk = Walk(rig, {"cluster_ips": [CIDR], "external_ips": [EXTERNAL],
                      "load_balancer_ips": [BALANCED],
                      "load_balancer_aggregation": aggregated})
    walk.all_of_it(aggregated)


@pytest.mark.parametrize("aggregated", [True, False])
def test_the_walk_through_with_calicos_bgpconfiguration(rig, aggregated):
    rig.cluster.calico_install()
    try:
        rig.cluster.calico("bgpconfigurations", "default",
                           serviceClusterIPs=[{"cidr": CIDR}],
                           serviceExternalIPs=[{"cidr": EXTERNAL}],
                           serviceLoadBalancerIPs=[{"cidr": BALANCED}],
                           serviceLoadBalancerAggregation="Enabled" if aggregated else "Disabled")
        Walk(rig, None).all_of_it(aggregated)
    finally:
        rig.cluster.calico_remove()


def test_an_edit_of_bgpconfiguration_reaches_the_router(rig):
    rig.cluster.calico_install()
    try:
        walk = Walk(rig, None)
        walk.sees(CIDR, "n1", "n2", "n3")  # the cluster's own ServiceCIDR, as before Calico says anything
        address = rig.service("web", "n1", "n2", type="NodePort", externalTrafficPolicy="Local",
                              externalIPs=[EXTERNAL_IP])
        walk.sees(f"{address}/32", "n1", "n2")
        spec = {"serviceClusterIPs": [{"cidr": CIDR}]}
        rig.cluster.calico("bgpconfigurations", "default", **spec,
                           serviceExternalIPs=[{"cidr": EXTERNAL}])
        walk.sees(EXTERNAL, "n1", "n2", "n3")
        walk.sees(f"{EXTERNAL_IP}/32", "n1", "n2")
        spec["serviceLoadBalancerIPs"] = [{"cidr": BALANCED}]
        rig.cluster.calico("bgpconfigurations", "default", **spec)  # external IPs taken back
        walk.sees(BALANCED, "n1", "n2", "n3")
        walk.sees(EXTERNAL)
        walk.sees(f"{EXTERNAL_IP}/32")
        walk.load_balancer(aggregated=True)
        rig.cluster.calico("bgpconfigurations", "default", **spec,
                           serviceLoadBalancerAggregation="Disabled")
        walk.sees(BALANCED)
        walk.sees(f"{BALANCED_IP}/32", "n1", "n2")
        rig.cluster.slice(rig.namespace, "web")  # scaled to zero: no aggregate is left to draw traffic
        walk.sees(f"{BALANCED_IP}/32")
        walk.sees(f"{address}/32")
        walk.sees(CIDR, "n1", "n2", "n3")
    finally:
        rig.cluster.calico_remove()
