"""POST /api/projects/{id}/query/: who may ask, what comes back, and what is refused."""

from typing import Any

import pytest
import time_machine

from tests.factories.accounts import Cast, client_with, post
from tests.factories.events import Sent, at, insert
from tests.integration.query.conftest import Ask, asker

DAY = {"date_from": "2026-03-01", "date_to": "2026-03-01"}


def trend(**fields: object) -> dict[str, Any]:
    return {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "ping"}], "dateRange": DAY} | fields


def pings(*properties: dict[str, Any]) -> list[Sent]:
    return [Sent("ping", f"p{index}", at("2026-03-01T10:00"), one) for index, one in enumerate(properties)]


def count(ask: Ask, *filters: dict[str, Any]) -> int:
    answer = ask(trend(properties=list(filters)))
    assert answer.status_code == 200, answer.json()
    return int(answer.json()["results"][0]["count"])


def test_answer__carries_what_the_contract_lists(cast: Cast, ask: Ask) -> None:
    # Given
    insert(cast.project.pk, pings({}, {}))

    # When
    answer = ask(trend()).json()

    # Then
    assert answer["results"][0]["data"] == [2]
    assert answer["timezone"] == "UTC"
    assert answer["resolved_date_range"]["date_from"] == "2026-03-01T00:00:00+00:00"
    assert "FROM events" in answer["hogql"]
    assert answer["is_cached"] is False
    assert answer["rows_read"] >= 2
    assert answer["elapsed"] > 0
    assert answer["cache_key"]
    assert answer["last_refresh"] <= answer["next_allowed_client_refresh"]


@pytest.mark.parametrize("path", ["query/", "query"])
def test_path__with_and_without_last_slash__answers(cast: Cast, path: str) -> None:
    answer = post(cast.ada.client, f"/api/projects/{cast.project.pk}/{path}", {"query": trend()})
    assert answer.status_code == 200


def test_project__current__is_the_callers(cast: Cast) -> None:
    answer = post(cast.ada.client, "/api/projects/@current/query/", {"query": trend()})
    assert answer.status_code == 200


def test_viewer__may_ask(cast: Cast) -> None:
    assert asker(cast.vera.client, cast.project.pk)(trend()).status_code == 200


# --- other people's rows ----------------------------------------------------


def test_stranger__is_turned_away(cast: Cast) -> None:
    assert asker(client_with("phx_nothing"), cast.project.pk)(trend()).status_code == 401


def test_eve__asks_about_a_project_that_is_not_hers__finds_nothing_there(cast: Cast) -> None:
    assert asker(cast.eve.client, cast.project.pk)(trend()).status_code == 404


def test_eve__names_a_foreign_project_inside_her_query__is_refused(cast: Cast) -> None:
    # Given
    insert(cast.project.pk, pings({}, {}))
    eve = asker(cast.eve.client, cast.eves_project.pk)

    # When / Then
    assert eve(trend(project_id=cast.project.pk)).json()["attr"] == "query.project_id"
    assert eve(trend(), project_id=cast.project.pk).json()["attr"] == "project_id"


@pytest.mark.parametrize(
    "hostile",
    [
        "x' OR 1=1 --",
        "x` = '' OR project_id > 0 OR `y",
        "%(project_id)s",
        "x%sx%%",
        "a\\' OR 1=1 OR '",
        "a.:`String`, (SELECT 1)",
        "^`x`",
        "a\x00b",
        "\N{PILE OF POO}",
        "properties.x) OR (1",
        "a.b.c",
        "{p0}",
    ],
)
def test_hostile_names_and_values__stay_data(cast: Cast, hostile: str) -> None:
    """Eve's counts never grow by Ada's rows, whatever text stands as name, key, value or split."""
    # Given
    insert(cast.project.pk, pings({"x": "1"}, {"x": "2"}))
    insert(cast.eves_project.pk, pings({"x": "1"}))
    eve = asker(cast.eve.client, cast.eves_project.pk)
    questions = [
        trend(properties=[{"key": hostile, "value": hostile, "operator": operator}])
        for operator in ("exact", "icontains", "is_not", "is_set", "is_not_set")
    ]
    questions += [
        trend(series=[{"kind": "EventsNode", "event": hostile}]),
        trend(breakdownFilter={"breakdown": hostile, "breakdown_type": "event"}),
        trend(series=[{"kind": "EventsNode", "event": "ping", "math": "sum", "math_property": hostile}]),
        {
            "kind": "FunnelsQuery",
            "series": [{"kind": "EventsNode", "event": "ping"}, {"kind": "EventsNode", "event": hostile}],
            "dateRange": DAY,
            "breakdownFilter": {"breakdown": [hostile]},
        },
    ]

    for question in questions:
        # When
        answer = eve(question)

        # Then
        assert answer.status_code in {200, 400}, answer.json()
        for result in answer.json().get("results", []):
            steps = result if isinstance(result, list) else [result]
            assert all(step["count"] <= 1 for step in steps)


