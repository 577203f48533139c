"""A whole Baleen for a benchmark: `manage.py up` on a throw-away data directory, asked and filled from outside."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 120
DIRECT_ROWS = 20_000


@dataclass(frozen=True)
class Running:
    """A running stack with one project."""

    port: int
    data_dir: Path
    process: subprocess.Popen[bytes]
    started_in: float
    project_id: int
    token: str
    personal_key: str

    def count_events(self, event: str | None = None) -> int:
        """Count the project's rows, or those of one event, as any query would read them."""
        from apps.clickhouse import client  # noqa: PLC0415 - settings know the addresses only once the stack is made
        from apps.clickhouse.statement import Statement  # noqa: PLC0415 - as above

        condition = "AND event = %(event)s" if event else ""
        text = f"SELECT count() FROM events WHERE project_id = %(project_id)s {condition}"  # noqa: S608 - own words
        parameters: dict[str, Any] = {"project_id": self.project_id} | ({"event": event} if event else {})
        return int(client.run(Statement(text, parameters)).rows[0][0])

    def count_events_settled(self) -> int:
        """Count once the writer has nothing left to write."""
        count = self.count_events()
        while True:
            time.sleep(2)
            before, count = count, self.count_events()
            if before == count:
                return count

    def direct_insert_rate(self, body: bytes, *, seconds: float = 8) -> float:
        """Insert rows of the same shape straight into the same table, with no door and no log; events a second."""
        from apps.clickhouse import client  # noqa: PLC0415 - as above

        events = json.loads(body)["batch"]
        texts = [json.dumps(event["properties"]).encode() for event in events]
        rounds = DIRECT_ROWS // len(events)
        moment = int(time.time() * 1_000_000)
        fixed = {
            "project_id": [self.project_id + 1] * DIRECT_ROWS,
            "event": [event["event"] for event in events] * rounds,
            "distinct_id": [event["distinct_id"] for event in events] * rounds,
            "person_id": [str(uuid4()) for _ in events] * rounds,
            "timestamp_us": [moment - index * 1_000_000 for index in range(DIRECT_ROWS)],
            "received_us": [moment] * DIRECT_ROWS,
            "properties": texts * rounds,
            "entry": ["0-0"] * DIRECT_ROWS,
        }
        written, spent = 0, 0.0
        while spent < seconds:
            columns = fixed | {"uuid": [str(uuid4()) for _ in range(DIRECT_ROWS)]}
            begin = time.perf_counter()
            client.insert("events_landing", columns, token=str(uuid4()))
            spent += time.perf_counter() - begin
            written += DIRECT_ROWS
        return written / spent


def free_port() -> int:
    """Find a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _bootstrap(environment: dict[str, str]) -> dict[str, Any]:
    made = subprocess.run(
        [sys.executable, "manage.py", "bootstrap", "--email=bench@baleen.example", f"--password={uuid4()}",
         "--organization=Bench", "--project=Bench"],
        cwd=ROOT, env=environment, check=True, capture_output=True,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(made.stdout)
    return answer


@contextmanager
def running_stack(*options: str) -> Iterator[Running]:
    """Start everything, give it once ready, and stop it; `options` go to `manage.py up`."""
    data_dir = Path(tempfile.mkdtemp(prefix="baleen-bench-"))
    port = free_port()
    # This process becomes a client of the same instance: settings read the addresses when Django is set up.
    os.environ |= {"BALEEN_DATA_DIR": str(data_dir), "DJANGO_SETTINGS_MODULE": "analytics.settings"}
    log = (data_dir / "up.log").open("wb")
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up", f"--port={port}", *options],
        cwd=ROOT, env=dict(os.environ), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not _is_ready(port):
            if process.poll() is not None or time.perf_counter() - begin > READY_SECONDS:
                raise SystemExit(f"The stack did not start:\n{(data_dir / 'up.log').read_text()[-3000:]}")
            time.sleep(0.05)
        started_in = time.perf_counter() - begin
        import django  # noqa: PLC0415 - settings must find the data directory first

        django.setup()
        made = _bootstrap(dict(os.environ))
        yield Running(
            port, data_dir, process, started_in, made["project_id"], made["project_token"], made["personal_api_key"]
        )
    finally:
        process.terminate()
        process.wait(60)
        log.close()
        shutil.rmtree(data_dir, ignore_errors=True)
