"""Who comes back, how often and as what, over HTTP: what answers carry, groups, values of people, far-off dates."""

from typing import Any

import pytest

from tests.factories.accounts import Cast
from tests.factories.events import Sent, at, insert
from tests.factories.mirrors import insert_groups, insert_persons
from tests.integration.query.conftest import Ask

DAYS = {"date_from": "2026-03-01", "date_to": "2026-03-03"}


def ping(who: str, day: int, **properties: object) -> Sent:
    return Sent("ping", who, at(f"2026-03-0{day}T10:00"), properties)


def retention(**fields: object) -> dict[str, Any]:
    shown = {"targetEntity": {"id": "ping"}, "returningEntity": {"id": "ping"}, "totalIntervals": 3}
    return {"kind": "RetentionQuery", "dateRange": DAYS, "retentionFilter": shown} | fields


def about(kind: str, **fields: object) -> dict[str, Any]:
    return {"kind": kind, "series": [{"kind": "EventsNode", "event": "ping"}], "dateRange": DAYS} | fields


def results(ask: Ask, query: dict[str, Any]) -> list[dict[str, Any]]:
    answer = ask(query)
    assert answer.status_code == 200, answer.json()
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def counts(rows: list[dict[str, Any]]) -> list[list[int]]:
    return [[cell["count"] for cell in row["values"]] for row in rows]


def test_retention__answer__names_rows_and_columns(cast: Cast, ask: Ask) -> None:
    # Given
    cast.project.timezone = "Europe/Berlin"
    cast.project.save()
    insert(cast.project.pk, [ping("ada", 1), ping("ada", 2), ping("ben", 2)])

    # When
    answer = ask(retention()).json()

    # Then
    first = answer["results"][0]
    assert (first["label"], first["date"]) == ("Day 0", "2026-03-01T00:00:00+01:00")
    assert first["values"][1] == {"count": 1, "label": "Day 1"}
    assert counts(answer["results"]) == [[1, 1, 0], [2, 0, 0], [0, 0, 0]]
    assert answer["resolved_date_range"]["date_to"] == "2026-03-03T23:59:59.999999+01:00"
    assert answer["hogql"].count("FROM events") == 1


