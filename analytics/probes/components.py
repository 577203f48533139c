"""The parts a deployment needs in order to serve, each with a question that tells whether it does."""

from collections.abc import Callable
from functools import cache

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

from apps.clickhouse import client as clickhouse
from apps.clickhouse import migrator
from apps.common import heartbeat
from apps.ingest import log
from apps.ingest import selectors as ingest
from apps.ingest.bounds import bounds
from apps.ingest.canary import state as canary
from apps.ingest.valkey import connect

CLICKHOUSE_SECONDS = 2


class NotReadyError(Exception):
    """The component answers, but not as it must."""


def check_database() -> str:
    """Ask the relational database for one row."""
    connection = connections[DEFAULT_DB_ALIAS]
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return str(connection.display_name)


def check_migrations() -> str:
    """See that both databases have the shape this version expects."""
    _migrated()
    return "up to date"


@cache
def _migrated() -> bool:
    # Once true it stays true as long as this code runs; an exception is not remembered.
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    missing = [str(step) for step, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    missing += [str(step) for step in migrator.pending()]
    if missing:
        raise NotReadyError(f"not applied: {', '.join(missing[:5])}; run manage.py prepare")
    return True


def check_clickhouse() -> str:
    """Ask ClickHouse for its version."""
    return f"ClickHouse {clickhouse.ping(timeout=CLICKHOUSE_SECONDS)}"


def check_event_log() -> str:
    """See that the event log takes writes, has room, and may not forget."""
    with connect(timeout=1) as client:
        entries, memory, persistence = client.xlen(log.STREAM), client.info("memory"), client.info("persistence")
    obstacle = log.find_obstacle(
        bounds(), entries=entries, memory=memory, persistence=persistence, free=log.free_bytes()
    )
    if obstacle:
        raise NotReadyError(obstacle[1])
    if str(memory.get("maxmemory_policy", "")).startswith("allkeys"):
        raise NotReadyError("Valkey may throw events away: set its maxmemory-policy to noeviction")
    return f"{entries} entries waiting"


def check_writer() -> str:
    """See that a writer turned its loop lately."""
    names = ingest.writer_names()
    if not names:
        raise NotReadyError("no writer has shown a sign of life")
    return f"{len(names)} running"


def check_worker() -> str:
    """See that a Celery worker turned its loop lately."""
    return _beating("worker")


def check_beat() -> str:
    """See that the scheduler of periodic jobs turned its loop lately."""
    return _beating("beat")


def _beating(name: str) -> str:
    age = heartbeat.ages().get(name)
    if age is None or age > heartbeat.STALE_AFTER:
        raise NotReadyError(f"no {name} has shown a sign of life within {heartbeat.STALE_AFTER:.0f} s")
    return f"last sign of life {age:.0f} s ago"


def check_canary() -> str:
    """See that an event a minute still arrives where questions find it."""
    verdict = canary.look()
    if verdict.is_late:
        raise NotReadyError(f"{verdict.link}: {verdict.detail}")
    return verdict.detail


COMPONENTS: dict[str, Callable[[], str]] = {
    "database": check_database,
    "migrations": check_migrations,
    "clickhouse": check_clickhouse,
    "event_log": check_event_log,
    "writer": check_writer,
    "worker": check_worker,
    "beat": check_beat,
    "canary": check_canary,
}