def test_cache__asked_again_after_a_minute__counts_anew(cast: Cast, ask: Ask) -> None:
    # Given
    insert(cast.project.pk, pings({}))
    with time_machine.travel(at("2026-03-02T00:00"), tick=False):
        ask(trend(), refresh="blocking")
    insert(cast.project.pk, pings({}))

    # When
    with time_machine.travel(at("2026-03-02T00:01:01"), tick=False):
        answer = ask(trend(), refresh="blocking").json()

    # Then
    assert (answer["is_cached"], answer["results"][0]["count"]) == (False, 2)


def test_cache__same_question_in_two_projects__keeps_two_answers(cast: Cast) -> None:
    # Given
    insert(cast.project.pk, pings({}, {}, {}))
    insert(cast.eves_project.pk, pings({}))

    # When
    adas = asker(cast.ada.client, cast.project.pk)(trend(), refresh="blocking").json()
    eves = asker(cast.eve.client, cast.eves_project.pk)(trend(), refresh="blocking").json()

    # Then
    assert (adas["results"][0]["count"], eves["results"][0]["count"]) == (3, 1)
    assert adas["cache_key"] != eves["cache_key"]


def test_breakdown__named_in_a_list__gives_its_value_in_one(cast: Cast, ask: Ask) -> None:
    # Given
    insert(cast.project.pk, pings({"x": "red"}, {"x": "red"}, {}))

    # When
    results = ask(trend(breakdownFilter={"breakdowns": [{"property": "x", "type": "event"}]})).json()["results"]

    # Then
    shown = [(series["label"], series["breakdown_value"], series["count"]) for series in results]
    assert shown == [("red", ["red"], 2), ("$$_posthog_breakdown_null_$$", ["$$_posthog_breakdown_null_$$"], 1)]


def test_breakdown__of_more_points_than_an_answer_may_hold__is_too_large(cast: Cast, ask: Ask) -> None:
    # Given
    insert(cast.project.pk, pings(*({"x": f"value {number}"} for number in range(40))))

    # When
    answer = ask(
        trend(
            interval="hour",
            dateRange={"date_from": "-800d"},
            breakdownFilter={"breakdown": "x", "breakdown_type": "event", "breakdown_limit": 1000},
        )
    )

    # Then
    assert (answer.status_code, answer.json()["code"]) == (422, "query_too_large")


@pytest.mark.parametrize(
    "zone", ["Factory", "posix/Europe/Berlin", "right/UTC", "localtime", "Etc/GMT+12", "Mars/Base"]
)
def test_time_zone__unusual__is_used_or_named(cast: Cast, ask: Ask, zone: str) -> None:
    """The engine has a zone database of its own; what only Python knows must not end in a server error."""
    # Given
    cast.project.timezone = zone
    cast.project.save()

    # When
    answer = ask(trend())

    # Then
    assert answer.status_code == 200 or answer.json()["attr"] == "timezone"


