# SPDX-License-Identifier: Apache-2.0
"""Waiting for something to become true, and for something to stay true."""

import time


def _is_content(value):
    return value is None or bool(value)


def eventually(check, timeout=15.0, every=0.05):
    """Call check() until it neither raises AssertionError nor returns something false (an empty list, 0; a
    check that returns None has only asserted, and is content); return its value.

    After `timeout` seconds the last AssertionError is raised, so that a failing test shows the
    state it last saw and not only that time ran out.
    """
    end = time.monotonic() + timeout
    while True:
        try:
            value = check()
            if _is_content(value):
                return value
            failure = AssertionError(f"{getattr(check, '__name__', 'check')} stayed {value!r}")
        except AssertionError as error:
            failure = error
        if time.monotonic() >= end:
            raise AssertionError(f"not within {timeout:g} s: {failure}") from failure
        time.sleep(every)


def always(check, seconds, every=0.1):
    """check() must hold now and for `seconds` from now, as eventually() understands it."""
    end = time.monotonic() + seconds
    while True:
        value = check()
        assert _is_content(value), f"{getattr(check, '__name__', 'check')} became {value!r}"
        if time.monotonic() >= end:
            return value
        time.sleep(every)
