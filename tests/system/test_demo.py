# SPDX-License-Identifier: Apache-2.0
"""deploy/demo, the README's first command (here with the programs already built)."""

import os
import re
import signal
import subprocess
import time

import pytest
from lib.heliograph import BIN
from lib.wait import eventually

_TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@pytest.fixture
def start(net, tmp_path):
    """start(*words): the demo, running; it has ended when the test has, whatever happened."""
    demos = []

    def start_demo(*words):
        demos.append(subprocess.Popen(
            net["core"].exec_argv([os.path.join(_TOP, "deploy", "demo"), "--bin", BIN, *words]),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            # who runs the tests in the background has SIGINT ignored, and bash cannot trap that
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            env={**os.environ, "TMPDIR": str(tmp_path)}))
        return demos[-1]
    yield start_demo
    for demo in demos:
        demo.terminate()
        demo.wait(20)


def nothing_is_left(folder):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                line = f.read()
        except OSError:
            continue
        assert os.fsencode(str(folder)) not in line, line
    assert os.listdir(folder) == []


def test_the_demo_shows_a_service_before_and_after_it_moves_and_leaves_nothing(start, tmp_path):
    demo = start("--once")
    output, _ = demo.communicate(timeout=120)
    assert demo.returncode == 0, output

    before, rest = output.split("Its endpoints move")
    after, rest = rest.split("How it came")
    events = re.findall(r"s  ([+-]) 10\.96\.0\.1/32 +via (\S+)", rest.split("Why node-1")[0])
    hops = lambda text: set(re.findall(r" (172\.16\.0\.\d+) +\d+ +ORIGIN", text))
    assert hops(before) == {"172.16.0.1", "172.16.0.2", "172.16.0.3"}, output
    assert hops(after) == {"172.16.0.3", "172.16.0.7", "172.16.0.9"}, output
    assert [sign for sign, _ in events] == ["+", "+", "-", "-"], output
    assert "helioctl" in output and "http://" in output
    nothing_is_left(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_ends_cleanly_when_it_is_interrupted(start, tmp_path, number):
    demo = start("--keep")
    lines = []

    def running():
        lines.append(demo.stdout.readline())
        return "until Ctrl-C" in lines[-1]
    eventually(running, 60, every=0)
    time.sleep(0.2)
    demo.send_signal(number)
    assert demo.wait(20) == 128 + number, "".join(lines)
    demo.stdout.close()
    nothing_is_left(tmp_path)
