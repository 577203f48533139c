"""Imports through the real command into the running stack."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.live import Live, LiveProject
from tests.processes import ROOT, manage, wait_until

ROWS = 3_000


@pytest.fixture
def project(live: Live) -> LiveProject:
    """A project with nothing in it."""
    return live.new_project(name="Moved house")


def environment(live: Live) -> dict[str, str]:
    named_by_the_run = {"CLICKHOUSE_URL", "REDIS_URL", "DATABASE_URL", "BALEEN_SECRET_KEY", "DJANGO_SETTINGS_MODULE"}
    inherited = {name: value for name, value in os.environ.items() if name not in named_by_the_run}
    return inherited | {"BALEEN_DATA_DIR": str(live.data_dir), "BALEEN_LOG_COLOR": "0"}


@pytest.fixture
def run(live: Live) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Run a command of ours next to the running stack."""

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT, env=environment(live), check=False, capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    yield call
    for state in (live.data_dir / "imports").glob("*.json"):
        state.unlink()


Run = Callable[..., subprocess.CompletedProcess[str]]


def totals(project: LiveProject) -> tuple[int, int]:
    """Count events and people over all time, each event once."""
    answers = [
        project.query({
            "kind": "TrendsQuery",
            "series": [{"kind": "EventsNode", "event": None, "math": math}],
            "dateRange": {"date_from": "2025-01-01", "date_to": "2026-12-31"},
            "trendsFilter": {"display": "BoldNumber"},
        })
        for math in ("total", "dau")
    ]  # fmt: skip
    total, people = (int(answer.body["results"][0]["aggregated_value"]) for answer in answers)
    return total, people


def write_rows(path: Path, count: int) -> Path:
    """Write what a PostHog batch export writes, as far as an event is concerned."""
    with path.open("w") as file:
        for number in range(count):
            row = {
                "uuid": f"018f0000-0000-7000-8000-{number:012x}",
                "event": "chat sent",
                "distinct_id": f"person-{number % 50}",
                "timestamp": f"2026-0{1 + number % 9}-1{number % 10}T12:00:00.000000Z",
                "properties": {"model": "qwen3-32b", "n": number},
                "team_id": 1,
                "person_id": "018f0000-0000-7000-8000-000000000000",
            }
            file.write(json.dumps(row) + "\n")
    return path


def test_import__file_twice_and_once_more_by_force__every_event_is_counted_once(
    project: LiveProject, run: Run, tmp_path: Path
) -> None:
    # Given an export with two rows that cannot be read and one event without a person
    path = write_rows(tmp_path / "export.jsonl", ROWS)
    with path.open("a") as file:
        file.write('{"event": \n[1, 2]\n{"event": "nobody", "timestamp": "2026-01-01"}\n')
    arguments = ("import_events", f"--project-token={project.token}", str(path))

    # When it is imported, again, and again by force
    first, again, forced = run(*arguments), run(*arguments), run(*arguments, "--restart")

    # Then each says what it did
    assert first.returncode == 0, first.stderr
    assert f"{ROWS + 3:,} rows, {ROWS:,} events accepted, 3 rejected" in first.stdout
    assert "imported before" in again.stdout
    assert f"{ROWS:,} events accepted" in forced.stdout

    # And all are there, once
    wait_until(lambda: totals(project)[0] >= ROWS, what="the import", seconds=30)
    wait_until(lambda: is_drained(project.live), what="the log", seconds=30)
    assert totals(project) == (ROWS, 50)
    page = project.live.get(f"/api/projects/{project.id}/dead_letters/", key=project.live.key).body
    assert set(page["counts"]) == {"row_unreadable", "distinct_id_missing"}
    assert {row["path"] for row in page["results"]} == {"import"}
    assert {row["index"] for row in page["results"]} == {ROWS, ROWS + 1, ROWS + 2}


def is_drained(live: Live) -> bool:
    metrics = str(live.get("/metrics").body)
    return any(line.split() == ["baleen_ingest_backlog_entries", "0.0"] for line in metrics.splitlines())


def test_import__killed_in_the_middle__goes_on_where_it_was(
    project: LiveProject, run: Run, live: Live, tmp_path: Path
) -> None:
    # Given an import that is killed after its first batches
    path = write_rows(tmp_path / "large.jsonl", 20_000)
    arguments = ("import_events", f"--project-token={project.token}", str(path))
    process = manage(*arguments, env=environment(live), log=tmp_path / "import.log")
    wait_until(lambda: any((live.data_dir / "imports").glob("*.json")), what="the first batch", seconds=60)
    process.send_signal(signal.SIGKILL)
    process.wait()

    # When it is started again
    finished = run(*arguments)

    # Then it says that it went on, and everything is there once
    assert finished.returncode == 0, finished.stderr
    assert "went on after row" in finished.stdout
    wait_until(lambda: totals(project)[0] >= 20_000, what="the import", seconds=60)
    wait_until(lambda: is_drained(live), what="the log", seconds=30)
    assert totals(project) == (20_000, 50)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--project-token=nobody", "x.csv"], "No project has this key."),
        (["--project-token={token}", "x.csv"], "there is no such file"),
        (["--project-token={token}", "--column=colour=x", "x.csv"], "write FIELD=COLUMN"),
    ],
    ids=["key", "file", "column"],
)
def test_import__senseless_arguments__one_sentence(
    project: LiveProject, run: Run, arguments: list[str], sentence: str
) -> None:
    answer = run("import_events", *(word.format(token=project.token) for word in arguments))
    assert answer.returncode == 1
    assert sentence in answer.stderr
    assert "Traceback" not in answer.stderr
