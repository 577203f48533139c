"""The persons of a project with all their ids, in slices that fit into memory."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Raw

from apps.people.models import DistinctId, Person
from apps.query.exports.files import Row

COLUMNS: Final = {
    "id": "VARCHAR",
    "distinct_ids": "VARCHAR",
    "created_at": "VARCHAR",
    "is_identified": "BOOLEAN",
    "properties": "VARCHAR",
}
"""What is written of a person, with the types of Parquet; ids and properties are JSON text there."""

PAGE: Final = 2_000

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def count(project_id: int) -> int:
    """Count the persons of a project."""
    return Person.objects.filter(project_id=project_id).count()


def read(project_id: int) -> Iterator[list[Row]]:
    """Give the persons by id, page by page; one merged away meanwhile is simply no longer there."""
    last: UUID | None = None
    while True:
        after = {"id__gt": last} if last else {}
        page = list(Person.objects.filter(project_id=project_id, **after).order_by("id")[:PAGE])
        if not page:
            return
        ids = _distinct_ids([person.pk for person in page])
        yield [
            {
                "id": str(person.pk),
                "distinct_ids": Raw(msgspec.json.encode(ids[person.pk])),
                "created_at": (_EPOCH + timedelta(microseconds=person.created_us)).isoformat(),
                "is_identified": person.is_identified,
                "properties": Raw(person.properties.encode()),
            }
            for person in page
        ]
        last = page[-1].pk


def _distinct_ids(persons: list[UUID]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = defaultdict(list)
    rows = DistinctId.objects.filter(person_id__in=persons).order_by("distinct_id")
    for person, distinct_id in rows.values_list("person_id", "distinct_id"):
        found[person].append(distinct_id)
    return found
