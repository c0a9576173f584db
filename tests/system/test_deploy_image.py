# SPDX-License-Identifier: Apache-2.0
"""deploy/Dockerfile, carried out instruction by instruction in a fresh Debian (lib/image.py): the
build finds all it needs in deploy/packages, and the image holds all that the programs need, without
root and on a read-only file system. The suite `deploy` of tests/run; needs Debian's packages."""

import os
import re
import shutil
import subprocess

import pytest
from lib.image import Image
from lib.proc import Process
from lib.wait import eventually

_TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = ["heliographd", "helioctl", "heliofeed", "heliobench"]


@pytest.fixture(scope="module")
def image(run_folder):
    folder = os.path.join(run_folder, "image")
    os.makedirs(folder)
    try:
        yield Image(os.path.join(_TOP, "deploy", "Dockerfile"), _TOP, folder).build()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _inside(image, *argv, **more):
    return subprocess.run(image.enter(list(argv), **more), capture_output=True, text=True, check=False)


def test_every_program_runs_in_the_image_without_root(image):
    for name in PROGRAMS:
        done = _inside(image, f"/usr/bin/{name}", "--help" if name == "helioctl" else "--version")
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
    assert _inside(image, "/usr/bin/id", "-u").stdout == "65532\n"


def test_every_library_is_in_the_image_and_no_package_is_there_for_nothing(image):
    libraries = set()
    for name in PROGRAMS:
        text = _inside(image, "/usr/bin/ldd", f"/usr/bin/{name}").stdout
        assert "not found" not in text, text
        libraries |= {os.path.basename(path) for path in re.findall(r"=> (\S+)", text)}
    with open(os.path.join(_TOP, "deploy", "packages"), encoding="utf-8") as f:
        packages = [line.split()[1] for line in f if line.startswith("run ")]
    for package in packages:
        files = {os.path.basename(path) for path in _inside(image, "/usr/bin/dpkg", "-L", package).stdout.split()}
        assert files, f"{package} is not installed"
        assert package == "ca-certificates" or files & libraries, f"{package} brings nothing that is used"


def test_the_image_holds_no_compiler_no_sources_and_no_package_lists(image):
    for path in ("usr/bin/gcc", "usr/bin/cmake", "src", "mnt/install", "usr/include/event2"):
        assert not os.path.exists(os.path.join(image.root, path)), path
    lists = os.path.join(image.root, "var/lib/apt/lists")
    assert not os.path.isdir(lists) or os.listdir(lists) == []


def test_the_image_is_labelled(image):
    for name in ("title", "description", "licenses", "version", "revision"):
        assert image.labels[f"org.opencontainers.image.{name}"]


def test_heliographd_runs_on_a_read_only_root_and_writes_to_its_state_directory_alone(image, net, run_folder):
    folder = os.path.join(image.root, "etc/heliograph/config")
    os.makedirs(folder)
    with open(os.path.join(folder, "heliograph.yaml"), "w", encoding="utf-8") as f:
        f.write("router_id: 10.255.0.1\nlocal_as: 64512\npeers: []\nlisten: ['127.0.0.1:1790']\n"
                "kafka: {brokers: embedded}\nadvertise: {cluster_ips: [10.96.0.0/12]}\n")
    argv = image.enter(image.entrypoint + image.command, read_only=True, keep=["var/lib/heliograph"])
    helio = Process("heliographd", argv, os.path.join(run_folder, "image.log"), net["peer"])
    before = _files(image.root)
    helio.start()
    try:
        def ready():
            done = net["peer"].run("curl", "-sf", "http://127.0.0.1:8179/readyz", check=False)
            assert done.returncode == 0, helio.log()[-2000:]
        eventually(ready, 20)
        # helioctl's own default finds the socket, as `kubectl exec POD -- helioctl summary` does.
        done = _inside(image, "/usr/bin/helioctl", "summary")
        assert done.returncode == 0 and "10.255.0.1" in done.stdout, done.stdout + done.stderr
        metrics = net["peer"].run("curl", "-sf", "http://127.0.0.1:8179/metrics").stdout
        assert "heliograph_jemalloc_allocated_bytes" in metrics
        written = {path for path in _files(image.root) - before}
        assert written and all(path.startswith("var/lib/heliograph/") for path in written), written
    finally:
        code = helio.stop()
    assert code == 0


def _files(root):
    return {os.path.relpath(os.path.join(folder, name), root)
            for folder, _, names in os.walk(root) if not folder.startswith(f"{root}/proc")
            for name in names}
