# SPDX-License-Identifier: Apache-2.0
"""One path of one table, in a form that is equal when two speakers hold the same path."""

import ipaddress
from typing import NamedTuple, Optional

_ORIGINS = {"igp": "igp", "i": "igp", "0": "igp", "egp": "egp", "incomplete": "incomplete"}


class Path(NamedTuple):
    prefix: str
    next_hop: str
    origin: str
    as_path: str
    local_pref: Optional[int]
    med: Optional[int]
    originator: Optional[str]
    cluster_list: tuple
    communities: frozenset
    large_communities: frozenset
    path_id: Optional[int] = None

    @classmethod
    def make(cls, prefix, next_hop, origin, as_path="", local_pref=None, med=None,
             originator=None, cluster_list=(), communities=(), large_communities=(),
             path_id=None):
        number = lambda value: None if value in (None, "") else int(value)
        return cls(
            prefix=str(ipaddress.ip_network(prefix)),
            next_hop=str(ipaddress.ip_address(next_hop)),
            origin=_ORIGINS[str(origin).lower()],
            as_path=as_path if isinstance(as_path, str) else " ".join(map(str, as_path)),
            local_pref=number(local_pref),
            med=number(med),
            originator=originator or None,
            cluster_list=tuple(cluster_list or ()),
            communities=frozenset(communities or ()),
            large_communities=frozenset(large_communities or ()),
            path_id=number(path_id),
        )


def next_hops(paths, prefix):
    """The sorted next hops of one prefix in a collection of Path."""
    key = lambda address: (":" in address, int(ipaddress.ip_address(address)))
    return sorted((p.next_hop for p in paths if p.prefix == prefix), key=key)


def prefixes(paths):
    return {p.prefix for p in paths}
