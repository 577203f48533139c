import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.catalog.contracts import PropertyType, Scope
from apps.catalog.sightings import Known, Limits, Rows, Sightings, looks, memory
from apps.catalog.sightings.looks import type_of

NOON = 1_750_000_000_000_000
SECOND = 1_000_000
DAY = 86_400 * SECOND


def sightings(*, events: int = 100, properties: int = 1_000, known: Known | None = None) -> Sightings:
    return Sightings(Limits(events, properties), lambda _: known or Known())


def see(
    memory: Sightings, *contents: dict[str, Any], event: str = "asked", project: int = 1, at: Iterable[int] = ()
) -> Rows:
    moments = list(at) or [NOON + row for row in range(len(contents))]
    texts = [json.dumps(content).encode() for content in contents]
    return memory.see([project] * len(contents), [event] * len(contents), moments, texts)


def names(rows: Rows) -> dict[str, PropertyType]:
    return {name: kind for _, _, _, name, kind, _, _ in rows.properties}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b'"a"', PropertyType.STRING),
        (b'""', PropertyType.STRING),
        (b'"2026-11-22"', PropertyType.DATETIME),
        (b'"2026-11-22T10:00:00.123Z"', PropertyType.DATETIME),
        (b'"2026-11-22 10:00:00+02:00"', PropertyType.DATETIME),
        (b'"2026-11-22 or later"', PropertyType.STRING),
        (b"1", PropertyType.NUMERIC),
        (b"-1.5e3", PropertyType.NUMERIC),
        (b"true", PropertyType.BOOLEAN),
        (b"false", PropertyType.BOOLEAN),
        (b"[1]", PropertyType.ARRAY),
        (b'{"a":1}', PropertyType.OBJECT),
        (b"null", None),
    ],
)
def test_type_of__json_value__is_told_by_its_beginning(text: bytes, kind: PropertyType | None) -> None:
    assert type_of(text) is kind


def test_see__first_events__are_written_with_their_properties_and_times() -> None:
    # When
    rows = see(sightings(), {"a": 1, "b": "x"}, {"a": 2, "none": None}, at=[NOON + 5, NOON])

    # Then what every event had spans all of them
    assert rows.events == [(1, "asked", NOON, NOON + 5)]
    assert sorted(rows.properties) == [
        (1, Scope.EVENT, "asked", "a", PropertyType.NUMERIC, NOON, NOON + 5),
        (1, Scope.EVENT, "asked", "b", PropertyType.STRING, NOON + 5, NOON + 5),
    ]


def test_see__same_again_within_a_minute__writes_nothing() -> None:
    # Given
    memory = sightings()
    see(memory, {"a": 1})

    # When / Then
    assert see(memory, {"a": 2}, at=[NOON + 59 * SECOND]) == Rows()


def test_see__same_again_later__widens_the_times() -> None:
    # Given
    memory = sightings()
    see(memory, {"a": 1})

    # When
    later, earlier = NOON + 61 * SECOND, NOON - 61 * SECOND
    rows = see(memory, {"a": 2}, {"a": 2}, at=[later, earlier])

    # Then
    assert rows.events == [(1, "asked", earlier, later)]
    assert rows.properties == [(1, Scope.EVENT, "asked", "a", PropertyType.NUMERIC, earlier, later)]


def test_see__events_of_many_days__each_property_has_its_own_days() -> None:
    # Given an import of ten days, of which only the third knows a property
    contents = [{"a": 1, "b": 1} if day == 3 else {"a": 1} for day in range(10)]

    # When
    memory = sightings()
    rows = see(memory, *contents, at=[NOON + day * DAY for day in range(10)])

    # Then the widest of each is what will be read
    spans = {row[3]: (min(r[5] for r in rows.properties if r[3] == row[3]), row[6]) for row in rows.properties}
    assert spans == {"a": (NOON, NOON + 9 * DAY), "b": (NOON + 3 * DAY, NOON + 3 * DAY)}


