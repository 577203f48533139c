"""Read the persons a batch touches, and write back what changed, in one transaction.

Whoever changes persons of a project holds its lock row, taken in order of the projects, so that writers wait for each
other instead of seeing halves of each other's merges or locking each other out; with SQLite the transaction itself is
that lock. Everything a transaction writes carries the same version, higher than any the rows had before.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, Final, TypeVar

import msgspec
from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)

from apps.common.errors import UnavailableError
from apps.people import held
from apps.people.graph import Graph, Key, Person, Place
from apps.people.mirrors import Mirrors
from apps.people.models import SEARCHED_LENGTH, DistinctId, MirrorDebt, ProjectLock
from apps.people.models import Person as PersonRow

_AT_ONCE: Final = 5_000
"""How many values one statement names; SQLite takes 32,766."""

_TRIES: Final = 5
_UUID_LENGTH: Final = 36
_T = TypeVar("_T")


def in_transaction(work: Callable[[], _T]) -> _T:
    """Do work in one transaction, again when another one was in its way.

    Raises UnavailableError when the database is away or too busy: nothing was written then.
    """
    for attempt in range(_TRIES):
        try:
            _freshen()
            with transaction.atomic():
                return work()
        except (DataError, IntegrityError) as exc:
            if isinstance(exc, DataError) or attempt == _TRIES - 1:
                raise
        except (OperationalError, InterfaceError) as exc:
            if attempt == _TRIES - 1 or connection.in_atomic_block:
                raise UnavailableError("The database cannot take changes of persons for now.") from exc
        time.sleep(0.05 * 2**attempt)
    raise AssertionError


def reading(work: Callable[[], _T]) -> _T:
    """Read; raises UnavailableError when the database is away."""
    try:
        _freshen()
        return work()
    except (OperationalError, InterfaceError) as exc:
        raise UnavailableError("The database cannot be asked about persons for now.") from exc


def _freshen() -> None:
    """Let go of a connection that broke or is too old, as Django does before a request; a writer has no requests."""
    if not connection.in_atomic_block:
        close_old_connections()


def lock(project_ids: Iterable[int]) -> None:
    """Wait until nobody else changes persons of these projects, and keep them out until the transaction ends."""
    if connection.vendor == "sqlite":
        return  # a transaction is alone there from its beginning
    wanted = sorted(set(project_ids))
    ProjectLock.objects.bulk_create([ProjectLock(project_id=each) for each in wanted], ignore_conflicts=True)
    list(ProjectLock.objects.select_for_update().filter(project_id__in=wanted).order_by("project_id"))


def find_persons(keys: Iterable[Key]) -> dict[Key, str]:
    """Look up whom distinct ids lead to; those nobody knows are left out."""
    return {key: person_id for key, person_id, _ in _places(keys)}


def load(keys: Iterable[Key]) -> Graph:
    """Read what is known of distinct ids and the persons they lead to. Call `lock` before."""
    graph = Graph()
    found = list(_places(keys))
    for person in _persons({person_id for _, person_id, _ in found}):
        graph.persons[person.id] = person
    for key, person_id, version in found:
        if person_id in graph.persons:
            graph.places[key] = Place(graph.persons[person_id], version)
    return graph


def version_above(versions: Iterable[int]) -> int:
    """Give a version above others, which is the present time in microseconds unless clocks differ."""
    return max(time.time_ns() // 1_000, 1 + max(versions, default=0))


def save(graph: Graph, mirrors: Mirrors) -> None:
    """Write what changed, and add it to the rows for ClickHouse."""
    gone = {person.id: person for person in graph.merged_away()}
    moved = list(_moved(gone))
    # In the order of the indices, which databases fill fastest.
    persons = sorted(graph.changed_persons(), key=lambda person: person.id)
    places = sorted(graph.changed_places(), key=itemgetter(0))
    _insert_persons([person for person in persons if not person.version], mirrors)
    _update_persons([person for person in persons if person.version], mirrors)
    _insert_places(places, mirrors)
    _move_places(moved, mirrors)
    if gone:
        for ids in _chunks(list(gone)):
            PersonRow.objects.filter(pk__in=ids).delete()
        for person in gone.values():
            mirrors.forget_person(person.project_id, person.id, person.created_us)


def owe(mirrors: Mirrors) -> int | None:
    """Note that rows of this version are not in ClickHouse yet, in the transaction that wrote them."""
    return MirrorDebt.objects.create(version=mirrors.version).pk if mirrors else None


def forgive(debts: Sequence[int]) -> None:
    """Strike debts that are settled."""
    if debts:
        MirrorDebt.objects.filter(pk__in=debts).delete()


def _places(keys: Iterable[Key]) -> Iterator[tuple[Key, str, int]]:
    """Read rows of distinct ids; in plain SQL, since building the query otherwise takes longer than answering it."""
    table = DistinctId._meta.db_table  # noqa: SLF001 - Django's public name for it
    by_project: dict[int, list[str]] = {}
    for project_id, distinct_id in set(keys):
        by_project.setdefault(project_id, []).append(distinct_id)
    for project_id, distinct_ids in by_project.items():
        for ids in _chunks(sorted(distinct_ids)):
            marks = ", ".join(["%s"] * len(ids))
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT distinct_id, person_id, version FROM {table}"  # noqa: S608 - our own names
                    f" WHERE project_id = %s AND distinct_id IN ({marks})",
                    [project_id, *ids],
                )
                for distinct_id, person_id, version in cursor.fetchall():
                    yield (project_id, distinct_id), _text_of_uuid(person_id), version


def _persons(ids: Iterable[str]) -> Iterator[Person]:
    fields = ("project_id", "id", "created_us", "is_identified", "properties", "history", "version")
    for chunk in _chunks(sorted(ids)):
        for row in PersonRow.objects.filter(pk__in=chunk).values_list(*fields):
            project_id, person_id, created_us, is_identified, properties, history, version = row
            known = held.decode(properties, history)
            size = len(properties) + len(history)
            yield Person(project_id, str(person_id), created_us, is_identified, known, version, size)


def _moved(gone: dict[str, Person]) -> Iterator[tuple[Key, Person]]:
    """Go through all distinct ids of persons who were merged away, with whom they lead to now."""
    for ids in _chunks(list(gone)):
        rows = DistinctId.objects.filter(person_id__in=ids)
        for project_id, distinct_id, person_id in rows.values_list("project_id", "distinct_id", "person_id"):
            yield (project_id, distinct_id), gone[str(person_id)].standing()


def _insert_persons(persons: Sequence[Person], mirrors: Mirrors) -> None:
    rows = []
    for person in persons:
        shown, history = _encoded(person)
        first = (_uuid(person.id), person.project_id, person.created_us, person.is_identified)
        rows.append((*first, *_searched(person), shown, history, mirrors.version))
        mirrors.add_person(person, shown)
    _insert(
        PersonRow._meta.db_table,  # noqa: SLF001 - Django's public name for it
        ("id", "project_id", "created_us", "is_identified", "email", "name", "properties", "history", "version"),
        rows,
    )


def _update_persons(persons: Sequence[Person], mirrors: Mirrors) -> None:
    rows = []
    for person in persons:
        shown, history = _encoded(person)
        email, name = _searched(person)
        rows.append(
            (person.created_us, person.is_identified, email, name, shown, history, mirrors.version, _uuid(person.id))
        )
        mirrors.add_person(person, shown)
    if rows:
        table = PersonRow._meta.db_table  # noqa: SLF001 - Django's public name for it
        with connection.cursor() as cursor:
            cursor.executemany(
                f"UPDATE {table} SET created_us = %s, is_identified = %s, email = %s, name = %s, properties = %s,"  # noqa: S608
                " history = %s, version = %s WHERE id = %s",
                rows,
            )


def _insert_places(places: Sequence[tuple[Key, Place]], mirrors: Mirrors) -> None:
    rows = []
    for key, place in places:
        person_id = place.person.standing().id
        rows.append((*key, _uuid(person_id), mirrors.version))
        mirrors.add_place(key, person_id)
    table = DistinctId._meta.db_table  # noqa: SLF001 - Django's public name for it
    _insert(table, ("project_id", "distinct_id", "person_id", "version"), rows)


def _move_places(moved: Sequence[tuple[Key, Person]], mirrors: Mirrors) -> None:
    if not moved:
        return
    for key, person in moved:
        mirrors.add_place(key, person.id)
    table = DistinctId._meta.db_table  # noqa: SLF001 - Django's public name for it
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET person_id = %s, version = %s WHERE project_id = %s AND distinct_id = %s",  # noqa: S608
            [(_uuid(person.id), mirrors.version, *key) for key, person in moved],
        )


def _insert(table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        marks = ", ".join("%s" for _ in columns)
        with connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608 - our own names


def _encoded(person: Person) -> tuple[str, str]:
    shown, history = held.encode(person.properties)
    return shown.decode(), history.decode()


def _searched(person: Person) -> tuple[str, str]:
    return _text(person.properties.get("email")), _text(person.properties.get("name"))


def _text(one: held.Held | None) -> str:
    """Give a value as text that can be searched for; empty when it is none."""
    if one is None or not one.is_alive or not one.value.startswith(b'"'):
        return ""
    return str(msgspec.json.decode(one.value)).replace("\0", "")[:SEARCHED_LENGTH]


def _uuid(text: str) -> str:
    """Write an id as the database keeps it: SQLite as 32 digits, PostgreSQL as a uuid."""
    return text if _keeps_uuids() else text.replace("-", "")


def _text_of_uuid(kept: object) -> str:
    text = str(kept)
    return text if len(text) == _UUID_LENGTH else f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@cache
def _keeps_uuids() -> bool:
    return connection.features.has_native_uuid_field


def _chunks(values: list[str]) -> Iterator[list[str]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))
