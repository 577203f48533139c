"""Erasing everything ClickHouse holds of a deleted project; named in `settings.PROJECT_PURGERS`."""

from typing import Final

from django.conf import settings

from apps.clickhouse import client
from apps.clickhouse.migrator import variables
from apps.clickhouse.statement import identifier
from apps.clickhouse.tables import ALL

STORED: Final = tuple(table for table in ALL if not table.endswith("_landing"))
"""Tables with rows of projects; the landing tables keep none."""

_SECONDS: Final = 540.0
"""Rewriting the parts of a large project takes minutes; the job that asks for it has ten."""


def purge_project(project_id: int) -> None:
    """Erase a project's rows; returns once every replica has done so. Safe to call twice."""
    words = variables(settings.CLICKHOUSE_CLUSTER)
    for table in STORED:
        name = identifier(f"{table}{words['LOCAL']}")
        client.command(
            f"ALTER TABLE {name} {words['ON_CLUSTER']} DELETE WHERE project_id = {int(project_id)} "
            "SETTINGS mutations_sync = 2",
            timeout=_SECONDS,
        )
