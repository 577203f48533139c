"""HogQLQuery over HTTP and the real engine: what it answers, in the shape the contract gives it."""
# ruff: noqa: E501 - one example a line reads best

from typing import Any

import pytest

from apps.query import guests
from tests.factories.accounts import Cast
from tests.factories.events import Sent, at, insert, person_id
from tests.factories.mirrors import insert_groups, insert_merges, insert_persons
from tests.integration.query.conftest import Ask

Json = Any


def sql(ask: Ask, text: str, **fields: object) -> Json:
    answer = ask({"kind": "HogQLQuery", "query": text} | fields)
    assert answer.status_code == 200, (text, answer.json())
    return answer.json()


def rows(ask: Ask, text: str, **fields: object) -> Json:
    return sql(ask, text, **fields)["results"]


def refused(ask: Ask, text: str, **fields: object) -> Json:
    answer = ask({"kind": "HogQLQuery", "query": text} | fields)
    assert answer.status_code == 400, (text, answer.json())
    return answer.json()


@pytest.fixture
def world(cast: Cast) -> Cast:
    """Three people, five events, two sessions, one call of a model."""
    insert(
        cast.project.pk,
        [
            Sent(
                "visit",
                "ann",
                at("2026-03-01T10:00"),
                {"$browser": "Firefox", "price": 5, "$session_id": "s1", "$current_url": "/a"},
            ),
            Sent(
                "visit",
                "ann",
                at("2026-03-01T10:20"),
                {"$browser": "Firefox", "price": "7.5", "$session_id": "s1", "$current_url": "/b"},
            ),
            Sent(
                "visit",
                "bob",
                at("2026-03-02T10:00"),
                {"$browser": "Safari", "a.b": "dot", "nest": {"deep": {"x": 3}}, "$session_id": "s2"},
            ),
            Sent("buy", "bob", at("2026-03-03T10:00"), {"price": 100, "tags": ["x", "y"]}),
            Sent(
                "$ai_generation",
                "cy",
                at("2026-03-03T11:00"),
                {
                    "$ai_model": "m",
                    "$ai_provider": "p",
                    "$ai_input_tokens": 12,
                    "$ai_total_cost_usd": 0.25,
                    "$ai_trace_id": "t1",
                },
            ),
        ],
    )
    return cast


