"""The two ways to start the embedded ClickHouse: with Django and its settings, and without."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from clickhouse_driver import Client

from apps.clickhouse.embedded.testing import ROOT, free_port, running_server
from tests.processes import stop, wait_until


@contextmanager
def command(*arguments: str, environment: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command of ours, and stop it at the end."""
    process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=os.environ | environment)
    try:
        yield process
    finally:
        stop(process)


def test_clickhouse_server__command__serves_where_the_settings_say(tmp_path: Path) -> None:
    url = f"clickhouse://ada:s%2Fcret@127.0.0.1:{free_port()}/shop"
    environment = {
        "BALEEN_DATA_DIR": str(tmp_path),
        "CLICKHOUSE_URL": url,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "DJANGO_SETTINGS_MODULE": "analytics.settings",
    }

    with command("manage.py", "clickhouse_server", environment=environment) as process:
        client = Client.from_url(url)
        wait_until(lambda: client.execute("SELECT currentDatabase()") == [("shop",)], what="the command")
        client.disconnect()
        process.send_signal(signal.SIGTERM)

        assert process.wait(30) == 0
    assert (tmp_path / "clickhouse" / "metadata").is_dir()


def test_password__from_a_file__is_the_one_that_counts(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("from-file\n")
    port = free_port()
    arguments = [f"--path={tmp_path / 'data'}", f"--port={port}", f"--password-file={tmp_path / 'password'}"]

    with command("-m", "apps.clickhouse.embedded", *arguments, environment={"BALEEN_CLICKHOUSE_PASSWORD": "no"}):
        client = Client("127.0.0.1", port, password="from-file")
        wait_until(lambda: client.execute("SELECT 1"), what="the server")
        client.disconnect()


def test_embedded__without_django__stays_without_it() -> None:
    code = "import apps.clickhouse.embedded.command, sys; print([name for name in sys.modules if 'django' in name])"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_time_zone__of_a_machine_elsewhere__is_utc_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")

    with running_server(tmp_path) as server:
        client = Client(server.host, server.port)
        rows = client.execute("SELECT timezone(), toString(toDateTime(0))")
        client.disconnect()

    assert rows == [("UTC", "1970-01-01 00:00:00")]


def test_memory__of_the_idle_process__is_small(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        client = Client(server.host, server.port)
        client.execute("SELECT 1")
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        client.disconnect()

    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    assert resident < 180 * 1024