def test_see__rare_property_among_thousands__is_noticed() -> None:
    # Given an event so common that most are compared only now and then
    memory = sightings()
    for batch in range(4):
        see(memory, *({"a": 1, "b": "x"} for _ in range(500)), at=range(NOON + batch * 500, NOON + batch * 500 + 500))

    # When something new keeps coming
    rows = see(memory, *({"a": 1, "new": True} for _ in range(looks.EVERY)))

    # Then
    assert names(rows) == {"new": PropertyType.BOOLEAN}


def test_see__each_of_few_events_new__all_are_noticed() -> None:
    # Given an event that was seen often enough to be compared only
    memory = sightings()
    see(memory, *({"a": 1} for _ in range(100)))

    # When
    rows = see(memory, *({"a": 1, f"p{number}": number} for number in range(50)))

    # Then
    assert names(rows) == {f"p{number}": PropertyType.NUMERIC for number in range(50)}


def test_see__type_changed__is_noticed() -> None:
    memory = sightings()
    see(memory, *({"a": 1} for _ in range(100)))
    assert names(see(memory, {"a": "text"})) == {"a": PropertyType.STRING}


def test_see__after_a_while__a_property_that_went_missing_is_not_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a property that was sent once
    memory = sightings()
    see(memory, *({"a": 1, "gone": 1} for _ in range(20)))
    monkeypatch.setattr("apps.catalog.sightings.memory.time.monotonic", lambda: 10**9)

    # When a minute later events come without it
    rows = see(memory, *({"a": 1} for _ in range(20)), at=[NOON + 120 * SECOND] * 20)

    # Then only the other is renewed
    assert names(rows) == {"a": PropertyType.NUMERIC}


def test_see__person_properties__are_noted_as_of_persons() -> None:
    # Given events that set something of a person, compared only after a while
    memory = sightings()
    rows = see(memory, *({"$set": {"plan": "pro"}, "$set_once": {"$initial_os": "Linux"}} for _ in range(100)))
    later = see(memory, {"$set": {"plan": "pro", "seats": 5}})

    # Then
    scopes = {
        (scope, carrier, name, kind) for _, scope, carrier, name, kind, _, _ in rows.properties + later.properties
    }
    assert scopes == {
        (Scope.PERSON, "", "plan", PropertyType.STRING),
        (Scope.PERSON, "", "$initial_os", PropertyType.STRING),
        (Scope.PERSON, "", "seats", PropertyType.NUMERIC),
    }


def test_see__group_properties__are_noted_under_their_type() -> None:
    content = {"$group_type": "company", "$group_key": "acme", "$group_set": {"seats": 5}}
    rows = see(sightings(), content, {"$group_set": {"orphan": 1}}, event="$groupidentify")
    assert [row[1:5] for row in rows.properties if row[1] is Scope.GROUP] == [
        (Scope.GROUP, "company", "seats", PropertyType.NUMERIC)
    ]


def test_see__too_many_names__are_counted_not_noted() -> None:
    # Given a project with nearly as many names as it may have
    known = Known({"old"}, {(Scope.EVENT, "old")})
    memory = sightings(events=2, properties=3, known=known)

    # When
    rows = see(memory, *({f"p{number}": 1} for number in range(10)), event="new")
    more = see(memory, {"x": 1}, event="one too many")

    # Then
    assert len(rows.events) == 1
    assert len(rows.properties) == 2
    assert rows.refused == {1: 8}
    assert (more.events, more.properties, more.refused) == ([], [], {1: 1})


def test_see__name_known_at_the_limit__is_still_renewed() -> None:
    known = Known({"asked"}, {(Scope.EVENT, "a")})
    rows = see(sightings(events=1, properties=1, known=known), {"a": 1, "b": 2})
    assert (len(rows.events), names(rows), rows.refused) == (1, {"a": PropertyType.NUMERIC}, {1: 1})


