"""Persons, merges and groups for tests of questions, put where questions find them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from apps.clickhouse import client
from apps.clickhouse.tables import GROUPS_LANDING, PERSON_OVERRIDES, PERSONS_LANDING
from tests.factories.events import person_id

Properties = Mapping[str, Any]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def insert_persons(
    project_id: int, persons: Mapping[str, Properties], created: Mapping[str, datetime] | None = None
) -> None:
    """Give persons, called by the names that events use, their properties, and the moments they were first seen."""
    if not persons:
        return
    count = len(persons)
    client.insert(
        PERSONS_LANDING,
        {
            "project_id": [project_id] * count,
            "person_id": [str(person_id(project_id, name)) for name in persons],
            "properties": [json.dumps(dict(properties)) for properties in persons.values()],
            "created_us": [_since_epoch((created or {}).get(name)) for name in persons],
            "is_identified": [1] * count,
            "version": [1] * count,
            "is_deleted": [0] * count,
        },
    )


def insert_merges(project_id: int, merges: Mapping[str, str]) -> None:
    """Merge persons into others, both called by name."""
    if not merges:
        return
    client.insert(
        PERSON_OVERRIDES,
        {
            "project_id": [project_id] * len(merges),
            "old_person_id": [person_id(project_id, name) for name in merges],
            "person_id": [person_id(project_id, name) for name in merges.values()],
            "version": [1] * len(merges),
            "is_deleted": [0] * len(merges),
        },
    )


def insert_groups(
    project_id: int,
    groups: Mapping[tuple[int, str], Properties],
    created: Mapping[tuple[int, str], datetime] | None = None,
) -> None:
    """Give groups, by the index of their type and their key, their properties, and when they were first seen."""
    if not groups:
        return
    count = len(groups)
    client.insert(
        GROUPS_LANDING,
        {
            "project_id": [project_id] * count,
            "group_index": [index for index, _ in groups],
            "group_key": [key for _, key in groups],
            "properties": [json.dumps(dict(properties)) for properties in groups.values()],
            "created_us": [_since_epoch((created or {}).get(place)) for place in groups],
            "version": [1] * count,
            "is_deleted": [0] * count,
        },
    )


def _since_epoch(moment: datetime | None) -> int:
    return 0 if moment is None else (moment - _EPOCH) // timedelta(microseconds=1)
