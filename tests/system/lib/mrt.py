# SPDX-License-Identifier: Apache-2.0
"""The part of an MRT table dump (RFC 6396, RFC 8050) that shows which path has which identifier.

BIRD shows a path's ADD-PATH identifier nowhere but here.
"""

import ipaddress
import struct

_TABLE_DUMP_V2 = 13
_WITH_IDS = {8: 4, 10: 16}  # RIB_IPV4_UNICAST_ADDPATH, RIB_IPV6_UNICAST_ADDPATH: address bytes
_NEXT_HOP, _MP_REACH_NLRI = 3, 14


def path_ids(data):
    """{(prefix, next hop): path identifier} of every BGP path in the dump."""
    ids = {}
    while data:
        _, kind, subtype, length = struct.unpack_from(">IHHI", data)
        body, data = data[12:12 + length], data[12 + length:]
        if kind == _TABLE_DUMP_V2 and subtype in _WITH_IDS:
            ids.update(_rib_entry(body, _WITH_IDS[subtype]))
    return ids


def _rib_entry(body, size):
    bits = body[4]
    used = (bits + 7) // 8
    address = body[5:5 + used].ljust(size, b"\0")
    prefix = f"{ipaddress.ip_address(address)}/{bits}"
    at = 5 + used
    (count,) = struct.unpack_from(">H", body, at)
    at += 2
    for _ in range(count):
        _, _, path_id, length = struct.unpack_from(">HIIH", body, at)
        hop = _next_hop(body[at + 12:at + 12 + length])
        at += 12 + length
        if hop is not None:  # a connected route has no BGP attributes
            yield (prefix, hop), path_id


def _next_hop(attributes):
    while attributes:
        flags, code = attributes[0], attributes[1]
        wide = flags & 0x10
        length = struct.unpack_from(">H" if wide else ">B", attributes, 2)[0]
        start = 4 if wide else 3
        value = attributes[start:start + length]
        attributes = attributes[start + length:]
        if code == _NEXT_HOP:
            return str(ipaddress.ip_address(value))
        if code == _MP_REACH_NLRI:  # in a table dump: only length and next hop
            return str(ipaddress.ip_address(value[1:17]))
    return None
