"""The whole of Baleen, as `manage.py up` runs it, on a disk small enough to be filled."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.processes import ROOT, free_port, manage, stop, wait_until

DISK_BYTES = 1 << 30
KEPT_FREE_BYTES = 64 << 20
READY_SECONDS = 120
WRITER_TIMEOUT = 5
OUR_FAULTS = (
    "capture.failed",
    "writer.insert_broke",
    "step.failed",
    "writer.event_refused",
    "event_log.unreadable_entry",
)


@dataclass
class Stack:
    """A running `manage.py up`, whose processes may be killed; it starts them again by itself."""

    data_dir: Path
    port: int
    is_small: bool
    """Whether the data directory is a disk of its own."""
    process: subprocess.Popen[bytes]
    project_id: int
    token: str
    key: str

    @property
    def log(self) -> Path:
        """What all processes print."""
        return self.data_dir.with_suffix(".log")

    def pid(self, name: str) -> int | None:
        """Find a process by the file its supervisor keeps; None while it is not running."""
        try:
            pid = int((self.data_dir / "run" / f"{name}.pid").read_text())
            os.kill(pid, 0)
        except (OSError, ValueError):
            return None
        return pid

    def signal(self, name: str, number: signal.Signals) -> bool:
        """Send a signal to a program and its children; False when there is none."""
        pid = self.pid(name)
        if pid is None:
            return False
        with suppress(ProcessLookupError):
            os.killpg(os.getpgid(pid), number)
            return True
        return False

    def ready(self) -> dict[str, str]:
        """Give the status of every component; empty while no web process answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_ready", timeout=10) as answer:
                body = json.load(answer)
        except urllib.error.HTTPError as exc:
            with exc:
                body = json.load(exc)
        except OSError:
            return {}
        return {name: state["status"] for name, state in body["components"].items()}

    def is_ready(self) -> bool:
        """Say whether every component serves."""
        if self.process.poll() is not None:
            raise SystemExit(f"manage.py up ended by itself; its log is {self.log}")
        states = self.ready()
        return bool(states) and set(states.values()) == {"ok"}

    def complaints(self) -> Counter[str]:
        """Count the lines of the log that tell of a fault of ours, whatever was killed."""
        with self.log.open(errors="replace") as lines:
            return Counter(word for line in lines for word in OUR_FAULTS if word in line)

    def ask(self, query: dict[str, object]) -> dict[str, object]:
        """Ask the query endpoint."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/projects/{self.project_id}/query/",
            json.dumps({"query": query, "refresh": "force_blocking"}).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self.key}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            body: dict[str, object] = json.load(answer)
            return body


def environment(data_dir: Path) -> dict[str, str]:
    """Give what every process of the stack finds in its environment."""
    ours = ("BALEEN_", "CLICKHOUSE_", "REDIS_URL", "DATABASE_URL", "DJANGO_SETTINGS_MODULE")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | {
        "BALEEN_DATA_DIR": str(data_dir),
        "BALEEN_LOG_COLOR": "0",
        "BALEEN_INGEST_MIN_FREE_BYTES": str(KEPT_FREE_BYTES),
        "BALEEN_INGEST_WRITER_TIMEOUT": str(WRITER_TIMEOUT),
        "BALEEN_CANARY_SECONDS": "5",
        "BALEEN_CANARY_LATE_SECONDS": "40",
    }


@contextmanager
def run(directory: Path, *, writers: int) -> Iterator[Stack]:
    """Start everything on a disk of its own where we may mount one, and stop it."""
    data_dir, port = directory / "data", free_port()
    data_dir.mkdir(parents=True)
    is_small = _mount(data_dir)
    surroundings = environment(data_dir)
    log = data_dir.with_suffix(".log")
    process = manage("up", f"--port={port}", f"--writers={writers}", "--web-workers=2", env=surroundings, log=log)
    try:
        stack = Stack(data_dir, port, is_small, process, 0, "", "")
        wait_until(stack.is_ready, seconds=READY_SECONDS, what="the stack")
        made = subprocess.run(
            [sys.executable, "manage.py", "bootstrap", "--email=ada@baleen.example", "--password=a whale of a password",
             "--organization=Whales", "--project=Chaos"],
            cwd=ROOT, env=surroundings, check=True, capture_output=True,
        )  # fmt: skip
        answer = json.loads(made.stdout)
        stack.project_id, stack.token = answer["project_id"], answer["project_token"]
        stack.key = answer["personal_api_key"]
        yield stack
    finally:
        stop(process, seconds=60)
        if is_small:
            subprocess.run(["umount", "--lazy", str(data_dir)], check=False)


def _mount(directory: Path) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "baleen-chaos", str(directory)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