def test_see__what_is_put_to_events__is_listed_with_them() -> None:
    # Given events of which some are told their place, and one has something taken away
    memory = sightings()
    texts = [b'{"a":1}', b'{"a":1,"secret":1}', b'{"a":1}']
    added: list[dict[str, object] | None] = [
        {"$geoip_city_name": "London", "$ip": "81.2.69.142"},
        {"secret": object()},
        None,
    ]

    # When
    rows = memory.see([1] * 3, ["asked"] * 3, [NOON] * 3, texts, added)

    # Then
    assert names(rows) == {
        "a": PropertyType.NUMERIC,
        "secret": PropertyType.NUMERIC,
        "$geoip_city_name": PropertyType.STRING,
        "$ip": PropertyType.STRING,
    }

    # When something else is put to a later one
    rows = memory.see([1], ["asked"], [NOON], texts[:1], [{"$is_bot": True}])

    # Then
    assert names(rows) == {"$is_bot": PropertyType.BOOLEAN}


def test_see__names_cannot_be_loaded__are_asked_for_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a project whose names cannot be told at first
    asked: list[int] = []
    clock = [100.0]
    monkeypatch.setattr("apps.catalog.sightings.memory.time.monotonic", lambda: clock[0])

    def load(project_id: int) -> Known | None:
        asked.append(project_id)
        return None if len(asked) == 1 else Known({"asked"}, {(Scope.EVENT, "a"), (Scope.EVENT, "b")})

    filling = Sightings(Limits(10, 2), load)

    # When
    first = see(filling, {"a": 1}, {"c": 1})
    clock[0] += memory.RETRY_SECONDS
    second = see(filling, {"d": 1}, event="paid")

    # Then what was seen meanwhile was noted, and later the limit holds
    assert len(first.properties) == 2
    assert (second.properties, second.refused) == ([], {1: 1})
    assert asked == [1, 1]


def test_see__two_projects__do_not_share() -> None:
    memory = sightings()
    see(memory, {"a": 1}, project=1)
    assert [row[0] for row in see(memory, {"a": 1}, project=2).properties] == [2]


def test_see__canary__belongs_to_nobody() -> None:
    assert see(sightings(), {"a": 1}, project=0) == Rows()


@pytest.mark.parametrize("text", [b"{", b"[]", b'{"a":1e999}', b"", b"{" * 5_000], ids=str)
def test_see__unreadable_properties__harm_nobody(text: bytes) -> None:
    # Given
    memory = sightings()
    see(memory, *({"a": 1} for _ in range(100)))

    # When
    rows = memory.see([1, 1], ["asked", "asked"], [NOON, NOON], [text, b'{"b":1}'])

    # Then
    assert names(rows)["b"] is PropertyType.NUMERIC


def test_see__names_that_are_none__are_left_out() -> None:
    assert names(see(sightings(), {"": 1, "x" * 401: 1, "fine": 1})) == {"fine": PropertyType.NUMERIC}


def test_see__very_many_names_remembered__are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a memory that holds little
    monkeypatch.setattr(memory, "_MOST_NOTES", 10)
    monkeypatch.setattr(memory, "_MOST_LOOKS", 1)
    filled = sightings()
    see(filled, {f"p{number}": 1 for number in range(20)})

    # When it is full, the same is written again, which changes nothing
    assert len(see(filled, {f"p{number}": 1 for number in range(20)}).properties) == 20


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=3), st.lists(st.integers(), max_size=2), st.dictionaries(st.sampled_from("xy"), st.integers()),
)  # fmt: skip


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4), min_size=1, max_size=120))
def test_see__any_events_few_enough_to_look_at_each__give_what_plain_reading_gives(
    contents: list[dict[str, Any]],
) -> None:
    # Given what a plain reading finds, types by the first occurrence of lists and objects
    expected = {name for content in contents for name, value in content.items() if value is not None}

    # When / Then
    assert set(names(see(sightings(), *contents))) == expected
