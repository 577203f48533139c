"""Erasing a deleted project's rows takes all of them, and nobody else's."""

import pytest

from apps.clickhouse import client
from apps.clickhouse.purge import STORED, purge_project
from apps.clickhouse.statement import Statement
from tests.factories.events import Sent, at, insert

pytestmark = pytest.mark.usefixtures("clickhouse")


def count(project_id: int) -> int:
    statement = Statement("SELECT count() FROM events WHERE project_id = %(project_id)s", {"project_id": project_id})
    (row,) = client.run(statement).rows
    number: int = row[0]
    return number


def test_purge__of_one_project__leaves_its_neighbour(project_id: int) -> None:
    # Given: events of two months, so of two parts
    neighbour = project_id + 500_000
    for each in (project_id, neighbour):
        insert(each, [Sent("seen", "ada", at("2026-01-05T00:00")), Sent("seen", "ben", at("2026-02-05T00:00"))])

    # When
    purge_project(project_id)
    purge_project(project_id)

    # Then
    assert count(project_id) == 0
    assert count(neighbour) == 2


def test_purge__knows_every_table_with_rows_of_projects() -> None:
    # When: the tables of the server that keep what is inserted
    kept = client.run(
        Statement.unscoped(
            "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%%MergeTree' "
            "AND name IN (SELECT table FROM system.columns WHERE database = currentDatabase() AND name = 'project_id')"
        )
    )

    # Then
    assert set(STORED) == {row["name"] for row in kept.dicts()}
