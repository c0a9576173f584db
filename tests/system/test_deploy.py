# SPDX-License-Identifier: Apache-2.0
"""What deploy/ ships and needs no Kubernetes to be tried: the manifests' configuration and options in
the real programs, port 179 without privileges, the image's packages, the systemd units, the ToR
snippets. tests/system/test_deploy_helm.py and test_deploy_image.py are the slower half."""

import json
import os
import re
import subprocess

import pytest
import yaml
from lib import kube
from lib.frr import Frr
from lib.heliograph import BIN, Heliograph, program
from lib.net import NODES, kernel_next_hops
from lib.wait import eventually

_TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEPLOY = os.path.join(_TOP, "deploy")


def _read(*path):
    with open(os.path.join(DEPLOY, *path), encoding="utf-8") as f:
        return f.read()


def _run(*argv, **more):
    return subprocess.run([str(a) for a in argv], capture_output=True, text=True, check=False, **more)


def _manifest(name, kind, component):
    found = [d for d in yaml.safe_load_all(_read("manifests", f"{name}.yaml")) if d and d["kind"] == kind
             and d["metadata"]["labels"]["app.kubernetes.io/component"] == component]
    assert len(found) == 1
    return found[0]


# --- the manifests ---------------------------------------------------------------------------


def test_the_charts_schema_has_the_keys_that_this_heliographd_has():
    done = _run(os.path.join(DEPLOY, "render"), "--check", "--schema-only", "--bin", BIN)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["host", "pod"])
def test_heliographd_takes_the_manifests_configuration(name, tmp_path):
    for file, text in _manifest(name, "ConfigMap", "reflector")["data"].items():
        path = tmp_path / file
        path.write_text(text)
        done = _run(program("heliographd"), "--check", path,
                    env={**os.environ, "HOST_IP": "192.0.2.11", "POD_IP": "10.244.0.7"})
        assert done.returncode == 0, done.stderr
        done = _run(program("heliographd"), "--check", path, env={"PATH": os.environ["PATH"]})
        assert done.returncode == 1 and "the environment has no HOST_IP" in done.stderr


@pytest.mark.parametrize("name", ["host", "pod"])
def test_heliofeed_takes_the_manifests_options(name):
    container = _manifest(name, "Deployment", "feed")["spec"]["template"]["spec"]["containers"][0]
    assert container["command"] == ["/usr/bin/heliofeed"]
    done = _run(program("heliofeed"), *container["args"], "--version")
    assert done.returncode == 0 and done.stdout.startswith("heliofeed "), done.stderr


