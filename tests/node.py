"""Run the official clients for Node, installed by `make clients` into tests/clients/node."""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from tests.processes import ROOT

CLIENTS = ROOT / "tests" / "clients" / "node"
OLDEST = 20


@cache
def node() -> Path:
    """Find Node where the Makefile finds it: on PATH when it is new enough, else in its own small environment."""
    found = shutil.which("node")
    if found is not None:
        version = subprocess.run([found, "--version"], check=True, capture_output=True, text=True).stdout
        if int(version.strip().removeprefix("v").split(".")[0]) >= OLDEST:
            return Path(found)
    return ROOT / ".venv" / "node" / "bin" / "node"


def run_client(script: str, *, seconds: float = 60, **environment: str) -> str:
    """Run a script of tests/clients/node to its end and give what it printed; its failure is the test's."""
    assert (CLIENTS / "node_modules").is_dir(), "The clients are not installed; run make clients."
    done = subprocess.run(
        [node(), script],
        cwd=CLIENTS,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, f"{script} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def installed(package: str) -> str:
    """Say which version of a client is installed."""
    version: str = json.loads((CLIENTS / "node_modules" / package / "package.json").read_text())["version"]
    return version
