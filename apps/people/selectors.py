"""Reads of persons and groups: one, some, by what an app calls them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet

from apps.people.contracts import GroupSummary, GroupTypeSummary, PersonSummary
from apps.people.errors import DeletionNotFoundError, PersonNotFoundError
from apps.people.models import DistinctId, Group, GroupType, Person, PersonDeletion

MOST_LISTED: Final = 100
_IDS_LISTED: Final = 10
_IDS_SHOWN: Final = 1_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def list_persons(  # noqa: PLR0913 - one optional filter an argument
    project_id: int, *, search: str = "", distinct_id: str = "", email: str = "", limit: int = 100, offset: int = 0
) -> list[PersonSummary]:
    """List persons, the latest first.

    `search` looks for a part of the email or name, or for a distinct id that begins with it; `distinct_id` and `email`
    want the whole. Gives up to `MOST_LISTED`, each with the first few distinct ids.
    """
    found = Person.objects.filter(project_id=project_id)
    if distinct_id:
        found = found.filter(pk__in=_led_to(project_id, distinct_id=distinct_id))
    if email:
        found = found.filter(email=email)
    if search := search.strip().replace("\0", ""):
        ids = _led_to(project_id, distinct_id__startswith=search)
        found = found.filter(Q(email__icontains=search) | Q(name__icontains=search) | Q(pk__in=ids))
    page = found.order_by("-created_us", "pk")[offset : offset + min(limit, MOST_LISTED)]
    return _summaries(list(page), _IDS_LISTED)


def get_person(project_id: int, person_id: UUID) -> PersonSummary:
    """Give one person with their distinct ids, a thousand at most. Raises PersonNotFoundError."""
    row = Person.objects.filter(project_id=project_id, pk=person_id).first()
    if row is None:
        raise PersonNotFoundError("There is no such person.")
    return _summaries([row], _IDS_SHOWN)[0]


def find_person_id(project_id: int, distinct_id: str) -> UUID | None:
    """Find whom a distinct id leads to."""
    row = DistinctId.objects.filter(project_id=project_id, distinct_id=distinct_id).first()
    return row.person_id if row else None


def count_persons(project_id: int) -> int:
    """Count a project's persons."""
    return Person.objects.filter(project_id=project_id).count()


def list_group_types(project_id: int) -> list[GroupTypeSummary]:
    """List the group types of a project by index."""
    rows = GroupType.objects.filter(project_id=project_id).order_by("index")
    return [GroupTypeSummary(row.index, row.name) for row in rows]


def list_groups(
    project_id: int, index: int, *, search: str = "", limit: int = 100, offset: int = 0
) -> list[GroupSummary]:
    """List groups of a type by key; `search` wants a part of the key."""
    found = Group.objects.filter(project_id=project_id, index=index)
    if search := search.strip().replace("\0", ""):
        found = found.filter(key__icontains=search)
    page = found.order_by("key")[offset : offset + min(limit, MOST_LISTED)]
    return [GroupSummary(row.index, row.key, _moment(row.created_us), _read(row.properties)) for row in page]


def get_deletion(project_id: int, deletion_id: UUID) -> PersonDeletion:
    """Give the receipt of a deletion. Raises DeletionNotFoundError."""
    row = PersonDeletion.objects.filter(project_id=project_id, pk=deletion_id).first()
    if row is None:
        raise DeletionNotFoundError("There is no such deletion.")
    return row


def _led_to(project_id: int, **wanted: str) -> QuerySet[DistinctId, UUID]:
    return DistinctId.objects.filter(project_id=project_id, **wanted).values_list("person_id", flat=True)


def _summaries(rows: Sequence[Person], most: int) -> list[PersonSummary]:
    ids = _distinct_ids([row.pk for row in rows], most)
    return [
        PersonSummary(row.pk, _moment(row.created_us), row.is_identified, _read(row.properties), ids[row.pk])
        for row in rows
    ]


def _distinct_ids(persons: Iterable[UUID], most: int) -> dict[UUID, list[str]]:
    """Give the first distinct ids of each person; one query each, since a person may have a great many."""
    found: dict[UUID, list[str]] = defaultdict(list)
    for person in persons:
        rows = DistinctId.objects.filter(person_id=person).order_by("pk")
        found[person] = list(rows.values_list("distinct_id", flat=True)[:most])
    return found


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _read(text: str) -> dict[str, object]:
    found: dict[str, object] = msgspec.json.decode(text)
    return found