def test_retention__of_groups__leaves_out_events_without_one(cast: Cast, ask: Ask) -> None:
    # Given
    events = [("ada", 1, {"$group_0": "acme"}), ("ben", 2, {"$group_0": "acme"}), ("eve", 1, {}), ("eve", 2, {})]
    insert(cast.project.pk, [ping(who, day, **properties) for who, day, properties in events])

    # When / Then
    assert counts(results(ask, retention(aggregation_group_type_index=0))) == [[1, 1, 0], [1, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("limit", [1, 25])
def test_retention__split_by_what_people_are__puts_each_under_their_value(cast: Cast, ask: Ask, limit: int) -> None:
    # Given
    insert(cast.project.pk, [ping("ada", 1), ping("ada", 2), ping("ben", 1), ping("eve", 2), ping("dan", 1)])
    insert_persons(cast.project.pk, {"ada": {"plan": "pro"}, "ben": {"plan": "free"}, "dan": {"plan": "pro"}})
    split = {"breakdown": "plan", "breakdown_type": "person", "breakdown_limit": limit}

    # When
    rows = results(ask, retention(breakdownFilter=split))

    # Then
    by_value: dict[str, list[list[int]]] = {row["breakdown_value"]: [] for row in rows}
    for row in rows:
        by_value[row["breakdown_value"]].append([cell["count"] for cell in row["values"]])
    pro = [[2, 1, 0], [1, 0, 0], [0, 0, 0]]
    if limit == 1:
        assert by_value == {"pro": pro, "$$_posthog_breakdown_other_$$": [[1, 0, 0], [1, 0, 0], [0, 0, 0]]}
    else:
        free, none = [[1, 0, 0], [0, 0, 0], [0, 0, 0]], [[0, 0, 0], [1, 0, 0], [0, 0, 0]]
        assert by_value == {"pro": pro, "free": free, "": none}


@pytest.mark.parametrize("kind", ["retention_recurring", "retention_first_time"])
def test_retention__of_people_split_by_their_group__takes_the_group_at_the_beginning(
    cast: Cast, ask: Ask, kind: str
) -> None:
    # Given
    insert(cast.project.pk, [ping("ada", 1, **{"$group_0": "acme"}), ping("ada", 2, **{"$group_0": "acme"})])
    insert_groups(cast.project.pk, {(0, "acme"): {"size": "big"}}, {(0, "acme"): at("2026-03-01")})
    split = {"breakdown": "size", "breakdown_type": "group", "breakdown_group_type_index": 0}

    # When
    shown = retention()["retentionFilter"] | {"retentionType": kind}
    rows = results(ask, retention(breakdownFilter=split, retentionFilter=shown))

    # Then
    assert {row["breakdown_value"] for row in rows} == {"big"}
    assert counts(rows) == [[1, 1, 0], [1 if kind == "retention_recurring" else 0, 0, 0], [0, 0, 0]]


def test_retention__filtered_by_what_people_are__counts_these(cast: Cast, ask: Ask) -> None:
    # Given
    insert(cast.project.pk, [ping("ada", 1), ping("ada", 3), ping("ben", 1)])
    insert_persons(cast.project.pk, {"ada": {"plan": "pro"}, "ben": {"plan": "free"}})
    pro = [{"key": "plan", "value": "pro", "type": "person"}]

    # When / Then
    assert counts(results(ask, retention(properties=pro)))[0] == [1, 0, 1]


def test_lifecycle__of_groups__knows_when_they_were_made(cast: Cast, ask: Ask) -> None:
    # Given
    insert(cast.project.pk, [ping("ada", day, **{"$group_0": "acme"}) for day in (1, 2)])
    insert(cast.project.pk, [ping("ben", 2, **{"$group_0": "old"}), ping("eve", 2)])
    insert_groups(
        cast.project.pk,
        {(0, "acme"): {}, (0, "old"): {}},
        {(0, "acme"): at("2026-03-01T10:00"), (0, "old"): at("2025-01-01")},
    )

    # When
    found = results(ask, about("LifecycleQuery", aggregation_group_type_index=0))

    # Then
    assert [one["status"] for one in found] == ["new", "returning", "resurrecting", "dormant"]
    assert [one["data"] for one in found] == [[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, -2]]
    assert (found[0]["label"], found[3]["count"]) == ("ping - new", -2)


def test_lifecycle__everybody_has_a_record__history_is_not_read(cast: Cast, ask: Ask) -> None:
    # Given
    insert(cast.project.pk, [ping("ada", 1), *(Sent("pong", "ada", at("2025-03-01T10:00")) for _ in range(500))])
    query = about("LifecycleQuery")
    unknown = ask(query).json()
    insert_persons(cast.project.pk, {"ada": {}}, {"ada": at("2026-03-01T10:00")})

    # When
    known = ask(query).json()

    # Then
    assert unknown["results"][2]["data"] == [1, 0, 0]
    assert known["results"][0]["data"] == [1, 0, 0]
    assert unknown["rows_read"] > known["rows_read"] + 400


def test_stickiness__compared_and_cumulative__names_periods(cast: Cast, ask: Ask) -> None:
    # Given
    insert(cast.project.pk, [ping("ada", 1), ping("ada", 2), ping("ben", 3)])

    # When
    current, previous = results(
        ask,
        about(
            "StickinessQuery",
            stickinessFilter={"computedAs": "cumulative"},
            compareFilter={"compare": True, "compare_to": "-1d"},
        ),
    )

    # Then
    assert (current["label"], current["data"], current["count"]) == ("ping", [2, 1, 0], 2)
    assert current["labels"] == ["1 day or more", "2 days or more", "3 days or more"]
    assert (previous["compare_label"], previous["data"]) == ("previous", [1, 1, 0])


@pytest.mark.parametrize("kind", ["RetentionQuery", "LifecycleQuery", "StickinessQuery"])
@pytest.mark.parametrize("interval", ["hour", "day", "week", "month"])
@pytest.mark.parametrize("day", ["1901-05-06", "1969-12-10", "1970-01-01", "2150-02-03", "2290-06-01"])
def test_question__about_a_day_far_away__finds_who_was_there(
    cast: Cast, ask: Ask, kind: str, interval: str, day: str
) -> None:
    # Given: somebody at that moment, and somebody at another end of time
    moments = [at(f"{day}T00:00"), at("2026-03-01T00:00")]
    insert(cast.project.pk, [Sent("ping", f"p{index}", moment) for index, moment in enumerate(moments)])
    dates = {"date_from": day, "date_to": day}
    shown = {"targetEntity": {"id": "ping"}, "returningEntity": {"id": "ping"}, "period": interval.capitalize()}

    # When / Then
    if kind == "RetentionQuery":
        first_time = {"retentionType": "retention_first_time"}
        for extra in ({}, first_time):
            assert counts(results(ask, retention(dateRange=dates, retentionFilter=shown | extra)))[0][0] == 1
    else:
        assert max(one["count"] for one in results(ask, about(kind, dateRange=dates, interval=interval))) == 1


@pytest.mark.parametrize("text", ["'; DROP TABLE events; --", "%(project_id)s %s %", "`\\", "😀"])
def test_question__with_hostile_text__finds_nobody(cast: Cast, ask: Ask, text: str) -> None:
    # Given
    insert(cast.project.pk, [ping("ada", 1)])
    entity = {"id": text, "properties": [{"key": text, "value": text}]}
    shown = {"targetEntity": entity, "returningEntity": entity, "retentionType": "retention_first_ever_occurrence"}
    series = [{"kind": "EventsNode", "event": text, "properties": entity["properties"]}]

    # When / Then
    assert set(map(max, counts(results(ask, retention(retentionFilter=shown))))) == {0}
    assert results(ask, retention(breakdownFilter={"breakdown": text}))[0]["breakdown_value"] == ""
    for kind in ("LifecycleQuery", "StickinessQuery"):
        assert {one["count"] for one in results(ask, about(kind, series=series))} == {0}
