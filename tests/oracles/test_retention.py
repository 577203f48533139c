"""The retention engine and naive counting agree, over clock changes, merged ids and events that came twice."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories.events import Sent, insert
from tests.factories.mirrors import insert_merges
from tests.oracles import retention
from tests.oracles.conftest import answer, new_project
from tests.oracles.retention import Event, Retention

RELAXED = settings(max_examples=8, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
NIGHT = date(2026, 3, 29)
ROWS = 5
PEOPLE = ["ada", "ben", "eve"]
KINDS = ["retention_recurring", "retention_first_time", "retention_first_ever_occurrence"]


def worlds(hours: int) -> st.SearchStrategy[list[Event]]:
    """Make events of a few people on both sides of the night when clocks change, many of them at one moment."""
    noon = datetime(NIGHT.year, NIGHT.month, NIGHT.day, 12, tzinfo=UTC)
    moments = st.integers(-12, 8).map(lambda step: noon + timedelta(hours=step * hours / 4))
    names = st.sampled_from(["start", "back"])
    people, values = st.sampled_from(PEOPLE), st.sampled_from(["", "red", "blue"])
    return st.lists(st.builds(Event, people, names, moments, values, st.booleans()), min_size=1, max_size=40)


def send(project_id: int, events: list[Event]) -> None:
    """Send each event under one of two ids of its person, every third one twice; the ids are one person by a merge."""
    sent = [
        Sent(
            event.name,
            f"{event.person}{index % 2}",
            event.at,
            {"colour": event.value, "passes": event.passes},
            f"{event.person}{index % 2}",
        )
        for index, event in enumerate(events)
    ]
    insert(project_id, [*sent, *sent[::3]])
    insert_merges(project_id, {f"{name}1": f"{name}0" for name in PEOPLE})


def query(asked: Retention, period: str, date_to: str, **fields: object) -> dict[str, Any]:
    target = {"id": asked.target, "type": "events", "properties": [{"key": "passes", "value": "true"}]}
    return {
        "kind": "RetentionQuery",
        "dateRange": {"date_to": date_to},
        "retentionFilter": {
            "period": period,
            "retentionType": asked.kind,
            "targetEntity": target,
            "returningEntity": {"id": asked.returning, "type": "events"},
            "totalIntervals": asked.columns,
            "cumulative": asked.is_cumulative,
            "minimumOccurrences": asked.minimum,
        },
        **fields,
    }


def counts(rows: list[dict[str, Any]]) -> list[list[int]]:
    return [[cell["count"] for cell in row["values"]] for row in rows]


def day(zone: ZoneInfo, first: date, width: int = 1) -> retention.Places:
    """Find periods of so many days, by the calendar."""

    def place(moment: datetime) -> int | None:
        found = (moment.astimezone(zone).date() - first).days // width
        return found if 0 <= found < ROWS else None

    return place


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("period", ["Day", "Week"])
def test_retention__over_a_clock_change__agrees_with_naive_counting(kind: str, period: str) -> None:
    width = 7 if period == "Week" else 1
    # Weeks start on Sunday, which the night is.
    first = NIGHT - timedelta(days=(ROWS - 2) * width)

    @RELAXED
    @given(worlds(24 * width), st.sampled_from(["start", "back"]), st.booleans(), st.integers(1, 2))
    def check(events: list[Event], returning: str, is_cumulative: bool, minimum: int) -> None:  # noqa: FBT001
        # Given
        project = new_project("Europe/Berlin")
        send(project.id, events)
        asked = Retention("start", returning, kind, ROWS, ROWS, is_cumulative, minimum)

        # When
        rows = answer(project, query(asked, period, f"{first + timedelta(days=(ROWS - 1) * width)}"))

        # Then
        place = day(ZoneInfo("Europe/Berlin"), first, width)
        assert counts(rows) == retention.triangle(events, asked, place)
        assert rows[0]["date"].startswith(f"{first}T00:00:00")

    check()


@RELAXED
@given(worlds(1), st.booleans())
def test_retention__by_hours_of_a_night_when_one_comes_twice__counts_passing_hours(
    events: list[Event],
    is_cumulative: bool,  # noqa: FBT001
) -> None:
    # Given
    zone = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 10, 25, 0, tzinfo=zone).astimezone(UTC)
    moved = [
        Event(one.person, one.name, one.at + (start + timedelta(hours=2) - datetime(2026, 3, 29, 12, tzinfo=UTC)))
        for one in events
    ]
    project = new_project("Europe/Berlin")
    send(project.id, moved)
    asked = Retention("start", "back", "retention_recurring", ROWS, ROWS, is_cumulative, 1)

    # When: from midnight the hours are 0, 1, 2, 2 again and 3
    rows = answer(project, query(asked, "Hour", "2026-10-25T03:00"))

    # Then
    def place(moment: datetime) -> int | None:
        found = (moment - start) // timedelta(hours=1)
        return found if 0 <= found < ROWS else None

    assert [row["date"][11:] for row in rows][2:4] == ["02:00:00+02:00", "02:00:00+01:00"]
    assert counts(rows) == retention.triangle(moved, asked, place)


@pytest.mark.parametrize("kind", KINDS[:2])
def test_retention__split_by_the_value_at_the_beginning__agrees_with_naive_counting(kind: str) -> None:
    first = NIGHT - timedelta(days=ROWS - 2)
    place = day(ZoneInfo("UTC"), first)

    @RELAXED
    @given(worlds(24), st.integers(1, 3))
    def check(events: list[Event], limit: int) -> None:
        # Given: no two values at one moment, so that the first of an actor is one
        unique = list({(event.person, event.name, event.at): event for event in events}.values())
        project = new_project()
        send(project.id, unique)
        asked = Retention("start", "back", kind, ROWS, ROWS, is_cumulative=False, minimum=1)
        split = {"breakdown": "colour", "breakdown_limit": limit}

        # When
        rows = answer(project, query(asked, "Day", f"{first + timedelta(days=ROWS - 1)}", breakdownFilter=split))

        # Then
        values = {"", "red", "blue"}
        tables = {value: under(unique, {value}, asked, place) for value in values}
        sizes = {value: sum(row[0] for row in table) for value, table in tables.items()}
        ranked = sorted((value for value in values if sizes[value]), key=lambda value: (-sizes[value], value))
        expected = {value: tables[value] for value in ranked[:limit]}
        if ranked[limit:]:
            expected["$$_posthog_breakdown_other_$$"] = under(unique, set(ranked[limit:]), asked, place)
        found: dict[str, list[list[int]]] = {}
        for row in rows:
            found.setdefault(row["breakdown_value"], []).append([cell["count"] for cell in row["values"]])
        assert list(found) == list(expected)
        assert found == expected

    check()


def under(events: list[Event], values: set[str], asked: Retention, place: retention.Places) -> list[list[int]]:
    """Count those who begin with one of the values; the first beginning is the first under any value."""
    people = {event.person for event in events}
    table = [[0] * asked.columns for _ in range(asked.rows)]
    for person in people:
        own = [event for event in events if event.person == person]
        starts = [event for event in own if event.name == asked.target and event.passes]
        if asked.kind != "retention_recurring":
            starts = sorted(starts, key=lambda event: event.at)[:1]
        kept = [event for event in starts if event.value in values]
        back = [event for event in own if event.name != asked.target]
        for row, added in enumerate(retention.triangle([*kept, *back], asked, place)):
            table[row] = [one + other for one, other in zip(table[row], added, strict=True)]
    return table