def test_answer__has_the_contracts_shape(world: Cast, ask: Ask) -> None:
    # When
    answer = sql(ask, "SELECT event, count() AS n FROM events GROUP BY event ORDER BY n DESC, event LIMIT 2")

    # Then
    assert answer["results"] == [["visit", 3], ["$ai_generation", 1]]
    assert answer["columns"] == ["event", "n"]
    assert answer["types"] == [["event", "String"], ["n", "UInt64"]]
    assert (answer["limit"], answer["offset"], answer["hasMore"]) == (2, 0, True)
    assert "FROM events FINAL" in answer["hogql"]
    assert answer["query"].startswith("SELECT event")
    assert answer["rows_read"] >= 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT properties.$browser, count() FROM events WHERE event = 'visit' GROUP BY 1 ORDER BY 1", [["Firefox", 2], ["Safari", 1]]),
        ("SELECT sum(properties.price) FROM events", [[112.5]]),
        ("SELECT count() FROM events WHERE properties.price > 6", [[2]]),
        ("SELECT properties.price * 2 FROM events WHERE event = 'buy'", [[200]]),
        ("SELECT properties['a.b'], properties.nest.deep.x FROM events WHERE distinct_id = 'bob' AND event = 'visit'", [["dot", "3"]]),
        ("SELECT toFloat(properties.price) FROM events WHERE event = 'buy'", [[100]]),
        ("SELECT JSONExtractString(properties, '$browser') FROM events WHERE distinct_id = 'ann' LIMIT 1", [["Firefox"]]),
        ("WITH few AS (SELECT distinct_id, count() AS n FROM events GROUP BY 1) SELECT max(n) FROM few", [[2]]),
        ("WITH 2 AS two, (SELECT count() FROM events) AS every SELECT two + every", [[7]]),
        ("SELECT x FROM (SELECT 1 AS x UNION ALL SELECT 2) ORDER BY x", [[1], [2]]),
        ("SELECT count() FROM (SELECT 1 INTERSECT SELECT 1)", [[1]]),
        ("SELECT distinct_id, row_number() OVER (PARTITION BY distinct_id ORDER BY timestamp) AS n FROM events WHERE event = 'visit' ORDER BY 1, 2", [["ann", 1], ["ann", 2], ["bob", 1]]),
        ("SELECT session_id, $event_count, $session_duration, $entry_current_url, $exit_current_url FROM sessions ORDER BY session_id", [["s1", 2, 1200, "/a", "/b"], ["s2", 1, 0, None, None]]),
        ("SELECT model, provider, input_tokens, total_cost_usd, trace_id, is_error FROM generations", [["m", "p", 12, 0.25, "t1", False]]),
        ("SELECT e.event, s.session_id FROM events AS e JOIN sessions AS s ON s.session_id = e.$session_id WHERE e.distinct_id = 'bob'", [["visit", "s2"]]),
        ("SELECT tag FROM events ARRAY JOIN JSONExtractArrayRaw(properties, 'tags') AS tag ORDER BY tag", [['"x"'], ['"y"']]),
        ("SELECT arrayMap(x -> x + 1, [1, 2]), arraySum(arrayMap((x, y) -> x * y, [1, 2], [3, 4]))", [[[2, 3], 11]]),
        ("SELECT count() FROM events WHERE distinct_id IN (SELECT distinct_id FROM events WHERE event = 'buy')", [[2]]),
        ("SELECT quantile(0.5)(properties.price) FROM events", [[7.5]]),
        ("SELECT countIf(event = 'buy'), uniqExactIf(distinct_id, event = 'visit') FROM events", [[1, 2]]),
        ("SELECT CASE WHEN 1 = 1 THEN 'yes' ELSE 'no' END, if(1, 2, 3), 1 BETWEEN 0 AND 2, NOT 1, -1", [["yes", 2, True, False, -1]]),
        ("SELECT toStartOfDay(timestamp), count() FROM events WHERE timestamp >= '2026-03-03' GROUP BY 1", [["2026-03-03T00:00:00+00:00", 2]]),
        ("SELECT dateDiff('day', min(timestamp), max(timestamp) + INTERVAL 1 DAY) FROM events", [[3]]),
        ("SELECT (1, 'a').2, map('k', 1)['k'], [1, 2][2], tuple(1, 2)", [["a", 1, 2, [1, 2]]]),
        ("SELECT 0.1 + 0.2 > 0.3, 1 / 0, NULL, 7 % 4, 'it''s %s %(project_id)s', 'x' || 'y'", [[True, None, None, 3, "it's %s %(project_id)s", "xy"]]),
        ("SELECT event FROM events ORDER BY timestamp LIMIT 1 OFFSET 3", [["buy"]]),
        ("SELECT distinct_id FROM events ORDER BY timestamp LIMIT 1 BY distinct_id", [["ann"], ["bob"], ["cy"]]),
        ("SELECT DISTINCT event FROM events WHERE event LIKE '%i%' AND event ILIKE 'VIS%'", [["visit"]]),
        ("SELECT count() FROM events HAVING count() > 100", []),
        ("SELECT CAST('5' AS Int64), '5'::Int8, cast('2026-01-01', 'Date')", [[5, 5, "2026-01-01"]]),
        ("SELECT count(DISTINCT distinct_id), count(*) FROM events", [[3, 5]]),
        ("SELECT 1 -- a comment\n/* another */ AS x", [[1]]),
    ],
)  # fmt: skip
def test_dialect__is_clickhouses(world: Cast, ask: Ask, text: str, expected: Json) -> None:
    assert rows(ask, text) == expected


# --- people, groups, time ----------------------------------------------------


def test_person__merged_away__is_who_stands_for_them_now(world: Cast, ask: Ask) -> None:
    # Given
    project = world.project.pk
    insert_merges(project, {"ann": "bob"})
    insert_persons(project, {"bob": {"email": "bob@example.com", "age": 41}})

    # When
    found = rows(
        ask,
        "SELECT person_id, person.properties.email, avg(person.properties.age), count() FROM events"
        " WHERE event IN ('visit', 'buy') GROUP BY 1, 2",
    )
    people = rows(ask, "SELECT p.properties.email FROM persons AS p JOIN events AS e ON e.person_id = p.id LIMIT 1")

    # Then
    assert found == [[str(person_id(project, "bob")), "bob@example.com", 41, 4]]
    assert people == [["bob@example.com"]]


def test_groups__are_those_of_the_project(world: Cast, ask: Ask) -> None:
    insert_groups(world.project.pk, {(0, "acme"): {"plan": "pro"}})
    assert rows(ask, "SELECT key, index, properties.plan FROM groups") == [["acme", 0, "pro"]]


def test_moments__are_those_of_the_projects_clocks(world: Cast, ask: Ask) -> None:
    # Given
    world.project.timezone = "Europe/Berlin"
    world.project.save()

    # When
    found = rows(ask, "SELECT timestamp, toHour(timestamp) FROM events WHERE timestamp < '2026-03-01 11:10:00'")

    # Then
    assert found == [["2026-03-01T11:00:00+01:00", 11]]


# --- placeholders --------------------------------------------------------------


