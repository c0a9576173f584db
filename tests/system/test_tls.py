# SPDX-License-Identifier: Apache-2.0
"""A broker with TLS: what an expired certificate does to routes, what is said of it, and that a new one is enough."""

import os
import subprocess

import pytest

from lib import kube
from lib.kafka import Broker
from lib.paths import next_hops
from lib.wait import always, eventually

HOST = "10.96.0.10/32"

_AUTHORITY = """
set -e
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=tests -keyout ca.key -out ca.crt
openssl req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout broker.key -out broker.csr
mkdir -p issued
touch index.txt
echo 01 >serial
printf '[ca]\\ndefault_ca=tests\\n[tests]\\nnew_certs_dir=issued\\ndatabase=index.txt\\nserial=serial\\n\
default_md=sha256\\npolicy=any\\nunique_subject=no\\nx509_extensions=ext\\n[any]\\ncommonName=supplied\\n\
[ext]\\nsubjectAltName=IP:127.0.0.1\\n' >ca.conf
"""
_ISSUE = """
set -e
openssl ca -batch -config ca.conf -cert ca.crt -keyfile ca.key -in broker.csr -notext -out broker.crt \
	-startdate 20200101000000Z -enddate {end}
cat broker.key broker.crt >broker.pem
"""
EXPIRED, GOOD = "20210101000000Z", "20990101000000Z"


def _run(script, folder):
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(name="secure")
def _secure(net, lab):
    """A broker whose certificate is good, at first."""
    folder = os.path.join(lab.folder, "tls")
    os.makedirs(folder)
    _run(_AUTHORITY, folder)
    _run(_ISSUE.format(end=GOOD), folder)
    broker = Broker(net["core"], os.path.join(folder, "kafka"), 9292, os.path.join(folder, "broker.pem"))
    broker.start()
    lab.broker = broker
    lab.tls = folder
    yield lab
    broker.kill9()


def _again(broker):
    broker.kill9()
    broker.process.popen = None
    broker.start()


def test_an_expired_certificate_withdraws_nothing_is_named_and_a_new_one_is_enough(secure):
    lab, broker = secure, secure.broker
    web = kube.service("web", "10.96.0.10", external_policy="Local")
    lab.make_topic()
    lab.write(*lab.nodes("n1", "n2"), web, kube.slice_of(web, kube.pods_on("n1", "n2")))
    helio = lab.heliograph(kafka={
        "brokers": broker.tls_address, "topic": lab.topic,
        "properties": {"security.protocol": "ssl", "ssl.ca.location": os.path.join(lab.tls, "ca.crt"),
                       "reconnect.backoff.max.ms": "1000"}})
    bird = lab.bird()
    eventually(lambda: len(next_hops(bird.paths(), HOST)) == 2)
    mark, before = bird.uptime_mark(), bird.paths()

    _run(_ISSUE.format(end=EXPIRED), lab.tls)
    _again(broker)
    eventually(lambda: helio.metric("kafka_up") == 0, 60)
    eventually(lambda: "certificate has expired" in helio.log() or
               "certificate verify failed" in helio.log(), 30)
    text = helio.ctl_run("kafka").stdout
    assert "certificate" in text, text
    lab.write(kube.slice_of(web, kube.pods_on("n1")))  # what it cannot read
    always(lambda: bird.paths() == before, 4)
    assert bird.uptime_mark() == mark
    assert helio.get("/readyz")[0] == 200 and helio.get("/livez")[0] == 200
    assert helio.metric("input_age_seconds") > 3

    _run(_ISSUE.format(end=GOOD), lab.tls)
    _again(broker)
    eventually(lambda: next_hops(bird.paths(), HOST) == [lab.net.v4("n1")], 60)
    eventually(lambda: helio.metric("kafka_up") == 1)
    assert bird.uptime_mark() == mark


def test_a_start_with_an_expired_certificate_says_so_and_waits(secure):
    lab, broker = secure, secure.broker
    lab.make_topic()
    lab.write(*lab.nodes("n1"))
    _run(_ISSUE.format(end=EXPIRED), lab.tls)
    _again(broker)
    helio = lab.heliograph(wait="started", kafka={
        "brokers": broker.tls_address, "topic": lab.topic,
        "properties": {"security.protocol": "ssl", "ssl.ca.location": os.path.join(lab.tls, "ca.crt")}})
    eventually(lambda: "certificate" in helio.log(), 30)
    assert helio.get("/livez")[0] == 200 and helio.get("/readyz")[0] == 503
    _run(_ISSUE.format(end=GOOD), lab.tls)
    _again(broker)
    helio.wait_ready(60)
