"""A short round of `make chaos`, for `make test-slow`."""

import json
import subprocess
import sys

import pytest

from tests.processes import ROOT


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_chaos__short_round__stores_each_event_once() -> None:
    # Given / When
    command = [sys.executable, "-m", "tests.chaos", "--seconds=20", "--seed=20", "--rate=1000"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    # Then
    assert ended.returncode == 0, ended.stdout + ended.stderr
    figures = json.loads(next(line for line in ended.stdout.splitlines() if line.startswith("{")))
    assert figures["sent"] == figures["ids"] == figures["final"] > 1_000
    assert figures["copies"] == 0
    assert sum(figures["done"].values()) > 3
