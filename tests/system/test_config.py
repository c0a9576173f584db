# SPDX-License-Identifier: Apache-2.0
"""Configuration: the documented file is good, a wrong one is refused with the place of the fault."""

import os
import re
import socket

import pytest
from lib.heliograph import program

DOCUMENTED = """\
router_id: 10.255.0.1
local_as: 64512
cluster_id: 10.255.0.1
listen: ["127.0.0.1:1790"]
kafka:
  brokers: 127.0.0.1:9092        # or: embedded
  topic: kubernetes-state
  properties: {}                 # any librdkafka property
advertise:
  cluster_ips: [10.96.0.0/12, "fd00:96::/108"]
  cluster_ip_policy: external
  external_ips: [192.0.2.0/24]
  load_balancer_ips: [198.51.100.0/24, "2001:db8:1b::/64"]
  load_balancer_aggregation: true
  host_routes: local             # local | all
  pod_cidrs: false
  communities:
    - {prefix: 198.51.100.0/24, add: ["64512:100", "64512:1:2"]}
views:
  near: {max_next_hops: 64, spread: 8, prefer: rack, weight: endpoints}
peers:
  - {name: tors, range: 127.1.0.0/16, as: 64512, passive: true, hold_time: 90, families: [ipv4, ipv6], add_path: true}
  - {name: tor-b1, address: 127.2.0.1, port: 1791, as: 65001, rack: b1, view: near, multihop: 8}
http: 127.0.0.1:8179
control_socket: control.sock     # relative paths are under state_dir
state_dir: /var/lib/heliograph
log: {level: info, format: logfmt}
safety:
  withdraw_limit: {percent: 15, paths: 500, window: 60s}
"""

SMALLEST = "router_id: 10.0.0.1\nlocal_as: 64512\npeers: []\n"

# name: (file, line:column of the fault, words that the message has)
WRONG = {
    "an unknown key": (SMALLEST + "rooter: 1\n", "4:1", ["rooter"]),
    "a misspelt key": (SMALLEST + "cluster_idd: 10.0.0.1\n", "4:1", ["did you mean", "cluster_id"]),
    "a key that stands twice": (SMALLEST + "local_as: 64513\n", "4:1", ["local_as"]),
    "a number that is none": ("router_id: 10.0.0.1\nlocal_as: many\npeers: []\n", "2:11", ["many"]),
    "an address that is none": ("router_id: 10.0.0.256\nlocal_as: 64512\npeers: []\n", "1:12",
                                ["10.0.0.256"]),
    "an anchor": (SMALLEST.replace("10.0.0.1", "&id 10.0.0.1"), "1:12", ["anchor"]),
    "no YAML": ("router_id: [\n", "", []),
    "a prefix with host bits": (SMALLEST + "advertise: {cluster_ips: [10.96.0.1/12]}\n", "4:27",
                                ["10.96.0.1/12"]),
    "a view that is not there": ("router_id: 10.0.0.1\nlocal_as: 64512\npeers:\n"
                                 "  - {address: 127.0.0.2, as: 1, view: far}\n", "4:", ["far"]),
    "no router_id": ("local_as: 64512\npeers: []\n", "", ["router_id"]),
}


def check(net, path):
    done = net["core"].run(program("heliographd"), "--check", path, check=False)
    return done.returncode, done.stderr + done.stdout


@pytest.fixture(name="write")
def _write(tmp_path):
    def write(text):
        path = os.path.join(tmp_path, "heliograph.yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path
    return write


def test_the_documented_configuration_is_accepted_as_it_is(net, write):
    code, output = check(net, write(DOCUMENTED))
    assert code == 0, output


@pytest.mark.parametrize("what", WRONG)
def test_check_refuses_with_exit_code_1_and_the_place_of(net, write, what):
    text, place, words = WRONG[what]
    path = write(text)
    code, output = check(net, path)
    assert code == 1, output
    assert re.search(rf"{re.escape(os.path.basename(path))}:{place}", output), output
    for word in words:
        assert word in output, output


def test_starting_with_a_wrong_configuration_ends_at_once_and_says_the_same(net, write):
    path = write(WRONG["a misspelt key"][0])
    done = net["core"].run(program("heliographd"), "--config", path, check=False)
    assert done.returncode not in (0, -6, -11), done.stderr
    assert ":4:1" in done.stderr and "did you mean" in done.stderr


def test_all_faults_of_a_file_are_told_in_one_go(net, write):
    code, output = check(net, write("router_id: x\nlocal_as: y\npeers: []\nfoo: 1\n"))
    assert code == 1
    for place in (":1:", ":2:", ":4:"):
        assert place in output, output


def test_a_configuration_that_is_not_there_is_named(net):
    code, output = check(net, "/nonexistent/heliograph.yaml")
    assert code == 1 and "/nonexistent/heliograph.yaml" in output


@pytest.mark.parametrize("what", ["bgp", "http"])
def test_a_port_in_use_is_named_and_ends_the_start(lab, what):
    address, port = (lab.net.v4("core"), 179) if what == "bgp" else ("127.0.0.1", 8179)
    with lab.net["core"].socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((address, port))
        holder.listen()
        helio = lab.heliograph(start=False)
        helio.start()
        code = helio.wait(20)
    assert code == 1, helio.log()
    assert helio.log_lines(address, str(port), "in use"), helio.log()


def test_a_control_socket_that_a_living_heliographd_holds_is_not_taken_over(lab):
    lab.make_topic()
    helio = lab.heliograph()
    second = type(helio)(lab.net, helio.folder, {**helio.config, "http": "127.0.0.1:8180",
                                                 "listen": ["127.0.0.1:1790"]})
    second.log_path += ".second"
    second.start()
    assert second.wait(20) == 1
    assert "control.sock" in second.log()
    assert helio.ctl("summary")


@pytest.mark.parametrize("properties", [{"no.such.property": "1"},
                                        {"fetch.min.bytes": "many"}], ids=["name", "value"])
def test_a_kafka_property_that_librdkafka_refuses_is_named_and_ends_the_start(lab, properties):
    helio = lab.heliograph(start=False, kafka={
        "brokers": lab.broker.address, "topic": lab.topic, "properties": properties})
    helio.start()
    assert helio.wait(20) == 1, helio.log()
    assert helio.log_lines("level=error", *properties), helio.log()
