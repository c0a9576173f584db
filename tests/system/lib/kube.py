# SPDX-License-Identifier: Apache-2.0
"""Kubernetes objects as records of the stream: built as the API's JSON, written as JSON or as
application/vnd.kubernetes.protobuf.

The protobuf encoder here is independent of the product's: field numbers are those of the
Kubernetes API's own generated.proto files.
"""

import ipaddress
import itertools
import json
import struct

_versions = itertools.count(1000)
_uids = itertools.count(1)


# --- records ---------------------------------------------------------------------------------

_RESOURCES = {
    "Node": ("nodes", "v1"),
    "Service": ("services", "v1"),
    "EndpointSlice": ("endpointslices", "discovery.k8s.io/v1"),
    "ServiceCIDR": ("servicecidrs", "networking.k8s.io/v1"),
    "ConfigMap": ("configmaps", "v1"),
}


def key(obj):
    meta = obj["metadata"]
    return f"{_RESOURCES[obj['kind']][0]}/{meta.get('namespace', '')}/{meta['name']}"


def record(obj, form="json"):
    """(key, value) of the object's record; form is "json" or "protobuf"."""
    return key(obj), (json.dumps(obj) if form == "json" else protobuf(obj))


def tombstone(obj):
    return key(obj), None


# --- objects ---------------------------------------------------------------------------------


def _meta(name, namespace=None, labels=None, annotations=None, uid=None):
    meta = {
        "name": name,
        "uid": uid or f"00000000-0000-4000-8000-{next(_uids):012d}",
        "resourceVersion": str(next(_versions)),
    }
    if namespace:
        meta["namespace"] = namespace
    if labels:
        meta["labels"] = labels
    if annotations:
        meta["annotations"] = annotations
    return meta


def newer(obj, **changes):
    """A later state of the same object (same UID, higher resourceVersion), `changes` applied at
    its top level."""
    meta = {**obj["metadata"], "resourceVersion": str(next(_versions))}
    return {**obj, **changes, "metadata": meta}


def _object(kind, meta, **parts):
    return {"apiVersion": _RESOURCES[kind][1], "kind": kind, "metadata": meta, **parts}


def node(name, *addresses, labels=None, conditions=(("Ready", "True"),), **spec):
    return _object(
        "Node", _meta(name, labels=labels), spec=spec,
        status={
            "addresses": [{"type": "Hostname", "address": name}] +
                         [{"type": "InternalIP", "address": a} for a in addresses],
            "conditions": [{"type": t, "status": s} for t, s in conditions],
        })


def service(name, *cluster_ips, namespace="default", external_policy=None, internal_policy=None,
            load_balancer=(), **spec):
    """A service of type ClusterIP, or LoadBalancer where it has ingress addresses."""
    spec = {
        "type": "LoadBalancer" if load_balancer else "ClusterIP",
        "clusterIP": cluster_ips[0],
        "clusterIPs": list(cluster_ips),
        "ipFamilies": ["IPv6" if ":" in a else "IPv4" for a in cluster_ips],
        "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
        **spec,
    }
    if external_policy:
        spec["externalTrafficPolicy"] = external_policy
    if internal_policy:
        spec["internalTrafficPolicy"] = internal_policy
    status = {"loadBalancer": {"ingress": [{"ip": a} for a in load_balancer]}}
    return _object("Service", _meta(name, namespace), spec=spec, status=status)


def endpoint(address, node_name, **conditions):
    return {"addresses": [address], "nodeName": node_name,
            "conditions": conditions or {"ready": True}}


def slice_of(svc, endpoints, suffix="a", family="IPv4"):
    """An EndpointSlice of a service."""
    name, namespace = svc["metadata"]["name"], svc["metadata"]["namespace"]
    return _object(
        "EndpointSlice",
        _meta(f"{name}-{suffix}", namespace, labels={"kubernetes.io/service-name": name}),
        addressType=family, endpoints=list(endpoints),
        ports=[{"name": "http", "port": 80, "protocol": "TCP"}])


def pods_on(*nodes, family="IPv4"):
    """One ready endpoint on each of the nodes."""
    base = ipaddress.ip_address("10.244.0.10" if family == "IPv4" else "fd44::10")
    return [endpoint(str(base + 256 * i), n) for i, n in enumerate(nodes)]


# --- protobuf --------------------------------------------------------------------------------

_META = {"name": (1, str), "namespace": (3, str), "uid": (5, str), "resourceVersion": (6, str),
         "labels": (11, "map"), "annotations": (12, "map")}
_PORT = {"name": (1, str), "protocol": (2, str), "port": (3, int)}
_SCHEMA = {
    "Node": {
        "metadata": (1, _META),
        "spec": (2, {"podCIDR": (1, str), "unschedulable": (4, bool),
                     "taints": (5, {"key": (1, str), "value": (2, str), "effect": (3, str)}),
                     "podCIDRs": (7, str)}),
        "status": (3, {"conditions": (4, {"type": (1, str), "status": (2, str)}),
                       "addresses": (5, {"type": (1, str), "address": (2, str)})}),
    },
    "Service": {
        "metadata": (1, _META),
        "spec": (2, {"ports": (1, _PORT), "clusterIP": (3, str), "type": (4, str),
                     "externalIPs": (5, str), "externalTrafficPolicy": (11, str),
                     "publishNotReadyAddresses": (13, bool), "clusterIPs": (18, str),
                     "ipFamilies": (19, str), "loadBalancerClass": (21, str),
                     "internalTrafficPolicy": (22, str)}),
        "status": (3, {"loadBalancer": (1, {"ingress": (1, {"ip": (1, str), "hostname": (2, str),
                                                            "ipMode": (3, str)})})}),
    },
    "EndpointSlice": {
        "metadata": (1, _META),
        "endpoints": (2, {"addresses": (1, str),
                          "conditions": (2, {"ready": (1, bool), "serving": (2, bool),
                                             "terminating": (3, bool)}),
                          "nodeName": (6, str), "zone": (7, str)}),
        "ports": (3, {"name": (1, str), "protocol": (2, str), "port": (3, int)}),
        "addressType": (4, str),
    },
    "ServiceCIDR": {"metadata": (1, _META), "spec": (2, {"cidrs": (1, str)})},
}


def protobuf(obj):
    """The object as the API serves it for application/vnd.kubernetes.protobuf."""
    type_meta = _bytes(1, obj["apiVersion"].encode()) + _bytes(2, obj["kind"].encode())
    parts = {k: v for k, v in obj.items() if k not in ("apiVersion", "kind")}
    return b"k8s\0" + _bytes(1, type_meta) + _bytes(2, _message(parts, _SCHEMA[obj["kind"]]))


def _message(value, schema):
    out = b""
    for name, part in value.items():
        number, kind = schema[name]
        for item in part if isinstance(part, list) else [part]:
            out += _field(number, kind, item)
    return out


def _field(number, kind, value):
    if kind is str:
        return _bytes(number, value.encode())
    if kind in (int, bool):
        return _varint(number << 3) + _varint(int(value))
    if kind == "map":
        return b"".join(_bytes(number, _bytes(1, k.encode()) + _bytes(2, v.encode()))
                        for k, v in value.items())
    return _bytes(number, _message(value, kind))


def _bytes(number, data):
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value):
    out = b""
    while value > 0x7F:
        out += struct.pack("B", value & 0x7F | 0x80)
        value >>= 7
    return out + struct.pack("B", value)