def test_values__stand_where_their_names_are__as_data(world: Cast, ask: Ask) -> None:
    values = {"event": "visit' OR 1 = 1 --", "names": ["visit", "buy"], "least": 6, "none": None, "yes": True}
    assert rows(ask, "SELECT count() FROM events WHERE event = {event}", values=values) == [[0]]
    assert rows(ask, "SELECT count() FROM events WHERE event IN {names}", values=values) == [[4]]
    assert rows(ask, "SELECT {event}, {least} + 1, {none}, {yes}", values=values) == [[values["event"], 7, None, True]]


def test_filters__keep_the_events_they_mean(world: Cast, ask: Ask) -> None:
    filters = {
        "dateRange": {"date_from": "2026-03-01", "date_to": "2026-03-02"},
        "properties": [{"key": "$browser", "value": "Safari", "operator": "is_not", "type": "event"}],
    }
    text = "SELECT count() FROM events WHERE {filters} AND event = 'visit'"
    assert rows(ask, text, filters=filters) == [[2]]
    assert rows(ask, text) == [[3]]
    assert rows(ask, "SELECT count() FROM sessions WHERE {filters}", filters=filters) == [[1]]


# --- bounds ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "given", "limit", "has_more"),
    [
        ("SELECT arrayJoin(range(150))", 100, 100, True),
        ("SELECT arrayJoin(range(100))", 100, 100, False),
        ("SELECT arrayJoin(range(60000)) LIMIT 1000000", 50_000, 50_000, True),
        ("SELECT arrayJoin(range(150)) UNION ALL SELECT 1", 100, 100, True),
        ("SELECT arrayJoin(range(150)) AS n LIMIT 1 BY n", 100, 100, True),
        ("SELECT 1 LIMIT 0", 0, 0, True),
    ],
)
def test_rows__without_and_with_a_limit__are_bounded(
    ask: Ask, text: str, given: int, limit: int, has_more: object
) -> None:
    answer = sql(ask, text)
    assert (len(answer["results"]), answer["limit"], answer["hasMore"]) == (given, limit, has_more)


def test_query__beyond_its_time__says_so(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guests, "TIMEOUT_SECONDS", 0.2)
    crossed = ", ".join(f"(SELECT arrayJoin(range(100000)) AS x) AS t{index}" for index in range(3))
    answer = ask({"kind": "HogQLQuery", "query": f"SELECT sum(sipHash64(t0.x, t1.x, t2.x)) FROM {crossed}"})
    assert (answer.status_code, answer.json()["code"]) == (504, "query_timeout")


def test_query__beyond_its_memory__says_so(ask: Ask) -> None:
    answer = ask({"kind": "HogQLQuery", "query": "SELECT arrayMap(x -> range(1000000), range(1000000))"})
    assert (answer.status_code, answer.json()["code"]) == (422, "query_too_large")


# --- errors ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT\n  evnt FROM events", "Unknown expression identifier `evnt` (line 2, column 3)."),
        ("SELECT 1 FROM", "line 1"),
        ("SELECT count( FROM events", "line 1"),
        ("SELECT * FROM evnts", "There is no table evnts; the tables are events, generations"),
        ("SELECT lenght('x')", "There is no function lenght here (line 1, column 8)."),
        ("SELECT 'a' + 1", "Illegal type"),
        ("SELECT toInt32('x')", "Cannot parse"),
        ("SELECT properties.x FROM (SELECT properties FROM events)", "read it where its table is named"),
        ("SELECT properties.x FROM events, persons", "Several tables have properties.x"),
        ("", "The query is empty."),
        ("SELECT " + "(" * 40 + "1" + ")" * 40, "nested 30 deep at most"),
        ("SELECT " + "1 + " * 4000 + "1", "nested too deep"),
        ("SELECT '" + "x" * 50_000 + "'", "50000 characters at most"),
    ],
)
def test_bad_sql__is_told_with_its_place(ask: Ask, text: str, said: str) -> None:
    answer = refused(ask, text)
    assert answer["attr"] == "query.query"
    assert said in answer["detail"]
    assert "project_id" not in answer["detail"]
    assert "__" not in answer["detail"]


@pytest.mark.parametrize(
    ("fields", "attr"),
    [
        ({"variables": {"x": 1}}, "query.variables"),
        ({"values": {"filters": 1}}, "query.values"),
        ({"values": {"x": {"a": 1}}}, "query.query"),
        ({"values": [1]}, "query.values"),
        ({"filters": {"filterTestAccounts": True}}, "query.filters.filterTestAccounts"),
        ({"filters": {"dateRange": {"date_from": "whenever"}}}, "query.filters.dateRange.date_from"),
        ({"filters": {"properties": [{"key": ""}]}}, "query.filters.properties.0.key"),
        ({"settings": {}}, "query.settings"),
    ],
)
def test_wrong_field__is_named(ask: Ask, fields: dict[str, Any], attr: str) -> None:
    assert refused(ask, "SELECT {x}", **fields)["attr"] == attr
