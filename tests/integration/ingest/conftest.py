"""Fixtures of the ingest tests: stores that may be killed, and a door in this process that leads to them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from pytest_django import Settings

from apps.accounts.models import Project
from apps.clickhouse import client, migrator
from apps.clickhouse.statement import Statement
from apps.ingest import log, services
from apps.ingest.protocols.encoding import Packed
from tests.factories.accounts import ProjectFactory
from tests.plant import Plant, run_plant
from tests.processes import wait_until


@pytest.fixture
def plant(tmp_path: Path, settings: Settings) -> Iterator[Plant]:
    """Run stores of this test's own, with the schema in place, and turn this process's clients to them."""
    with run_plant(tmp_path / "plant") as running:
        settings.CLICKHOUSE_URL, settings.REDIS_URL = running.clickhouse_url, running.redis_url
        _forget_clients()
        wait_until(client.ping, what="ClickHouse")
        migrator.migrate()
        # A merge would hide that a row was written twice.
        client.command("ALTER TABLE events MODIFY SETTING max_bytes_to_merge_at_max_space_in_pool = 1")
        yield running
        _forget_clients()


def _forget_clients() -> None:
    for pool in (client.readers, client.writers):
        if pool.cache_info().currsize:
            pool().close()
        pool.cache_clear()
    log.event_log.cache_clear()


@pytest.fixture
def project(db: None) -> Project:
    return ProjectFactory.create()


@pytest.fixture
def send(project: Project) -> Callable[[int], list[str]]:
    """Give a sender of batches: so many events through the door, their ids back once they are acknowledged."""

    def send(count: int) -> list[str]:
        ids = [str(uuid4()) for _ in range(count)]
        events = [
            {
                "event": "message sent",
                "distinct_id": f"person-{number % 97}",
                "uuid": uid,
                "timestamp": "2026-11-20T10:00:00Z",
                "properties": {"number": number, "model": "qwen3"},
            }
            for number, uid in enumerate(ids)
        ]
        body = msgspec.json.encode({"api_key": project.api_token, "batch": events})
        receipt = services.capture(services.Capture(Packed(body), "/batch/"))
        assert receipt.accepted == count
        return ids

    return send


def stored(project: Project) -> tuple[int, int]:
    """Count a project's rows and its different event ids."""
    statement = Statement(
        "SELECT count(), uniqExact(uuid) FROM events WHERE project_id = %(project_id)s", {"project_id": project.pk}
    )
    rows, ids = client.run(statement).rows[0]
    return int(rows), int(ids)


def wait_for_rows(project: Project, count: int, *, seconds: float = 60) -> None:
    """Wait until so many different events are stored."""
    try:
        wait_until(lambda: stored(project)[1] >= count, seconds=seconds)
    except TimeoutError as exc:
        raise AssertionError(f"{stored(project)} of {count} events are stored") from exc
