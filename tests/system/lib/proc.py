# SPDX-License-Identifier: Apache-2.0
"""One child process of a test: started in a namespace, logged to a file, ended by its own pid."""

import ctypes
import os
import signal
import subprocess

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1

# What a sanitizer prints when it has found something. A test in whose log it stands has failed.
SANITIZER_WORDS = (
    "ERROR: AddressSanitizer",
    "ERROR: LeakSanitizer",
    "WARNING: ThreadSanitizer",
    "runtime error:",
)


def _die_with_parent():
    # pytest killed with -9 must not leave daemons behind.
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A daemon in the foreground. stderr and stdout go to `log`, which is appended to."""

    def __init__(self, name, argv, log, namespace=None, env=None, cwd=None):
        self.name = name
        self.argv = [str(a) for a in argv]
        self.log_path = log
        self.namespace = namespace
        self.env = env
        self.cwd = cwd
        self.popen = None

    def start(self):
        assert self.popen is None, f"{self.name} already runs"
        argv = self.namespace.exec_argv(self.argv) if self.namespace else self.argv
        with open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.cwd,
                env={**os.environ, **(self.env or {})},
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        return self

    @property
    def pid(self):
        return self.popen.pid

    def running(self):
        return self.popen is not None and self.popen.poll() is None

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def signal(self, number):
        assert self.running(), f"{self.name} does not run:\n{self.log()[-3000:]}"
        os.kill(self.popen.pid, number)

    def wait(self, timeout=20):
        """The exit code; the process is gone."""
        code = self.popen.wait(timeout)
        self.popen = None
        return code

    def stop(self, timeout=20):
        """SIGTERM, and SIGKILL after `timeout`. The exit code, or None if it did not run."""
        if self.popen is None:
            return None
        if self.popen.poll() is None:
            self.popen.terminate()
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.wait()
            raise AssertionError(
                f"{self.name} did not end within {timeout} s of SIGTERM:\n{self.log()[-3000:]}"
            ) from None

    def kill9(self):
        if self.popen is not None:
            self.popen.kill()
            self.wait()