@pytest.mark.parametrize("name", ["host", "pod"])
def test_the_replicas_are_a_pair_that_is_never_replaced_at_once(name):
    spec = _manifest(name, "Deployment", "reflector")["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"] == {"type": "RollingUpdate",
                                "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    required = spec["template"]["spec"]["affinity"]["podAntiAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"]
    assert required[0]["topologyKey"] == "kubernetes.io/hostname"
    assert required[0]["labelSelector"]["matchLabels"] == spec["selector"]["matchLabels"]
    budget = _manifest(name, "PodDisruptionBudget", "reflector")["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"]["matchLabels"] == spec["selector"]["matchLabels"]


@pytest.mark.parametrize("name", ["host", "pod"])
def test_probes_ask_only_what_the_program_answers(name, net, run_folder):
    container = _manifest(name, "Deployment", "reflector")["spec"]["template"]["spec"]["containers"][0]
    paths = {probe: container[probe]["httpGet"]["path"]
             for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
    # A replica whose Kafka is not there: alive, not ready, and so for ever.
    helio = Heliograph(net, os.path.join(run_folder, f"probes-{name}"), {
        "kafka": {"brokers": "127.0.0.1:9"}})
    helio.start()
    try:
        helio.wait_started()
        assert helio.get(paths["livenessProbe"])[0] == 200
        status, text = helio.get(paths["readinessProbe"])
        assert status == 503 and "not ready" in text
    finally:
        helio.stop()


# --- port 179 --------------------------------------------------------------------------------

# What a container of the chart has: no root, no capability, no way to get one.
_AS_IN_A_POD = ["setpriv", "--reuid=65532", "--regid=65532", "--clear-groups", "--bounding-set=-all",
                "--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs"]


@pytest.fixture
def unprivileged(net, run_folder):
    """heliographd as a pod of the chart would run it, in a namespace of the tests."""
    folder = os.path.join(run_folder, "unprivileged")
    helio = Heliograph(net, folder, {"kafka": {"brokers": "embedded"}}, where="peer")
    subprocess.run(["chown", "-R", "65532:65532", folder], check=True)
    helio.argv = _AS_IN_A_POD + helio.argv
    yield helio
    helio.kill9()
    net["peer"].sysctl(net__ipv4__ip_unprivileged_port_start=1024)


def test_port_179_needs_no_privilege_where_the_pods_network_says_so(unprivileged, net):
    net["peer"].sysctl(net__ipv4__ip_unprivileged_port_start=179)
    unprivileged.start()
    unprivileged.wait_ready()
    assert net["peer"].connect(net.v4("peer"), 179)
    unprivileged.stop()


def test_without_the_sysctl_the_program_says_what_would_help(unprivileged, net):
    net["peer"].sysctl(net__ipv4__ip_unprivileged_port_start=1024)
    unprivileged.start()
    assert unprivileged.wait() == 1
    line = unprivileged.log_lines("cannot listen for BGP")[0]
    assert "net.ipv4.ip_unprivileged_port_start" in line and "CAP_NET_BIND_SERVICE" in line


def test_heliographd_that_calls_its_tors_needs_no_privileged_port(unprivileged, net):
    net["peer"].sysctl(net__ipv4__ip_unprivileged_port_start=1024)
    unprivileged.config["listen"] = [f"{net.v4('peer')}:1790"]
    unprivileged.write_config()
    unprivileged.start()
    unprivileged.wait_ready()
    unprivileged.stop()


# --- the image -------------------------------------------------------------------------------


def _packages(group):
    return {line.split()[1] for line in _read("packages").splitlines() if line.startswith(group + " ")}


def _package_of(library):
    """The package that brings a shared library: dpkg knows files by the names they were packed with."""
    for line in _run("/sbin/ldconfig", "-p").stdout.splitlines():
        if line.split()[:1] == [library]:
            path = os.path.realpath(line.split()[-1])
            for name in (path, path.removeprefix("/usr")):
                done = _run("dpkg", "-S", name)
                if done.returncode == 0:
                    return done.stdout.split(":")[0]
    raise AssertionError(f"{library} is of no package")


def test_the_image_has_the_packages_that_the_programs_link():
    needed = set()
    for name in ("heliographd", "helioctl", "heliofeed", "heliobench"):
        dynamic = _run("readelf", "-d", program(name)).stdout
        needed |= set(re.findall(r"NEEDED.*\[(.+)\]", dynamic))
    packages = {_package_of(library) for library in needed
                if not library.startswith(("libasan", "libubsan", "libtsan"))}
    assert packages - _packages("run") <= {"libc6", "libgcc-s1"}
    # Only in release builds: jemalloc, and what --no-as-needed keeps (tests/system/test_deploy_image.py).
    assert _packages("run") - packages <= {"ca-certificates", "libjemalloc2", "libevent-pthreads-2.1-7"}


def _instructions():
    text = re.sub(r"^#.*\n", "", _read("Dockerfile"), flags=re.MULTILINE).replace("\\\n", " ")
    return [line.split(None, 1) for line in text.splitlines() if line.strip()]


def test_the_dockerfile_ends_without_root_and_starts_the_program_itself():
    instructions = _instructions()
    final = instructions[max(i for i, (word, _) in enumerate(instructions) if word == "FROM"):]
    assert [rest for word, rest in final if word == "USER"] == ["65532:65532"]
    entry = json.loads(next(rest for word, rest in final if word == "ENTRYPOINT"))
    command = json.loads(next(rest for word, rest in final if word == "CMD"))
    container = _manifest("pod", "Deployment", "reflector")["spec"]["template"]["spec"]["containers"][0]
    assert entry == ["/usr/bin/heliographd"] and command == container["args"]
    security = _manifest("pod", "Deployment", "reflector")["spec"]["template"]["spec"]["securityContext"]
    assert (security["runAsUser"], security["runAsGroup"]) == (65532, 65532)
    assert all(re.search(r":bookworm\S*( AS \w+)?$", rest) for word, rest in instructions if word == "FROM")
    assert not [word for word, _ in instructions if word == "ADD"]
    for word, rest in instructions:  # one command each, or commands that stop at the first failure
        assert word != "RUN" or not re.search(r"[;|`]|\$\(", rest), rest


def test_the_dockerfile_copies_what_the_build_context_has():
    listed = [line.removeprefix("!") for line in open(os.path.join(_TOP, ".dockerignore"), encoding="utf-8")
              .read().splitlines() if line.startswith("!")]
    for word, rest in _instructions():
        if word != "COPY" or "--from" in rest:
            continue
        for source in rest.split()[:-1]:
            assert os.path.exists(os.path.join(_TOP, source)), source
            assert source in listed, f"{source} is not in .dockerignore's list"
    assert "deploy/install" in listed and "deploy/packages" in listed  # RUN --mount=source=deploy


# --- systemd ---------------------------------------------------------------------------------

UNITS = ["heliographd", "heliofeed"]


def _unit(name):
    """{key: [values]} of a unit file."""
    found = {}
    for line in _read("systemd", f"{name}.service").splitlines():
        if "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize("name", UNITS)
def test_systemd_finds_nothing_wrong_with_the_unit(name, tmp_path):
    path = tmp_path / f"{name}.service"
    path.write_text(_read("systemd", f"{name}.service").replace("/usr/bin/", BIN + "/"))
    done = _run("systemd-analyze", "verify", "--man=no", path)
    assert (done.returncode, done.stderr.strip()) == (0, "")


@pytest.mark.parametrize("name", UNITS)
def test_the_unit_gives_away_little(name):
    done = _run("systemd-analyze", "security", "--offline=true", "--threshold=20",
                os.path.join(DEPLOY, "systemd", f"{name}.service"))
    assert done.returncode == 0, done.stdout[-1500:]
    unit = _unit(name)
    assert unit["DynamicUser"] == ["yes"] and unit["ProtectSystem"] == ["strict"]
    allowed = ["CAP_NET_BIND_SERVICE"] if name == "heliographd" else [""]
    assert unit["CapabilityBoundingSet"] == allowed and unit["AmbientCapabilities"] == allowed


def _system_calls(names):
    """The system calls that SystemCallFilter's words stand for."""
    found = set()
    for name in names:
        if not name.startswith("@"):
            found.add(name)
            continue
        for line in _run("systemd-analyze", "syscall-filter", name).stdout.splitlines()[1:]:
            if line.strip() and not line.strip().startswith("#"):
                found |= _system_calls([line.strip()])
    return found


def _filter(name):
    allowed = _system_calls(["@default"])
    for value in _unit(name)["SystemCallFilter"]:
        if value.startswith("~"):
            allowed -= _system_calls(value[1:].split())
        else:
            allowed |= _system_calls(value.split())
    return allowed


def test_the_units_filter_lets_heliographd_do_what_it_does(net, run_folder):
    """Every system call of a run with a stream, an answer on HTTP, a ToR and an orderly end."""
    folder = os.path.join(run_folder, "traced")
    helio = Heliograph(net, folder, {"kafka": {"brokers": "embedded"}},
                       env={"ASAN_OPTIONS": "detect_leaks=0"})  # LeakSanitizer traces too, and cannot twice
    trace = os.path.join(folder, "trace")
    helio.argv = ["strace", "-f", "-qq", "-o", trace, *helio.argv]
    tor = Frr(net, os.path.join(folder, "frr"))
    helio.start()
    try:
        helio.wait_ready(60)
        tor.start()
        tor.wait_established(40)
        helio.metrics()
        helio.ctl("summary")
    finally:
        tor.stop()
        net["core"].run("kill", "-TERM", _child(helio.pid))
        helio.wait(40)
    with open(trace, encoding="utf-8", errors="replace") as f:
        called = set(re.findall(r"^\d+ +([a-z_0-9]+)\(", f.read(), re.MULTILINE))
    assert {"epoll_wait", "writev", "setrlimit", "prlimit64"} & called and len(called) > 30
    # execve is systemd's own; the sanitizers' runtime asks for more than the program.
    assert called - _filter("heliographd") - {"execve", "personality", "ptrace"} == set()


def _child(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return f.read().split()[0]


# --- ToRs ------------------------------------------------------------------------------------


def _fill(replica, net):
    """Three nodes of the data centre onto the replica's embedded stream."""
    with open(os.path.join(replica.folder, "kafka.bootstrap"), encoding="ascii") as f:
        address = f.read().strip()
    records = [kube.record(kube.node(n, net.v4(n), net.v6(n))) for n in NODES[:3]]
    replica.namespace.run("kcat", "-P", "-b", address, "-t", "kubernetes-state", "-K", "\x1e",
                          data="".join(f"{key}\x1e{value}\n" for key, value in records))


class _Snippet(Frr):
    """FRR that loads deploy/tor/frr.conf, with the tests' addresses in place of the documentation's."""

    def __init__(self, net, folder, replicas, key):
        super().__init__(net, folder, reflector=replicas[0])
        text = _read("tor", "frr.conf")
        for old, new in (("192.0.2.11", replicas[0]), ("192.0.2.12", replicas[1]), ("CHANGE-ME", key)):
            assert text.count(old) >= 1, f"the snippet has no {old}"
            text = text.replace(old, new)
        self._write("bgpd.conf", "log stdout informational\n" + text)


def test_frr_loads_its_snippet_without_a_complaint(net, run_folder):
    folder = os.path.join(run_folder, "snippet-check")
    tor = _Snippet(net, folder, ["172.30.0.1", "172.30.0.9"], "key")
    done = _run("/usr/lib/frr/bgpd", "-C", "-f", os.path.join(folder, "bgpd.conf"))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    bad = os.path.join(folder, "bad.conf")  # it says what is wrong, and ends well all the same
    with open(bad, "w", encoding="utf-8") as f:
        f.write(_read("tor", "frr.conf").replace("ebgp-multihop", "ebgp-multihops"))
    assert "No such command on config line" in _run("/usr/lib/frr/bgpd", "-C", "-f", bad).stderr
    assert not tor.bgpd.running()


def test_frr_with_the_snippet_spreads_over_the_nodes_and_outlives_a_replica(net, run_folder):
    folder = os.path.join(run_folder, "snippet")
    os.makedirs(folder)
    with open(os.path.join(folder, "key"), "w", encoding="ascii") as f:
        f.write("s3cret\n")
    replicas = []
    for where in ("core", "peer"):
        replicas.append(Heliograph(net, os.path.join(folder, where), {
            "router_id": net.v4(where), "kafka": {"brokers": "embedded"}, "peers": [
                {"name": "tor", "address": net.v4("frr"), "as": 65001, "multihop": 4,
                 "password_file": os.path.join(folder, "key")}]}, where=where))
    tor = _Snippet(net, os.path.join(folder, "frr"), [net.v4("core"), net.v4("peer")], "s3cret")
    try:
        for replica in replicas:
            replica.start()
            replica.wait_started()
            _fill(replica, net)
        tor.start()

        def summary():
            peers = tor.json("show bgp ipv4 unicast summary").get("peers", {})
            assert {p["state"] for p in peers.values()} == {"Established"} and len(peers) == 2, peers
            assert all(p["pfxRcd"] > 0 and p["pfxSnt"] == 0 for p in peers.values()), peers
        eventually(summary, 40)
        prefix = "10.96.0.0/12"
        paths = tor.json(f"show bgp ipv4 unicast {prefix}")["paths"]
        hops = sorted(net.v4(n) for n in NODES[:3])
        assert sorted(p["nexthops"][0]["ip"] for p in paths) == sorted(hops + hops)  # two tell it
        eventually(lambda: kernel_next_hops(net["frr"], prefix) == hops)
        # One next hop that two replicas tell counts once: a width of three is enough for three nodes.
        tor.vtysh_all("configure terminal", "router bgp 65001", "address-family ipv4 unicast",
                      "maximum-paths 3", "end", "clear bgp *")
        eventually(summary, 40)
        eventually(lambda: kernel_next_hops(net["frr"], prefix) == hops)
        neighbor = tor.json("show bgp neighbors " + net.v4("peer"))[net.v4("peer")]
        assert neighbor["bgpTimerHoldTimeMsecs"] == 30000
        assert neighbor["gracefulRestartInfo"]["localGrMode"] == "Helper*"
        # A replica is gone: for its graceful restart time its paths stay, and the other one's anyway.
        watch = net["frr"].monitor_routes()
        replicas[0].kill9()
        eventually(lambda: tor.json("show bgp ipv4 unicast summary")["peers"][net.v4("core")]["state"] !=
                   "Established", 40)
        assert kernel_next_hops(net["frr"], prefix) == hops
        assert [line for line in watch.stop() if "Deleted" in line] == []
    finally:
        tor.stop()
        for replica in replicas:
            replica.stop()
