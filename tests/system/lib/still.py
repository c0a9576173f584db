# SPDX-License-Identifier: Apache-2.0
"""That nothing moves while something else happens."""

from contextlib import contextmanager


def _state(helio, tors):
    return {
        "our paths": helio.paths() if helio.running() else None,
        **{f"{tor.kind}'s session": tor.uptime_mark() for tor in tors},
        **{f"{tor.kind}'s paths": tor.paths() for tor in tors},
        **{f"{tor.kind}'s updates": tor.updates() for tor in tors},
    }


@contextmanager
def nothing_moves(helio, *tors):
    """Within it no path changes, no session is reset, and no ToR is sent a single UPDATE."""
    before = _state(helio, tors)
    yield
    after = _state(helio, tors)
    for what, value in before.items():
        assert after[what] == value, f"{what} moved: {value} became {after[what]}"
