"""A log, a memory and a disk that are really full: senders are told to come back, and nothing acknowledged is lost."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from pytest_django import Settings

from apps.accounts.models import Project
from apps.ingest import flow, log, selectors
from apps.ingest.api.door import CaptureDoor
from apps.ingest.bounds import bounds
from apps.ingest.errors import LogUnavailableError
from tests.integration.ingest.conftest import stored, wait_for_rows
from tests.plant import Plant
from tests.processes import wait_until

pytestmark = pytest.mark.timeout(180)

BLOB = 64 << 10


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    for cached in (bounds, log.event_log, flow.meter):
        cached.cache_clear()
    yield
    for cached in (bounds, log.event_log, flow.meter):
        cached.cache_clear()


def knock(project: Project, ids: list[str]) -> tuple[str, dict[str, str]]:
    """Send events of a kilobyte that cannot be packed through the door, and give the status and headers."""
    events = [
        {"event": "e", "distinct_id": "d", "uuid": uid, "properties": {"text": os.urandom(512).hex()}} for uid in ids
    ]
    body = json.dumps({"api_key": project.api_token, "batch": events}).encode()
    answer: dict[str, dict[str, str]] = {}

    def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> Callable[[bytes], object]:
        answer[status] = dict(headers)
        return lambda _: None

    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/batch/",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": BytesIO(body),
    }
    body = b"".join(CaptureDoor(_nothing)(environ, start_response))
    ((status, headers),) = answer.items()
    return status, headers | {"body": body.decode()}


def _nothing(_environ: object, _start_response: object) -> list[bytes]:
    raise AssertionError("the door must answer by itself")


@pytest.mark.django_db(transaction=True)
def test_door__log_filled_to_its_memory__says_503_and_all_it_took_is_written(plant: Plant, project: Project) -> None:
    # Given a log of 16 MB that nobody empties
    with redis.Redis.from_url(plant.redis_url) as valkey:
        valkey.config_set("maxmemory", 16 << 20)
        taken: list[str] = []

        # When it is filled, while the bound is looked at before each request rather than once a second
        while True:
            log.event_log()._next_check = 0
            ids = [str(uuid4()) for _ in range(100)]
            status, headers = knock(project, ids)
            if not status.startswith("200"):
                break
            taken += ids

        # Then senders are told to come back while Valkey has memory left to be emptied with
        assert status == "503 Service Unavailable"
        assert "The event log is full" in headers["body"]
        assert int(headers["Retry-After"]) > 0
        assert valkey.info("memory")["used_memory"] < 16 << 20
        assert len(taken) > 5_000

        # And once a writer is there all of it is written, and the door is open again
        plant.start("writer")
        wait_for_rows(project, len(taken))
        wait_until(lambda: selectors.backlog() == 0)
        last = [str(uuid4())]
        wait_until(lambda: knock(project, last)[0] == "200 OK", what="the door")
        wait_for_rows(project, len(taken) + 1)
        assert stored(project) == (len(taken) + 1, len(taken) + 1)
        wait_until(lambda: selectors.counters().get("requests_refused_memory"), what="the count of refusals")


def test_append__disk_nearly_full__is_refused_and_counted(valkey: str, settings: Settings) -> None:
    # Given a disk with less free than must stay free
    settings.BALEEN_INGEST_MIN_FREE_BYTES = 1 << 60
    before = selectors.counters().get("requests_refused_disk", 0)
    waiting = selectors.backlog()

    # When
    with pytest.raises(LogUnavailableError, match="disk is nearly full") as refusal:
        log.event_log().append(b"x", events=1)

    # Then
    assert refusal.value.reason == "disk"
    assert selectors.backlog() == waiting
    wait_until(lambda: selectors.counters()["requests_refused_disk"] == before + 1, what="the count")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 24 MB."""
    path = tmp_path / "small"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "baleen-test", str(path)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small disk")
    yield path
    subprocess.run(["umount", "--lazy", str(path)], check=True)


def append_until_refused() -> int:
    """Append until the log takes no more, and count what it acknowledged."""
    log.event_log.cache_clear()
    kept = 0
    while True:
        try:
            log.event_log().append(os.urandom(BLOB))
        except LogUnavailableError as exc:
            reason = exc.reason
            break
        kept += 1
    assert reason == "disk"
    return kept


def is_open() -> bool:
    try:
        log.event_log().append(b"x")
    except LogUnavailableError:
        return False
    return True


def test_append__disk_full_and_valkey_killed__nothing_acknowledged_is_lost(
    small_disk: Path, settings: Settings
) -> None:
    # Given a Valkey whose append-only file is on a small disk, and no bound that would spare it
    settings.BALEEN_INGEST_MIN_FREE_BYTES = 0
    plant = Plant(small_disk)
    settings.REDIS_URL = plant.redis_url
    filler = small_disk / "filler"
    filler.write_bytes(bytes(8 << 20))
    try:
        plant.start("valkey")
        acknowledged = append_until_refused()

        # When it is killed while the disk is full, again and again, and senders keep trying
        for _ in range(3):
            plant.kill("valkey")
            plant.start("valkey")
            assert selectors.backlog() >= acknowledged
            acknowledged += append_until_refused()

        # Then all that was acknowledged is there, and once there is room so is what comes
        filler.unlink()
        log.event_log.cache_clear()
        wait_until(is_open, what="room")
        plant.kill("valkey")
        plant.start("valkey")
        assert acknowledged > 100
        assert selectors.backlog() >= acknowledged + 1
    finally:
        plant.close()
