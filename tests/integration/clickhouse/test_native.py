"""Properties written as columns mean exactly what the same properties mean when they go in as text."""

import json
from collections.abc import Sequence
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.clickhouse import client, tables
from apps.clickhouse.native import flat
from apps.clickhouse.native.block import Block
from apps.clickhouse.native.reader import Objects, Reader
from apps.clickhouse.native.values import few_texts, numbers, texts, uuids
from apps.clickhouse.statement import Statement
from apps.ingest.properties import change

ROUND = count(1)
KEYS = st.sampled_from(["a", "b", "a.b", "$set", "a%2Eb", "", "^x", "a`b", 'q"q', "é", "x\n", "%", "\x00", "b."])
LENGTHS = (31, 32, 127, 128, 217, 300, 17_000)
ODD_TEXTS = [
    "",
    "2024-01-01",
    "2024-01-01T00:00:00Z",
    "1",
    "true",
    "null",
    "é" * 20,
    "٩",
    "[1]",
    "[{",
    "\\",
    '"',
    '\\"',
    "\x00",
]
TEXTS = st.text(max_size=40) | st.sampled_from([*ODD_TEXTS, *("x" * length for length in LENGTHS)])
INTEGERS = st.integers(-(2**65), 2**65) | st.sampled_from([0, 1, 2**63 - 1, 2**63, -(2**63), 2**64 - 1, 2**64])
FLOATS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([1.0, -0.0, 1e22, 5e-324, 0.1])
SCALARS = st.none() | st.booleans() | INTEGERS | FLOATS | TEXTS
LISTED_INTEGERS = st.integers(-(2**53), 2**53)
"""Text lets an integer become a float where the block has lists of floats at the same path; these survive it."""
ALIKE = st.one_of(*(st.lists(st.none() | kind, max_size=3) for kind in (st.booleans(), LISTED_INTEGERS, FLOATS, TEXTS)))
LISTS = ALIKE | st.lists(SCALARS, max_size=3)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS | LISTS, lambda inner: st.dictionaries(KEYS, inner, max_size=3) | st.lists(inner, max_size=2), max_leaves=6
)
PAIRS = st.lists(st.tuples(KEYS, VALUES), max_size=5)
RESEMBLING = st.fixed_dictionaries(
    {"a": TEXTS, "n": st.integers(-5, 5)},
    optional={"b": SCALARS, "l": ALIKE, "$set": st.fixed_dictionaries({}, optional={"a": SCALARS, "b.c": TEXTS})},
)
"""Objects as one kind of event has them, so that the fast way is taken too."""


def as_json(pairs: Sequence[tuple[str, Any]]) -> bytes:
    """Write an object down pair by pair, so that keys may come twice."""
    return ("{" + ", ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in pairs) + "}").encode()


def landing(project_id: int, number: int, contents: Sequence[bytes]) -> dict[str, list[Any]]:
    """Give the columns of the landing table for properties."""
    rows = len(contents)
    return {
        "project_id": [project_id] * rows,
        "uuid": [str(UUID(int=(number << 64) + row)) for row in range(rows)],
        "event": [f"seen {row % 3}" for row in range(rows)],
        "distinct_id": ["p1"] * rows,
        "person_id": [str(UUID(int=1))] * rows,
        "timestamp_us": [1_767_225_600_000_000] * rows,
        "received_us": [1_767_225_600_000_000] * rows,
        "properties": list(contents),
        "entry": [f"{number}-0"] * rows,
    }


def as_block(columns: dict[str, list[Any]], properties: list[bytes]) -> Block:
    """Pack the same rows with their properties as a column."""
    return Block(
        len(columns["uuid"]),
        {
            "project_id": [numbers("Q", columns["project_id"])],
            "uuid": [uuids(columns["uuid"])],
            "event": [few_texts(columns["event"])],
            "distinct_id": [texts(columns["distinct_id"])],
            "person_id": [uuids(columns["person_id"])],
            "timestamp": [numbers("q", columns["timestamp_us"])],
            "received_at": [numbers("q", columns["received_us"])],
            "properties": properties,
            "entry": [texts(columns["entry"])],
        },
    )


def stored(project_id: int, number: int) -> list[tuple[Any, ...]]:
    """Read a round's rows back, the properties as text and as paths with types."""
    statement = Statement(
        "SELECT uuid, event, distinct_id, person_id, timestamp, received_at, entry, toJSONString(properties), "
        # Of what type a list is that has room for several (empty, or only nulls) depends, as text, on its neighbours.
        "replaceRegexpAll(toString(JSONAllPathsWithTypes(properties)), 'Array.Nullable.\\\\w+..', 'Array'), "
        "unreadable_properties FROM events "
        "WHERE project_id = %(project_id)s AND entry = %(entry)s ORDER BY uuid",
        {"project_id": project_id, "entry": f"{number}-0"},
    )
    return client.run(statement).rows


ALL_ALIKE = RESEMBLING.map(lambda content: as_json(list(content.items())))


@pytest.fixture(scope="module")
def reader() -> Reader:
    """Give one reader for all rounds, which so meets shapes it knows and others."""
    return Reader()


CHANGES = st.none() | st.fixed_dictionaries(
    {"$host": TEXTS}, optional={"a": SCALARS, "l": LISTS, "$set": VALUES, "p.q": FLOATS | LISTED_INTEGERS}
)
"""What the steps of the writer put into an event."""


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    contents=st.lists(PAIRS.map(as_json), min_size=1, max_size=6) | st.lists(ALL_ALIKE, min_size=20, max_size=40),
    data=st.data(),
)
@pytest.mark.usefixtures("clickhouse")
def test_properties__as_column_and_as_text__mean_the_same(
    project_id: int, reader: Reader, contents: list[bytes], data: st.DataObject
) -> None:
    # Given
    number = next(ROUND)
    rows = range(len(contents))
    changes = data.draw(st.none() | st.lists(CHANGES, min_size=len(contents), max_size=len(contents)))
    objects = Objects(contents, changes, change)
    split = reader.read([row % 2 for row in rows], objects)
    assert sorted(split.rows + split.rest) == list(rows)

    # When the ones that can be columns go in both ways
    columns = landing(project_id, number, [objects.changed(row) for row in rows])
    kept = {name: [values[row] for row in split.rows] for name, values in columns.items()}
    client.insert_block(tables.EVENTS, as_block(kept, split.column.finish()))
    twin = project_id + 50_000_000
    client.insert(tables.EVENTS_LANDING, kept | {"project_id": [twin] * len(split.rows)})

    # Then
    assert stored(project_id, number) == stored(twin, number)
    assert len(stored(project_id, number)) == len(split.rows)


@given(
    contents=st.lists(PAIRS.map(as_json) | RESEMBLING.map(lambda content: as_json(list(content.items()))), max_size=80)
)
@settings(deadline=None, max_examples=80)
def test_what_goes_as_text__depends_on_the_object_alone(contents: list[bytes]) -> None:
    # Given what the plain rules say of each object by itself
    def is_flat(text: bytes) -> bool:
        if not flat.may_be_flat(text):
            return False
        try:
            flat.flatten(text, flat.decode(text))
        except flat.NotFlatError:
            return False
        return True

    # When they are read together, by a reader that learns and then knows
    reader = Reader()
    splits = [reader.read(["same"] * len(contents), Objects(contents)) for _ in range(2)]

    # Then
    expected = [row for row, text in enumerate(contents) if not is_flat(text)]
    assert [sorted(split.rest) for split in splits] == [expected, expected]
