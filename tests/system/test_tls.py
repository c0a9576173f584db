# SPDX-License-Identifier: Apache-2.0
"""A broker with TLS: what the broker's certificate, our own or our password do when they are no good. It costs no route, the log and
helioctl say which it is, and a new certificate of the broker's is enough."""

import os
import subprocess

import pytest

from lib import kube
from lib.kafka import Broker
from lib.paths import next_hops
from lib.still import nothing_moves
from lib.wait import always, eventually

HOST = "10.96.0.10/32"
PASSWORD = "kafka-secret"

_AUTHORITY = """
set -e
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=tests -keyout ca.key -out ca.crt
for name in broker client; do
	openssl req -newkey rsa:2048 -nodes -subj /CN=$name -keyout $name.key -out $name.csr
done
mkdir -p issued
touch index.txt
echo 01 >serial
printf '[ca]\\ndefault_ca=tests\\n[tests]\\nnew_certs_dir=issued\\ndatabase=index.txt\\nserial=serial\\n\
default_md=sha256\\npolicy=any\\nunique_subject=no\\nx509_extensions=ext\\n[any]\\ncommonName=supplied\\n\
[ext]\\nsubjectAltName=IP:127.0.0.1\\n' >ca.conf
"""
_ISSUE = """
set -e
openssl ca -batch -config ca.conf -cert ca.crt -keyfile ca.key -in {name}.csr -notext -out {name}.crt \
	-startdate 20200101000000Z -enddate {end}
cat {name}.key {name}.crt >{name}.pem
"""
EXPIRED, GOOD = "20210101000000Z", "20990101000000Z"


def _run(script, folder):
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Secured:
    """A broker with TLS and a certificate that is good at first, the test's topic on it and the records of a Local service."""

    def __init__(self, lab, folder):
        os.makedirs(folder)
        self.lab, self.folder = lab, folder
        _run(_AUTHORITY, folder)
        for name in ("broker", "client"):
            self.issue(name, GOOD)
        self.broker = Broker(lab.net["core"], os.path.join(folder, "kafka"), 9292, self.path("broker.pem"),
                             (self.path("ca.crt"), {"heliograph": PASSWORD}))
        self.endpoints = None

    def path(self, name):
        return os.path.join(self.folder, name)

    def issue(self, name, end):
        _run(_ISSUE.format(name=name, end=end), self.folder)

    def start(self):
        self.broker.start()
        self.broker.create_topic(self.lab.topic, 3)
        web = kube.service("web", "10.96.0.10", external_policy="Local")
        self.endpoints = kube.slice_of(web, kube.pods_on("n1", "n2"))
        self.write(*self.lab.nodes("n1", "n2", "n3"), web, self.endpoints)
        return self

    def write(self, *objects):
        self.broker.produce(self.lab.topic, [kube.record(o) for o in objects])

    def move(self, node):
        """The service's endpoints are on that node alone now."""
        self.endpoints = kube.newer(self.endpoints, endpoints=kube.pods_on(node))
        self.write(self.endpoints)

    def present(self, end):
        """The broker has another certificate from now on."""
        self.broker.kill9()
        self.issue("broker", end)
        self.broker.start()

    def heliograph(self, wait="ready"):
        """With our own certificate."""
        return self._heliograph(self.broker.tls_address, wait, {
            "security.protocol": "ssl", "ssl.certificate.location": self.path("client.crt"),
            "ssl.key.location": self.path("client.key")})

    def heliograph_with_password(self, password, wait="ready"):
        with open(self.path("password"), "w", encoding="ascii") as f:
            f.write(password + "\n")
        return self._heliograph(self.broker.sasl_address, wait, {
            "security.protocol": "sasl_ssl", "sasl.mechanisms": "PLAIN", "sasl.username": "heliograph",
            "sasl.password.file": self.path("password")})

    def _heliograph(self, address, wait, properties):
        return self.lab.heliograph(wait=wait, kafka={
            "brokers": address, "topic": self.lab.topic,
            "properties": {"ssl.ca.location": self.path("ca.crt"), **properties}})


@pytest.fixture(name="secured")
def _secured(lab):
    made = Secured(lab, os.path.join(lab.folder, "tls"))
    try:
        yield made.start()
    finally:
        made.broker.kill9()


def _stream(helio):
    return helio.ctl("kafka")["clusters"][0]


def _says(helio, *words):
    """Everywhere an operator looks: the log, helioctl, and the metric. (The topic has the test's name in it, so the words are
    looked for in what the error says.)"""
    def logged():
        return [line for line in helio.log_lines("kafka error") if all(w in line.split(" error=")[1] for w in words)]
    eventually(logged, 40)
    eventually(lambda: helio.metric("kafka_up") == 0, 40)
    eventually(lambda: all(w in _stream(helio)["last_error"] for w in words), 10)
    assert _stream(helio)["state"] == "brokers unreachable"
    assert _stream(helio)["last_error"] in helio.ctl_text("kafka")


@pytest.mark.parametrize("way", ("client certificate", "password"))
def test_a_stream_over_tls_is_read(secured, way):
    helio = secured.heliograph() if way == "client certificate" else secured.heliograph_with_password(PASSWORD)
    bird = secured.lab.bird()
    eventually(lambda: len(next_hops(bird.paths(), HOST)) == 2)
    secured.move("n3")
    eventually(lambda: next_hops(bird.paths(), HOST) == [secured.lab.net.v4("n3")])
    assert PASSWORD not in helio.log() + helio.ctl_text("kafka", "-o", "json")


def test_an_expired_certificate_withdraws_nothing_is_named_and_a_new_one_is_enough(secured):
    helio = secured.heliograph()
    bird = secured.lab.bird()
    eventually(lambda: len(next_hops(bird.paths(), HOST)) == 2)
    with nothing_moves(helio, bird):
        secured.present(EXPIRED)
        _says(helio, "certificate has expired", secured.broker.tls_address)
        secured.move("n3")
        age = helio.metric("input_age_seconds")
        always(lambda: helio.get("/readyz")[0] == 200 and helio.get("/livez")[0] == 200, 5)
        assert helio.metric("input_age_seconds") > age + 3
    secured.present(GOOD)
    eventually(lambda: next_hops(bird.paths(), HOST) == [secured.lab.net.v4("n3")], 40)
    assert helio.metric("kafka_up") == 1


def test_a_start_with_an_expired_certificate_says_so_and_waits(secured):
    secured.present(EXPIRED)
    helio = secured.heliograph(wait="started")
    bird = secured.lab.bird(established=False)
    _says(helio, "certificate has expired")
    status, text = helio.get("/readyz")
    assert status == 503 and "certificate has expired" in text
    assert bird.paths() == set() and not bird.end_of_rib("ipv4")
    secured.present(GOOD)
    helio.wait_ready(40)
    bird.wait_established(40)
    eventually(lambda: len(next_hops(bird.paths(), HOST)) == 2)


def test_our_own_certificate_that_has_expired_is_named(secured):
    secured.issue("client", EXPIRED)
    helio = secured.heliograph(wait="started")
    _says(helio, "the broker finds our certificate expired")


def test_a_password_that_is_refused_is_named_and_never_shown(secured):
    helio = secured.heliograph_with_password("guessed-wrong", wait="started")
    _says(helio, "Authentication failed")
    assert "guessed-wrong" not in helio.log() + helio.ctl_text("kafka", "-o", "json")