def test_event__that_came_twice__counts_once_everywhere(cast: Cast, ask: Ask) -> None:
    # Given
    sent = [Sent(name, "p", at(f"2026-03-01T10:0{index}")) for index, name in enumerate(("ping", "pong"))]
    insert(cast.project.pk, sent)
    insert(cast.project.pk, sent)

    # When
    counted = ask(trend()).json()["results"][0]["data"]
    steps = [{"kind": "EventsNode", "event": name} for name in ("ping", "ping")]
    funnel = ask({"kind": "FunnelsQuery", "series": steps, "dateRange": DAY}).json()["results"]
    listed = cast.ada.client.get(f"/api/projects/{cast.project.pk}/events/").json()["results"]

    # Then
    assert counted == [1]
    assert [step["count"] for step in funnel] == [1, 0]
    assert len(listed) == 2


# --- cache ------------------------------------------------------------------


@pytest.mark.parametrize("mode", [None, False, "blocking", "force_cache", "async", "lazy_async"])
def test_cache__asked_again_at_once__answers_from_it(cast: Cast, ask: Ask, mode: object) -> None:
    with time_machine.travel(at("2026-03-02T00:00"), tick=False):
        # Given
        insert(cast.project.pk, pings({}))
        first = ask(trend(), refresh="force_blocking").json()
        insert(cast.project.pk, pings({}))

        # When
        cached = ask(trend(), refresh=mode).json()
        fresh = ask(trend(), refresh="force_blocking").json()

    # Then
    assert (cached["is_cached"], cached["results"]) == (True, first["results"])
    assert cached["last_refresh"] == first["last_refresh"]
    assert (fresh["is_cached"], fresh["results"][0]["count"]) == (False, 2)


