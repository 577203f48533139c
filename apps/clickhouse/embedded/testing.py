"""A real server process for tests and benchmarks."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from apps.clickhouse.embedded.command import PASSWORD_VARIABLE, READER_VARIABLE

ROOT: Final = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class RunningServer:
    """The process, and where and as whom to reach it."""

    process: "subprocess.Popen[bytes]"
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str

    @property
    def url(self) -> str:
        """The address as CLICKHOUSE_URL names it."""
        return f"clickhouse://{self.user}:{self.password}@{self.host}:{self.port}/{self.database}"


@contextmanager
def running_server(  # noqa: PLR0913 - what a server consists of
    path: Path,
    *,
    port: int = 0,
    user: str = "default",
    password: str = "",
    database: str = "default",
    reader: str = "",
    reader_password: str = "",
    max_connections: int = 128,
    seconds: float = 60,
) -> Iterator[RunningServer]:
    """Start the server as the supervisor does, wait until it answers, and stop it at the end.

    The process writes its log to `server.log` under the path.
    """
    path.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    arguments = ["--path", path, "--port", port, "--user", user, "--database", database]
    arguments += ["--max-connections", max_connections] + (["--reader", reader] if reader else [])
    command = [sys.executable, "-m", "apps.clickhouse.embedded", *map(str, arguments)]
    environment = os.environ | {PASSWORD_VARIABLE: password, READER_VARIABLE: reader_password}
    with (path / "server.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own module
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        _wait(process, port, path / "server.log", seconds)
        yield RunningServer(process, "127.0.0.1", port, user, password, database)
    finally:
        stop(process)


def free_port() -> int:
    """Find a port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def stop(process: "subprocess.Popen[bytes]", seconds: float = 20) -> int:
    """Ask the server to end, insist when it does not, and give its exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait(10)


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"The embedded ClickHouse did not start:\n{log.read_text(errors='replace')[-2000:]}")
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"The embedded ClickHouse was not ready within {seconds} s.")
