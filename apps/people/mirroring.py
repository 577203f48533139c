"""Bring into ClickHouse what a writer that died had written down but not sent on.

Rows go to ClickHouse beside the events of their batch; the transaction that wrote them leaves a debt, struck once they
have arrived. A debt that grows old is paid here: its rows are found by their version and sent again, which is harmless
when they had arrived after all. What was deleted in that transaction (persons merged away) is told by its overrides.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import Final, TypeVar

import structlog
from django.db.models import Model, QuerySet

from apps.clickhouse import client
from apps.common.clock import now
from apps.people.graph import Person
from apps.people.identity import person_text_for
from apps.people.mirrors import Mirrors, Row
from apps.people.models import DistinctId, Group, MirrorDebt
from apps.people.models import Person as PersonRow

_OLD: Final = timedelta(seconds=30)
_DEBTS_A_RUN: Final = 100
_AT_ONCE: Final = 10_000
_M = TypeVar("_M", bound=Model)

log = structlog.get_logger(__name__)


def pay_debts(*, older_than: timedelta = _OLD) -> int:
    """Send the rows of old debts to ClickHouse and strike them; gives how many debts there were."""
    due = MirrorDebt.objects.filter(created_at__lt=now() - older_than).order_by("created_at")
    debts = list(due[:_DEBTS_A_RUN])
    for debt in debts:
        rows = 0
        for mirrors in _mirrors(debt.version):
            rows += sum(map(len, mirrors.rows.values()))
            send(mirrors)
        debt.delete()
        log.info("people.debt_paid", version=debt.version, rows=rows)
    return len(debts)


def send(mirrors: Mirrors) -> None:
    """Insert rows into their tables in ClickHouse, at once."""
    for table, rows in mirrors.rows.items():
        for start in range(0, len(rows), _AT_ONCE):
            client.insert(table, columns_of(rows[start : start + _AT_ONCE]))


def columns_of(rows: Sequence[Row]) -> dict[str, Sequence[object]]:
    """Turn rows into columns."""
    return {name: [row[name] for row in rows] for name in rows[0]}


def _mirrors(version: int) -> Iterator[Mirrors]:
    """Read what carries a version, some rows at a time."""
    for places in _pages(DistinctId.objects.filter(version=version)):
        mirrors = Mirrors(version)
        for place in places:
            own, led_to = person_text_for(place.project_id, place.distinct_id), str(place.person_id)
            mirrors.add_place((place.project_id, place.distinct_id), led_to)
            if own != led_to:
                mirrors.forget_person(place.project_id, own, 0)
        yield mirrors
    for persons in _pages(PersonRow.objects.filter(version=version)):
        mirrors = Mirrors(version)
        for row in persons:
            person = Person(row.project_id, str(row.id), row.created_us, row.is_identified)
            mirrors.add_person(person, row.properties)
        yield mirrors
    for groups in _pages(Group.objects.filter(version=version)):
        mirrors = Mirrors(version)
        for group in groups:
            mirrors.add_group(group.project_id, group.index, group.key, group.created_us, group.properties)
        yield mirrors


def _pages(rows: QuerySet[_M]) -> Iterator[list[_M]]:
    found = rows.order_by("pk").iterator(chunk_size=_AT_ONCE)
    while page := list(islice(found, _AT_ONCE)):
        yield page
