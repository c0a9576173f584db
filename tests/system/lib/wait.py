# SPDX-License-Identifier: Apache-2.0
"""Waiting for something to become true, and for something to stay true."""

import time


def eventually(check, timeout=15.0, every=0.05):
    """Call check() until it neither raises AssertionError nor returns False; return its value.

    After `timeout` seconds the last AssertionError is raised, so that a failing test shows the
    state it last saw and not only that time ran out.
    """
    end = time.monotonic() + timeout
    while True:
        try:
            value = check()
            if value is not False:
                return value
            failure = AssertionError(f"{getattr(check, '__name__', 'check')} stayed false")
        except AssertionError as error:
            failure = error
        if time.monotonic() >= end:
            raise AssertionError(f"not within {timeout:g} s: {failure}") from failure
        time.sleep(every)


def always(check, seconds, every=0.1):
    """check() must hold now and for `seconds` from now."""
    end = time.monotonic() + seconds
    while True:
        value = check()
        assert value is not False, f"{getattr(check, '__name__', 'check')} became false"
        if time.monotonic() >= end:
            return value
        time.sleep(every)
