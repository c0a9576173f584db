# SPDX-License-Identifier: Apache-2.0
"""A real Apache Kafka: one broker that is its own KRaft controller, on a namespace's loopback.

Topics are made with the Kafka protocol itself (a JVM for each admin command would cost seconds);
records are written with kcat, partitioned by key as the Java client does it (murmur2).
"""

import fcntl
import json
import os
import shutil
import struct
import subprocess
import uuid
import zlib

from .proc import Process
from .wait import eventually

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_POM = os.path.join(_HERE, "kafka", "pom.xml")
_BUILD = os.path.join(os.path.dirname(os.path.dirname(_HERE)), "build")

MAX_RECORD_BYTES = 32 << 20  # more than the reflector takes: oversized records must reach it

_PROPERTIES = f"""
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{{controller}}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{{port}},CONTROLLER://127.0.0.1:{{controller}}
advertised.listeners=PLAINTEXT://127.0.0.1:{{port}}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={{folder}}/data
auto.create.topics.enable=false
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
num.network.threads=2
num.io.threads=4
background.threads=2
message.max.bytes={MAX_RECORD_BYTES}
replica.fetch.max.bytes={MAX_RECORD_BYTES}
# After a kill -9 the controller refuses the broker until its old session has run out.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
# A small cleaner that looks for work every second: compaction shows within a test.
log.cleaner.backoff.ms=1000
log.cleaner.dedupe.buffer.size=16777216
"""

_CLIENTS = """
ssl.truststore.type=PEM
ssl.truststore.location={authority}
listener.name.ssl.ssl.client.auth=required
listener.name.sasl_ssl.sasl.enabled.mechanisms=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required {users};
"""

# Properties of a topic that is compacted within seconds of a write.
COMPACTED = {
    "cleanup.policy": "compact",
    "segment.ms": "1000",
    "min.cleanable.dirty.ratio": "0.01",
    "max.compaction.lag.ms": "2000",
    "delete.retention.ms": "1000",
}


