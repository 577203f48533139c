"""The ClickHouse schema's versions: what is pending, what would run, up, and back down.

The files in `schema/` are run and tracked by the library clickhouse-migrations (table `schema_versions`); here are
the variables that make one text serve a single server and a cluster, the lock, and errors that say what to do.
Every statement may be run again, so a migration that stopped half way is finished by running it once more.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clickhouse_driver import errors as driver_errors
from clickhouse_migrations.clickhouse_cluster import ClickhouseCluster
from clickhouse_migrations.exceptions import MigrationException
from clickhouse_migrations.migration import MigrationStorage
from clickhouse_migrations.migrator import STATUS_APPLIED, STATUS_PENDING, Migrator
from clickhouse_migrations.substitution import substitute
from django.conf import settings

from apps.clickhouse.errors import ClickHouseUnavailableError, from_code
from apps.clickhouse.pool import CONNECT_SECONDS
from apps.clickhouse.schema_lock import SchemaLockedError, schema_lock

SCHEMA = Path(__file__).parent / "schema"
STATEMENT_SECONDS = 600
DEDUPLICATION_WINDOW = 10_000
"""How many inserted blocks a table remembers: at five inserts a second, half an hour of redelivery."""

_NETWORK_ERROR = 210
_CLUSTER_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


class MigrationError(Exception):
    """The schema could not be brought where it was asked to be; the message says what to do."""


@dataclass(frozen=True)
class Migration:
    """One version of the schema and the statements that lead to it, or away from it."""

    version: int
    name: str
    statements: tuple[str, ...]


def variables(cluster: str = "") -> dict[str, str]:
    """Give the values of the placeholders in `schema/`: empty words on one server, replication on a cluster."""
    if not cluster:
        return {
            "ON_CLUSTER": "",
            "LOCAL": "",
            "REPLICATED": "",
            "CLUSTER_NAME": "",
            "DEDUPLICATION": f"non_replicated_deduplication_window = {DEDUPLICATION_WINDOW}",
            "CLUSTER_ONLY": "/*",
            "END_CLUSTER_ONLY": "*/",
        }
    if not _CLUSTER_NAME.match(cluster):
        raise MigrationError(f"CLICKHOUSE_CLUSTER may hold letters, digits, _ and -, not {cluster!r}.")
    return {
        "ON_CLUSTER": f"ON CLUSTER `{cluster}`",
        "LOCAL": "_local",
        "REPLICATED": "Replicated",
        "CLUSTER_NAME": f"`{cluster}`",
        "DEDUPLICATION": (
            f"replicated_deduplication_window = {DEDUPLICATION_WINDOW}, replicated_deduplication_window_seconds = 86400"
        ),
        "CLUSTER_ONLY": "",
        "END_CLUSTER_ONLY": "",
    }


def pending() -> list[str]:
    """Name the migrations this code needs and the server has not had; empty means the schema is complete.

    Raises ClickHouseUnavailableError when the server does not answer, MigrationError when it is ahead or different.
    """
    with _explained():
        rows = _server().status(None, SCHEMA)
    stray = [row.version for row in rows if row.state not in {STATUS_APPLIED, STATUS_PENDING}]
    if stray:
        raise MigrationError(
            f"The ClickHouse schema is not the one this version of Baleen knows (migration {stray[0]}): it was made by "
            "a newer version, or a released migration was edited. Start the version that made it."
        )
    names = _names()
    return [names[row.version] for row in rows if row.state == STATUS_PENDING]


def plan(*, to: int | None = None) -> list[Migration]:
    """Tell what `migrate` would run, without running it."""
    missing = set(pending())
    return [step for step in load("up") if step.name in missing and (to is None or step.version <= to)]


def migrate(*, to: int | None = None) -> list[str]:
    """Bring the schema up, to its newest version or to `to`; creates the database. Names what it applied.

    Safe from several processes at once: the second waits and then finds nothing to do.
    """
    cluster = settings.CLICKHOUSE_CLUSTER or None
    with _explained(), schema_lock():
        applied = _server().migrate(
            None,
            SCHEMA,
            cluster_name=cluster,
            to_version=to,
            variables=variables(cluster or ""),
            migration_log_format="compact",
        )
    names = _names()
    return [names[migration.version] for migration in applied]


def rollback(*, to: int) -> list[str]:
    """Take back every migration above version `to`, the newest first; their tables and data are gone. Names them."""
    with _explained(), schema_lock():
        undone = _server().rollback(None, SCHEMA, to_version=to, variables=variables(settings.CLICKHOUSE_CLUSTER))
    names = _names()
    return [names[version] for version in undone]


def rollback_plan(*, to: int) -> list[Migration]:
    """Tell what `rollback` would run, in its order, without running it."""
    missing = set(pending())
    return [step for step in reversed(load("down")) if step.version > to and step.name not in missing]


def load(direction: str = "up", *, cluster: str | None = None) -> list[Migration]:
    """Read the schema files of a direction, filled in for this deployment or for the named cluster."""
    storage = MigrationStorage(SCHEMA)
    files = storage.migration_filenames() if direction == "up" else storage.down_filenames()
    values = variables(settings.CLICKHOUSE_CLUSTER if cluster is None else cluster)
    names = _names()
    return [
        Migration(version, names[version], tuple(_statements((SCHEMA / files[version]).read_text(), values)))
        for version in sorted(files)
    ]


def _statements(text: str, values: dict[str, str]) -> list[str]:
    return list(Migrator.script_to_statements(substitute(text, values, "schema"), multi_statement=True))


def _names() -> dict[int, str]:
    files = MigrationStorage(SCHEMA).migration_filenames()
    return {version: file.removesuffix(".sql").removesuffix(".up") for version, file in files.items()}


def _server() -> Any:  # noqa: ANN401 - the library is untyped
    return ClickhouseCluster(
        db_url=settings.CLICKHOUSE_URL,
        connect_timeout=CONNECT_SECONDS,
        query_timeout=STATEMENT_SECONDS,
        client_name="baleen-migrate",
    )


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what the driver and the library raise into ours, with what to do next."""
    again = "Statements before it are in place; mend the cause and run migrate_clickhouse again, it goes on from there."
    try:
        yield
    except driver_errors.ServerException as exc:
        error = from_code(exc.code, exc.message)
        raise MigrationError(f"ClickHouse refused a schema statement: {error}. {again}") from exc
    except (MigrationException, SchemaLockedError) as exc:
        raise MigrationError(str(exc)) from exc
    except (driver_errors.Error, EOFError, OSError) as exc:
        raise ClickHouseUnavailableError(_NETWORK_ERROR, f"ClickHouse cannot be reached: {exc}") from exc
