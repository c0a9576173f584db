# SPDX-License-Identifier: Apache-2.0
"""\"Why is my service not reachable?\" Each case as a user has it: what is in the cluster, what is asked, and the
words of the answer that say why."""

from lib import kube
from lib.wait import eventually

LABEL = "node.kubernetes.io/exclude-from-external-load-balancers"


def _local(name, address, endpoints, **more):
    service = kube.service(name, address, external_policy="Local", **more)
    return [service, kube.slice_of(service, endpoints)]


def _ready(*nodes):
    return kube.pods_on(*nodes)


def _balancer(name, cluster_ip, ingress, **more):
    """A LoadBalancer service whose status has just this ingress."""
    service = kube.service(name, cluster_ip, load_balancer=["198.51.100.1"], external_policy="Local", **more)
    service["status"]["loadBalancer"]["ingress"] = [ingress]
    return [service, kube.slice_of(service, _ready("n1"))]


TERMINATING = {"ready": False, "serving": False, "terminating": True}

# (what the user would say, the objects, the question, what the answer must say)
CASES = [
    ("the pods are all shutting down",
     _local("down", "10.96.7.1", [kube.endpoint("10.244.0.1", "n1", **TERMINATING)]),
     ["10.96.7.1"], "no endpoint of this address family is ready, or serving while it terminates"),
    ("the deployment is scaled to zero", _local("zero", "10.96.7.2", []),
     ["10.96.7.2"], "no endpoint of this address family is ready"),
    ("this node gets no traffic, others do", _local("some", "10.96.7.3", _ready("n1")),
     ["10.96.7.3", "n2"], "none of the service's usable endpoints is on it"),
    ("the external IP was never allowed",
     [kube.service("outside", "10.96.7.4", externalIPs=["203.0.113.9"])],
     ["203.0.113.9"], "the address is in none of the configured CIDRs of its class"),
    ("the node was taken out of load balancing", _local("excluded", "10.96.7.5", _ready("n3")),
     ["10.96.7.5", "n3"], f"it has the label {LABEL}"),
    ("the node has no IPv6 address", _local("six", "fd00:96::7", []),
     ["fd00:96::7", "n4"], "it has no InternalIP of this family"),
    ("somebody else's load balancer", _balancer("foreign", "10.96.7.6", {"ip": "198.51.100.6"},
                                                loadBalancerClass="example.com/other"),
     ["198.51.100.6"], "its loadBalancerClass is not among advertise.load_balancer_classes"),
    ("the load balancer terminates connections itself",
     _balancer("proxy", "10.96.7.7", {"ip": "198.51.100.7", "ipMode": "Proxy"}),
     ["198.51.100.7"], "its ipMode is Proxy, traffic to it must not go to nodes"),
    ("an address of the range that no service has", [], ["10.96.7.8"], "covers it and is an aggregate"),
    ("an address that nobody has", [], ["203.0.113.77"],
     "no aggregate, service address or pod CIDR is this prefix"),
    ("no route of its own, but reachable", [s := kube.service("cluster", "10.96.7.9"),
                                            kube.slice_of(s, _ready("n1"))],
     ["10.96.7.9"], "its traffic policy is Cluster, so the aggregate serves it alike"),
    ("the endpoint's node is unknown", _local("lost", "10.96.7.10", _ready("n9")),
     ["10.96.7.10"], "its Node object is not known"),
    ("a typing mistake in the question", [], ["10.96.7.300"], "is neither a prefix"),
]


def test_typical_questions_are_answered_with_the_reason_in_words(lab):
    nodes = [kube.node(n, lab.net.v4(n), lab.net.v6(n)) for n in ("n1", "n2")]
    nodes += [kube.node("n3", lab.net.v4("n3"), labels={LABEL: ""}), kube.node("n4", lab.net.v4("n4"))]
    lab.make_topic()
    lab.write(*nodes, *[o for _, objects, _, _ in CASES for o in objects])
    helio = lab.heliograph()
    eventually(lambda: len(helio.rows("10.96.7.3/32")) == 1)
    wrong = []
    for user, _, question, words in CASES:
        done = helio.ctl_run("explain", *question)
        text = done.stdout + done.stderr
        if words not in text:
            wrong.append(f"{user}: helioctl explain {' '.join(question)} says:\n{text}")
    assert not wrong, "\n".join(wrong)


def test_the_answer_is_the_decision_for_every_path_that_is_announced(lab):
    """explain and the routers' tables come from one function."""
    lab.make_topic()
    lab.write(*lab.nodes("n1", "n2", "n3"), *_local("web", "10.96.0.10", _ready("n1", "n3")))
    helio = lab.heliograph()
    bird = lab.bird()
    eventually(lambda: bird.paths() == helio.paths() != set())
    for prefix in {p.prefix for p in bird.paths()}:
        steps = helio.ctl("explain", prefix)["steps"]
        said = {s["next_hop"] for s in steps if s["kind"] == "node" and s["advertised"]}
        assert said == {p.next_hop for p in bird.paths() if p.prefix == prefix}, prefix
