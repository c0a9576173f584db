# SPDX-License-Identifier: Apache-2.0
"""BGP by hand, for what no BGP daemon sends: a client that says exactly the bytes it is told."""

import socket
import struct

OPEN, UPDATE, NOTIFICATION, KEEPALIVE, ROUTE_REFRESH = 1, 2, 3, 4, 5
MARKER = b"\xff" * 16


def message(kind, body=b"", marker=MARKER, length=None):
    return marker + struct.pack(">HB", 19 + len(body) if length is None else length, kind) + body


def capability(code, value=b""):
    return struct.pack(">BB", code, len(value)) + value


def parameter(kind, value):
    return struct.pack(">BB", kind, len(value)) + value


def open_message(as_number=64512, router_id="10.0.0.9", hold=90, version=4, capabilities=None,
                 parameters=None, parameters_length=None):
    if capabilities is None:
        capabilities = (capability(1, struct.pack(">HBB", 1, 0, 1)) +
                        capability(1, struct.pack(">HBB", 2, 0, 1)) +
                        capability(65, struct.pack(">I", as_number)) +
                        capability(69, struct.pack(">HBBHBB", 1, 1, 1, 2, 1, 1)))
    if parameters is None:
        parameters = parameter(2, capabilities)
    length = len(parameters) if parameters_length is None else parameters_length
    two_octets = as_number if as_number < 65536 else 23456
    return message(OPEN, struct.pack(">BHH", version, two_octets, hold) +
                   socket.inet_aton(router_id) + struct.pack(">B", length) + parameters)


def update(withdrawn=b"", attributes=b"", nlri=b"", withdrawn_length=None, attributes_length=None):
    wl = len(withdrawn) if withdrawn_length is None else withdrawn_length
    al = len(attributes) if attributes_length is None else attributes_length
    return message(UPDATE, struct.pack(">H", wl) + withdrawn + struct.pack(">H", al) +
                   attributes + nlri)


def attribute(code, value, flags=0x40):
    return struct.pack(">BBB", flags, code, len(value)) + value


ORIGIN_IGP = attribute(1, b"\0")
EMPTY_AS_PATH = attribute(2, b"")
NEXT_HOP = attribute(3, socket.inet_aton("172.30.0.9"))
LOCAL_PREF = attribute(5, struct.pack(">I", 100))
GOOD_ATTRIBUTES = ORIGIN_IGP + EMPTY_AS_PATH + NEXT_HOP + LOCAL_PREF
# One prefix with an ADD-PATH identifier... which a speaker that only sends paths never accepts.
PREFIX = b"\x18\xcb\x00\x71"  # 203.0.113.0/24


class Speaker:
    """One TCP connection to the reflector."""

    def __init__(self, space, address, port=179, source=None):
        self.socket = space.connect(address, port, source=(source, 0) if source else None)
        self.socket.settimeout(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """(type, body) of the next message, or None when the other side has closed."""
        header = self._read(19)
        if header is None:
            return None
        length, kind = struct.unpack(">HB", header[16:])
        body = self._read(length - 19)
        return None if body is None else (kind, body)

    def _read(self, count):
        data = b""
        while len(data) < count:
            try:
                part = self.socket.recv(count - len(data))
            except ConnectionResetError:
                return None
            if not part:
                return None
            data += part
        return data

    def establish(self, **options):
        """OPEN and KEEPALIVE in both directions."""
        self.send(open_message(**options))
        kind, _ = self.receive()
        assert kind == OPEN, f"message type {kind} instead of OPEN"
        self.send(message(KEEPALIVE))
        kind, body = self.receive()
        assert kind == KEEPALIVE, f"message type {kind} ({body.hex()}) instead of KEEPALIVE"
        return self

    def notification(self):
        """(code, subcode) of the NOTIFICATION that comes, after whatever else comes before it; then
        the connection must be closed. None where it closes without one."""
        while True:
            got = self.receive()
            if got is None:
                return None
            kind, body = got
            if kind == NOTIFICATION:
                assert self.receive() is None, "a message after a NOTIFICATION"
                return body[0], body[1]
