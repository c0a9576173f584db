# SPDX-License-Identifier: Apache-2.0
"""The chart through a real helm: rendered, linted, installed into a Cluster's API server."""

import json
import os
import subprocess

import yaml

_TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
CHART = os.path.join(_TOP, "deploy", "helm", "heliograph")
MANIFESTS = os.path.join(_TOP, "deploy", "manifests")
_BUILD = os.path.join(_TOP, "tests", "system", "kube", "build-helm")


def ci(name):
    return os.path.join(CHART, "ci", f"{name}-values.yaml")


def documents(text):
    return [d for d in yaml.safe_load_all(text) if d]


class Helm:
    """`folder` holds what helm keeps. space and kubeconfig: for what talks to an API server."""

    def __init__(self, folder, space=None, kubeconfig=None):
        built = subprocess.run([_BUILD], stdout=subprocess.PIPE, text=True, check=False)
        assert built.returncode == 0, "helm could not be built"
        self.binary = built.stdout.strip()
        self.space = space
        self.folder = folder
        self.env = {**os.environ, "KUBECONFIG": kubeconfig or os.path.join(folder, "none"),
                    **{f"HELM_{what}_HOME": os.path.join(folder, what.lower())
                       for what in ("CACHE", "CONFIG", "DATA")}}

    def run(self, *words):
        argv = [self.binary, *words]
        return subprocess.run(self.space.exec_argv(argv) if self.space else argv, env=self.env,
                              capture_output=True, text=True, check=False, timeout=120)

    def good(self, *words):
        done = self.run(*words)
        assert done.returncode == 0, f"helm {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def refused(self, *words):
        """What helm says when it does not do it."""
        done = self.run(*words)
        assert done.returncode != 0, f"helm {' '.join(words)} went through:\n{done.stdout}"
        return done.stderr

    def render(self, *words, name="heliograph", namespace="heliograph"):
        return documents(self.good("template", name, CHART, "-n", namespace, *words))

    def values(self, name, more):
        """A file of values; JSON is YAML."""
        path = os.path.join(self.folder, f"{name}.yaml")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(more, f)
        return path


def find(objects, kind, name=None):
    found = [o for o in objects if o["kind"] == kind and name in (None, o["metadata"]["name"])]
    assert len(found) == 1, f"{kind} {name}: {[o['metadata']['name'] for o in found]}"
    return found[0]
