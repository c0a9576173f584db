# SPDX-License-Identifier: Apache-2.0
"""Carries out deploy/Dockerfile without a container engine, in a root file system that debootstrap
makes: each instruction of the file itself, no copy of it. FROM debian:... is that file system; what
an instruction does that is not known here is an error, never passed over."""

import json
import os
import re
import shlex
import shutil
import subprocess

_CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "heliograph")


def _run(*argv, **more):
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, check=False, **more)
    assert done.returncode == 0, f"{' '.join(map(str, argv))}:\n{(done.stdout + done.stderr)[-4000:]}"
    return done.stdout


def _mirror():
    """Where this machine gets Debian from."""
    for folder, _, files in os.walk("/etc/apt"):
        for name in sorted(files):
            if not name.endswith((".list", ".sources")):
                continue
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                found = re.search(r"^(?:URIs:|deb(?: \[.*\])?) *(\S+/debian/?)(?:\s|$)", f.read(), re.MULTILINE)
            if found:
                return found[1]
    raise AssertionError("no Debian mirror in /etc/apt")


def _base():
    """Debian bookworm as small as debootstrap makes it, once for this machine: about the packages
    that debian:bookworm-slim has."""
    base = os.path.join(_CACHE, "bookworm")
    if not os.path.isdir(base):
        partial = base + ".partial"
        shutil.rmtree(partial, ignore_errors=True)
        os.makedirs(_CACHE, exist_ok=True)
        _run("debootstrap", "--variant=minbase", "bookworm", partial, _mirror(), timeout=600)
        # How this machine reaches its mirror.
        _run("cp", "-a", "/etc/apt", os.path.join(partial, "etc"))
        os.rename(partial, base)
    return base


class Image:
    """build() makes the file's last stage in `root`; its settings are in user, entrypoint, command."""

    def __init__(self, dockerfile, context, folder):
        self.dockerfile, self.context, self.folder = dockerfile, context, folder
        self.stages = {}
        self.mounts = []
        self.root = self.user = self.entrypoint = self.command = None
        self.workdir, self.args, self.labels = "/", {}, {}

    def build(self):
        for word, rest in self._instructions():
            getattr(self, f"_do_{word.lower()}")(rest)
        return self

    def _instructions(self):
        with open(self.dockerfile, encoding="utf-8") as f:
            text = re.sub(r"^#.*\n", "", f.read(), flags=re.MULTILINE).replace("\\\n", " ")
        return [line.split(None, 1) for line in text.splitlines() if line.strip()]

    # --- instructions -----------------------------------------------------------------------

    def _do_from(self, rest):
        found = re.fullmatch(r"debian:bookworm-slim(?: AS (\w+))?", rest)
        assert found, f"FROM {rest}"
        name = found[1] or "last"
        self.root = os.path.join(self.folder, name)
        self.user, self.workdir = "0:0", "/"
        # Whole: what one stage changes, another must not see.
        _run("cp", "-a", "--reflink=auto", _base(), self.root)
        shutil.copy("/etc/resolv.conf", os.path.join(self.root, "etc", "resolv.conf"))
        self.stages[name] = self.root

    def _do_workdir(self, rest):
        self.workdir = rest
        os.makedirs(self.root + rest, exist_ok=True)

    def _do_arg(self, rest):
        name, _, value = rest.partition("=")
        self.args[name] = value

    def _do_label(self, rest):
        self.labels.update(pair.split("=", 1) for pair in shlex.split(rest))

    def _do_copy(self, rest):
        words = rest.split()
        source = self.context
        if words[0].startswith("--from="):
            source = self.stages[words.pop(0).removeprefix("--from=")]
        *sources, target = words
        into = os.path.join(self.root, os.path.join(self.workdir, target).lstrip("/"))
        if target.endswith("/") or len(sources) > 1:
            os.makedirs(into, exist_ok=True)
        for path in sources:
            path = os.path.join(source, path.lstrip("/"))
            if os.path.isdir(path):
                shutil.copytree(path, into, dirs_exist_ok=True,
                                ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(path, into)

    def _do_run(self, rest):
        mounts = []
        while rest.startswith("--mount="):
            option, rest = rest.split(None, 1)
            fields = dict(f.split("=") for f in option.removeprefix("--mount=").split(","))
            assert fields.pop("type") == "bind", option
            mounts.append((os.path.join(self.context, fields.pop("source")), fields.pop("target")))
            assert not fields, option
        _run(*self.enter(["/bin/sh", "-c", f"cd {shlex.quote(self.workdir)} && {rest}"], mounts), timeout=1500)

    def _do_user(self, rest):
        self.user = rest

    def _do_entrypoint(self, rest):
        self.entrypoint = json.loads(rest)

    def _do_cmd(self, rest):
        self.command = json.loads(rest)

    def _do_expose(self, rest):
        assert re.fullmatch(r"(\d+/tcp ?)+", rest)

    # --- running in it ----------------------------------------------------------------------

    def enter(self, argv, mounts=(), read_only=False, keep=()):
        """argv to run inside, in a mount namespace of its own, as `user`, with no capability but
        root's. read_only: as a container with readOnlyRootFilesystem, but for the `keep` folders."""
        lines = ["set -e", "mount --make-rprivate /", 'cd "$1"', "mount --bind . .", 'cd "$1"',
                 "mount -t proc proc proc", "mount --bind /dev dev"]
        for source, target in mounts:
            lines.append(f"mount --bind -o ro {shlex.quote(source)} ./{shlex.quote(target)}")
        for folder in keep if read_only else ():
            lines.append(f"mount --bind ./{shlex.quote(folder)} ./{shlex.quote(folder)}")
        if read_only:
            lines.append("mount -o remount,bind,ro .")
        uid, gid = self.user.split(":")
        lines.append("shift")
        as_user = "" if uid == "0" else (f"setpriv --reuid={uid} --regid={gid} --clear-groups --no-new-privs "
                                         "--bounding-set=-all --inh-caps=-all --ambient-caps=-all ")
        environment = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive"
        lines.append(f'exec chroot . {as_user}/usr/bin/env -i {environment} "$@"')
        return ["unshare", "--mount", "--", "bash", "-c", "\n".join(lines), "bash", self.root, *argv]
