# SPDX-License-Identifier: Apache-2.0
"""A port of one namespace's loopback that is another namespace's: so that a second replica reaches
the broker by the address that the broker tells everyone, 127.0.0.1."""

import socket
import threading


class Relay:
    def __init__(self, here, there, port, here_port=None):
        self.there, self.port = there, port
        self.open = set()
        self.listener = here.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", here_port or port))
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = self.there.connect("127.0.0.1", self.port)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            self.open |= {near, far}
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=(a, b), daemon=True).start()

    @staticmethod
    def _copy(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        for s in (self.listener, *self.open):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()
