"""A whole running Baleen for tests that speak HTTP: `manage.py up` on a directory of its own, asked from outside."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.processes import ROOT, free_port, manage, stop, wait_until

EMAIL, PASSWORD = "ada@baleen.example", "a whale of a password"


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers, and the JSON body (or its text when it is none)."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LiveProject:
    """A project of the running instance, and the questions tests ask about it."""

    live: "Live"
    id: int
    token: str

    def capture(self, *events: dict[str, Any], path: str = "/batch/") -> Answer:
        """Send events through the capture endpoint."""
        return self.live.post(path, {"api_key": self.token, "batch": list(events)})

    def query(self, query: dict[str, Any], **request: object) -> Answer:
        """Ask the query endpoint with the owner's key."""
        return self.live.post(
            f"/api/projects/{self.id}/query/",
            {"query": query, "refresh": "force_blocking"} | request,
            key=self.live.key,
        )

    def events(self, **filters: str | int) -> list[dict[str, Any]]:
        """List the project's newest events."""
        parameters = urlencode({"limit": 100, **filters})
        answer = self.live.get(f"/api/projects/{self.id}/events/?{parameters}", key=self.live.key)
        assert answer.status == 200, answer
        results: list[dict[str, Any]] = answer.body["results"]
        return results

    def wait_for(self, count: int, *, seconds: float = 20) -> None:
        """Wait until at least `count` events (at most 100) are queryable."""
        wait_until(lambda: len(self.events()) >= count, seconds=seconds, what=f"{count} events")


@dataclass(frozen=True)
class Live:
    """The running instance, and its owner's way in."""

    url: str
    data_dir: Path
    key: str
    process: subprocess.Popen[bytes]
    email: str = EMAIL
    password: str = PASSWORD

    def request(
        self, method: str, path: str, body: bytes | None = None, *, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send one request and read the answer, whatever its status."""
        request = urllib.request.Request(self.url + path, data=body, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return _answer(response.status, response.read(), dict(response.headers))
        except urllib.error.HTTPError as exc:
            with exc:
                return _answer(exc.code, exc.read(), dict(exc.headers))

    def get(self, path: str, *, key: str = "") -> Answer:
        """GET, with a personal key if one is given."""
        return self.request("GET", path, headers=_bearer(key))

    def post(self, path: str, body: object, *, key: str = "") -> Answer:
        """POST JSON, with a personal key if one is given."""
        return self.request(
            "POST", path, json.dumps(body).encode(), headers={"Content-Type": "application/json"} | _bearer(key)
        )

    def new_project(self, **fields: object) -> LiveProject:
        """Make a project over REST."""
        answer = self.post("/api/organizations/@current/projects/", {"name": "Test"} | fields, key=self.key)
        assert answer.status == 201, answer
        return LiveProject(self, answer.body["id"], answer.body["api_token"])


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}


def _answer(status: int, body: bytes, headers: dict[str, str]) -> Answer:
    try:
        return Answer(status, json.loads(body), headers)
    except ValueError:
        return Answer(status, body.decode(errors="replace"), headers)


@contextmanager
def run_live(data_dir: Path) -> Iterator[Live]:
    """Start everything as an operator would, give it once `/_ready` says so, and stop it."""
    named_by_the_run = {"CLICKHOUSE_URL", "REDIS_URL", "DATABASE_URL", "BALEEN_SECRET_KEY", "DJANGO_SETTINGS_MODULE"}
    environment = {name: value for name, value in os.environ.items() if name not in named_by_the_run}
    environment |= {"BALEEN_DATA_DIR": str(data_dir), "BALEEN_LOG_COLOR": "0"}
    data_dir.mkdir(parents=True, exist_ok=True)
    log, port = data_dir / "up.log", free_port()
    process = manage("up", f"--port={port}", env=environment, log=log)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _is_ready(url, process, log), seconds=90, what="the stack")
        made = subprocess.run(
            [sys.executable, "manage.py", "bootstrap", f"--email={EMAIL}", f"--password={PASSWORD}",
             "--organization=Whales", "--project=First"],
            cwd=ROOT, env=environment, check=True, capture_output=True,
        )  # fmt: skip
        yield Live(url, data_dir, json.loads(made.stdout)["personal_api_key"], process)
    finally:
        stop(process, seconds=60)


def _is_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> bool:
    if process.poll() is not None:
        raise SystemExit(f"manage.py up ended by itself:\n{log.read_text()[-3000:]}")
    with urllib.request.urlopen(f"{url}/_ready", timeout=5) as answer:
        return bool(answer.status == 200)