def jars():
    """The folder of Kafka's jars; Maven fills it once for each state of pom.xml."""
    with open(_POM, "rb") as f:
        folder = os.path.join(_BUILD, f"kafka-{zlib.crc32(f.read()):08x}")
    os.makedirs(_BUILD, exist_ok=True)
    with open(folder + ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(folder):
            partial = folder + ".partial"
            shutil.rmtree(partial, ignore_errors=True)
            done = subprocess.run(
                ["mvn", "-q", "-B", "-f", _POM, "dependency:copy-dependencies",
                 "-DincludeScope=runtime", f"-DoutputDirectory={partial}"],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"Maven could not fetch Kafka:\n{done.stdout[-3000:]}"
            os.rename(partial, folder)
    return folder


class Broker:
    """start() returns when it answers. kill9() and start() again on the same folder work."""

    def __init__(self, space, folder, port=9092, tls=None, clients=None):
        """tls: a PEM file with key and certificate, for a listener with TLS two ports above. clients: (an authority's PEM
        file, {user: password}): that listener demands certificates of the authority, and another one, a port above,
        takes these passwords (SASL PLAIN with TLS)."""
        self.space = space
        self.folder = folder
        self.port = port
        self.address = f"127.0.0.1:{port}"
        os.makedirs(folder, exist_ok=True)
        self.config = os.path.join(folder, "server.properties")
        with open(self.config, "w", encoding="utf-8") as f:
            text = _PROPERTIES.format(port=port, controller=port + 1, folder=folder)
            if tls:
                self.tls_address = f"127.0.0.1:{port + 2}"
                text = _with_listener(text, "SSL", self.tls_address)
                text += f"ssl.keystore.type=PEM\nssl.keystore.location={tls}\n"
            if clients:
                self.sasl_address = f"127.0.0.1:{port + 3}"
                text = _with_listener(text, "SASL_SSL", self.sasl_address)
                text += _CLIENTS.format(authority=clients[0], users=" ".join(
                    f'user_{user}="{password}"' for user, password in clients[1].items()))
            f.write(text)
        self.java = ["java", "-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                     "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{jars()}/*"]
        self.process = Process("kafka", [*self.java, "kafka.Kafka", self.config],
                               os.path.join(folder, "broker.log"), space)

    def start(self, timeout=90):
        if not os.path.exists(os.path.join(self.folder, "data", "meta.properties")):
            self._format()
        self.process.start()
        eventually(self.answers, timeout, every=0.2)
        return self

    def _format(self):
        self.space.run(*self.java, "kafka.tools.StorageTool", "format", "--cluster-id",
                       _cluster_id(), "--config", self.config, timeout=120)

    def answers(self):
        assert self.process.running(), f"the broker ended:\n{self.process.log()[-3000:]}"
        try:
            self._create([], {}, 1)  # reaches the controller too, where metadata alone does not
            return True
        except (OSError, KafkaError):
            return False

    def stop(self):
        self.process.stop(60)

    def kill9(self):
        self.process.kill9()

    def running(self):
        return self.process.running()

    # --- topics -----------------------------------------------------------------------------

    def create_topic(self, name, partitions=3, config=None):
        """A compacted topic by default, as the contract demands; config adds or replaces."""
        self._create([name], {"cleanup.policy": "compact", **(config or {})}, partitions)
        return name

    def delete_topic(self, name):
        body = struct.pack(">i", 1) + _string(name) + struct.pack(">i", 15000)
        answer = self._ask(20, 1, body)
        _raise_for(struct.unpack_from(">h", answer, 8 + 2 + len(name))[0], name)

    def add_partitions(self, name, total):
        body = struct.pack(">i", 1) + _string(name) + struct.pack(">iiib", total, -1, 15000, 0)
        answer = self._ask(37, 0, body)
        _raise_for(struct.unpack_from(">h", answer, 4 + 4 + 2 + len(name))[0], name)

    def _create(self, names, config, partitions):
        body = struct.pack(">i", len(names))
        for name in names:
            body += _string(name) + struct.pack(">ihii", partitions, 1, 0, len(config))
            for key, value in config.items():
                body += _string(key) + _string(str(value))
        body += struct.pack(">ib", 15000, 0)
        answer = self._ask(19, 2, body)
        at = 8  # throttle time, number of topics
        for name in names:
            at += 2 + len(name)
            _raise_for(struct.unpack_from(">h", answer, at)[0], name)
            at += 2 + 2 + max(0, struct.unpack_from(">h", answer, at + 2)[0])

    def _ask(self, api, version, body):
        """One request of the Kafka protocol (header version 1); the answer's body."""
        request = struct.pack(">hhi", api, version, 7) + _string("tests") + body
        with self.space.connect("127.0.0.1", self.port, timeout=20) as s:
            s.sendall(struct.pack(">i", len(request)) + request)
            size = struct.unpack(">i", _read(s, 4))[0]
            return _read(s, size)[4:]

    # --- records ----------------------------------------------------------------------------

    def produce(self, topic, records):
        """Write (key, value) records in order; a value is bytes, str, or None for a tombstone.

        Returns when the broker has acknowledged all of them.
        """
        lines = []
        for key, value in records:
            data = b"" if value is None else value.encode() if isinstance(value, str) else value
            if b"\n" in data or b"\x1e" in data:
                self._write_lines(topic, lines)
                lines = []
                self._write_file(topic, key, data)
            else:
                lines.append(key.encode() + b"\x1e" + data)
        self._write_lines(topic, lines)

    def _kcat(self, topic, *args, data=None):
        self.space.run("kcat", "-P", "-q", "-b", self.address, "-t", topic,
                       "-X", "topic.partitioner=murmur2_random", "-X", "topic.request.required.acks=-1",
                       "-X", f"message.max.bytes={MAX_RECORD_BYTES}", *args, data=data or b"")

    def _write_lines(self, topic, lines):
        if lines:
            self._kcat(topic, "-Z", "-K", "\x1e", data=b"\n".join(lines) + b"\n")

    def transaction(self, topic, records, end, name="tests"):
        """Write (key, value) records in one transaction; end: "commit", "abort" or "leave" (it stays open)."""
        self.space.run("python3", os.path.join(_HERE, "kafka", "transaction.py"), data=json.dumps(
            {"broker": self.address, "topic": topic, "id": name, "records": records, "end": end}))

    def _write_file(self, topic, key, data):
        """A value with arbitrary bytes in it: kcat sends a file as one record."""
        path = os.path.join(self.folder, "record")
        with open(path, "wb") as f:
            f.write(data)
        self._kcat(topic, "-k", key, path)


def _with_listener(text, name, address):
    for what in ("listeners", "advertised.listeners"):
        text = text.replace(f"\n{what}=", f"\n{what}={name}://{address},")
    return text.replace("protocol.map=", f"protocol.map={name}:{name},")


class KafkaError(Exception):
    pass


def _cluster_id():
    return uuid.uuid4().hex[:22]


def _string(text):
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def _raise_for(code, name):
    if code != 0:
        raise KafkaError(f"topic {name}: Kafka error {code}")


def _read(s, count):
    data = b""
    while len(data) < count:
        part = s.recv(count - len(data))
        if not part:
            raise OSError("the broker closed the connection")
        data += part
    return data