# --- bad input --------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"nonsense", b"[1,2]", b"\xff\xfe", b'{"query":' + b"[" * 5000 + b"]" * 5000 + b"}"),
        *(b'{"query": %s}' % value for value in (b"NaN", b"null", b"5", b"true", b'"x"', b"[]", b"[5]", b"{}")),
    ],
)
def test_body__that_is_no_query__is_a_clear_400(cast: Cast, body: bytes) -> None:
    answer = cast.ada.client.post(f"/api/projects/{cast.project.pk}/query/", body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_pattern__only_re2_refuses__names_the_filter(cast: Cast, ask: Ask) -> None:
    # Given
    insert(cast.project.pk, pings({"x": "abc"}))
    pattern = {"key": "x", "operator": "regex", "value": "(?=a)b"}

    # When
    answer = ask(trend(properties=[{"key": "y", "value": "1", "operator": "is_not"}, pattern]))

    # Then
    assert answer.status_code == 400
    assert answer.json()["attr"] == "query.properties.1.value"


def test_filters__more_than_the_engine_reads__are_too_large(cast: Cast, ask: Ask) -> None:
    # Given a thousand values of fifty characters in each of twenty filters: a megabyte of SQL
    filters = [{"key": f"k{key}", "value": [f"{key}-{n:047}" for n in range(1000)]} for key in range(20)]

    # When
    answer = ask(trend(properties=filters))

    # Then
    assert (answer.status_code, answer.json()["code"]) == (422, "query_too_large")


def test_pattern__made_to_explode__answers(cast: Cast, ask: Ask) -> None:
    insert(cast.project.pk, pings({"x": "a" * 5000}))
    assert count(ask, {"key": "x", "operator": "regex", "value": "^(a+)+$"}) == 1


def test_funnel__as_long_as_allowed__is_answered(cast: Cast, ask: Ask) -> None:
    # Given
    steps = [f"step {number}" for number in range(20)]
    insert(cast.project.pk, [Sent(name, "p", at(f"2026-03-01T10:{index:02}")) for index, name in enumerate(steps)])
    series = [{"kind": "EventsNode", "event": name} for name in steps]
    exclusion = {"kind": "EventsNode", "event": "x", "funnelFromStep": 0, "funnelToStep": 19}

    for extra in ({}, {"exclusions": [exclusion]}, {"funnelOrderType": "strict"}, {"funnelOrderType": "unordered"}):
        # When
        answer = ask({"kind": "FunnelsQuery", "series": series, "dateRange": DAY, "funnelsFilter": extra})

        # Then
        assert answer.status_code == 200, answer.json()
        assert [step["count"] for step in answer.json()["results"]] == [1] * 20


def test_funnel__of_one_step__counts_who_entered(cast: Cast, ask: Ask) -> None:
    insert(cast.project.pk, pings({}, {}))
    answer = ask({"kind": "FunnelsQuery", "series": [{"kind": "EventsNode", "event": "ping"}], "dateRange": DAY}).json()
    assert [step["count"] for step in answer["results"]] == [2]


def test_funnel__range_of_many_years__still_tells_moments_apart(cast: Cast, ask: Ask) -> None:
    """A range this long with this many steps needs the wider word."""
    # Given
    steps = [f"step {number}" for number in range(15)]
    insert(
        cast.project.pk,
        [Sent(name, "p", at(f"2026-03-01T10:00:00.0000{index:02}")) for index, name in enumerate(steps)],
    )

    # When
    answer = ask(
        {
            "kind": "FunnelsQuery",
            "series": [{"kind": "EventsNode", "event": name} for name in steps],
            "dateRange": {"date_from": "1990-01-01", "date_to": "2026-04-01"},
        }
    ).json()

    # Then
    assert [step["count"] for step in answer["results"]] == [1] * 15
    assert answer["results"][1]["average_conversion_time"] == pytest.approx(0.000001)


# --- filters ----------------------------------------------------------------

VALUES: list[dict[str, Any]] = [
    {"x": "Chrome"},
    {"x": "chromium"},
    {"x": 10},
    {"x": 2.5},
    {"x": True},
    {"x": None},
    {"x": {"deep": 1}},
    {"x": ""},
    {"other": 1},
    {"a.b": "dotted"},
]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([{"key": "x", "value": "Chrome"}], 1),
        ([{"key": "x", "value": ["Chrome", "chromium", 10]}], 3),
        ([{"key": "x", "value": "Chrome", "operator": "is_not"}], 9),
        ([{"key": "x", "value": ["Chrome", "chromium"], "operator": "is_not"}], 8),
        ([{"key": "x", "value": "CHROM", "operator": "icontains"}], 2),
        ([{"key": "x", "value": ["CHROME", "mium"], "operator": "icontains"}], 2),
        ([{"key": "x", "value": "chrom", "operator": "not_icontains"}], 8),
        ([{"key": "x", "value": "^[Cc]hrom", "operator": "regex"}], 2),
        ([{"key": "x", "value": "^[Cc]hrom", "operator": "not_regex"}], 8),
        ([{"key": "x", "value": 10}], 1),
        ([{"key": "x", "value": "10"}], 1),
        ([{"key": "x", "value": 10.0}], 1),
        ([{"key": "x", "value": True}], 1),
        ([{"key": "x", "value": "true"}], 1),
        ([{"key": "x", "value": 2.5, "operator": "gt"}], 1),
        ([{"key": "x", "value": 2.5, "operator": "gte"}], 2),
        ([{"key": "x", "value": "10", "operator": "lt"}], 1),
        ([{"key": "x", "value": 10, "operator": "lte"}], 2),
        ([{"key": "x", "operator": "is_set"}], 7),
        ([{"key": "x", "operator": "is_not_set"}], 3),
        ([{"key": "a.b", "value": "dotted"}], 1),
        ([{"key": "x", "value": ""}], 1),
        ([{"key": "x", "value": "Chrome"}, {"key": "x", "value": 10}], 0),
        ({"type": "OR", "values": [{"key": "x", "value": "Chrome"}, {"key": "x", "value": 10}]}, 2),
        (
            {
                "type": "AND",
                "values": [
                    {"type": "OR", "values": [{"key": "x", "value": "Chrome"}, {"key": "x", "value": "chromium"}]},
                    {"type": "AND", "values": [{"key": "x", "value": "ium", "operator": "icontains"}]},
                ],
            },
            1,
        ),
        ([], 10),
    ],
)
def test_filter__over_values_of_every_kind__counts_these(cast: Cast, ask: Ask, filters: object, expected: int) -> None:
    insert(cast.project.pk, pings(*VALUES))
    answer = ask(trend(properties=filters))
    assert answer.status_code == 200, answer.json()
    assert answer.json()["results"][0]["count"] == expected
