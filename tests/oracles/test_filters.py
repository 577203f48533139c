"""Both readers of the filter language agree: SQL on the real engine, and `match` over plain Python values."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from apps.catalog.filters import texts
from apps.catalog.filters.binding import Bindings
from apps.catalog.filters.match import Record, matches
from apps.catalog.filters.schema import parse
from apps.catalog.filters.sql import condition
from apps.clickhouse import client
from apps.clickhouse.properties import property_number, property_text
from apps.clickhouse.statement import Statement
from tests.factories.events import Sent, insert
from tests.factories.mirrors import insert_groups, insert_merges, insert_persons
from tests.oracles.conftest import new_project

RELAXED = settings(max_examples=25, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
START = datetime(2026, 3, 1, 12, tzinfo=UTC)

WORDS = [
    "",
    "a",
    "A",
    "ab",
    "ä",
    "Ä",
    "10",
    "9",
    "1e3",
    "true",
    "2026-03-01",
    "2026-03-01T12:00:00Z",
    "1772323200",
    "%",
    "'",
    "\\",
]
NAMES = ["x", "y", "a.b"]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, 10, -3, 2**62, 1772323200]),
    st.sampled_from([0.5, 10.0, 1e-7, 1e21, 123456789.25, -2.5]),
    st.sampled_from(WORDS),
    st.text(max_size=6).filter(lambda text: "\0" not in text),
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VALUES: st.SearchStrategy[Any] = st.one_of(
    SCALARS, st.lists(st.integers(0, 3), min_size=1, max_size=2), st.just({"deep": 1}), st.just({})
)
BAGS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3)
CHAINS = st.sampled_from(
    [
        None,
        'a.link:href="/buy"text="Buy \\"now\\""nth-child="1";div.box:text="a;b"',
        'button:text="10"',
        "div;body",
    ]
)
GIVEN = st.one_of(st.sampled_from(WORDS), st.integers(-3, 11), st.booleans(), st.just(10.5))


def leaf(source: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Make one filter over a property, with any operator and a value it can take."""
    number = st.sampled_from([0, 1, 10, "10", -3.5])
    day = st.sampled_from(["2026-03-01", "2026-03-01T12:00:00Z", "2026-03-01 14:00:00+02:00", 1772323200])
    compared = st.one_of(
        st.tuples(
            st.sampled_from(["exact", "is_not", "icontains", "not_icontains", "in", "not_in", "is_cleaned_path_exact"]),
            st.one_of(GIVEN, st.lists(GIVEN, min_size=1, max_size=3)),
        ),
        st.tuples(st.sampled_from(["regex", "not_regex"]), st.sampled_from(["^a", "[0-9]+", "a.b", "ä$", "(?i)A", ""])),
        st.tuples(st.sampled_from(["gt", "gte", "lt", "lte", "min", "max"]), number),
        st.tuples(st.sampled_from(["between", "not_between"]), st.sampled_from([[0, 5], [1, 1], ["-3", 1000]])),
        st.tuples(st.sampled_from(["is_date_exact", "is_date_before", "is_date_after"]), day),
        st.tuples(st.sampled_from(["is_set", "is_not_set"]), st.none()),
    )
    return st.tuples(source, compared).map(lambda both: {**both[0], "operator": both[1][0], "value": both[1][1]})


SOURCES = st.one_of(
    st.sampled_from(NAMES).map(lambda key: {"key": key}),
    st.sampled_from(NAMES).map(lambda key: {"key": key, "type": "person"}),
    st.sampled_from(NAMES).map(lambda key: {"key": key, "type": "group", "group_type_index": 1}),
    st.sampled_from(["$session_duration", "$pageview_count", "$entry_pathname", "$exit_pathname"]).map(
        lambda key: {"key": key, "type": "session"}
    ),
    st.sampled_from(["text", "href", "tag_name"]).map(lambda key: {"key": key, "type": "element"}),
    st.sampled_from(["event", "distinct_id"]).map(lambda key: {"key": key, "type": "event_metadata"}),
)
FILTERS = st.recursive(
    leaf(SOURCES),
    lambda inner: st.builds(
        lambda kind, values: {"type": kind, "values": values},
        st.sampled_from(["AND", "OR"]),
        st.lists(inner, max_size=4),
    ),
    max_leaves=6,
)
WHO = st.sampled_from(["ada", "ben", "old"])
EVENTS = st.lists(
    st.tuples(
        WHO, st.sampled_from(["$pageview", "buy"]), BAGS, st.sampled_from([None, "", "s1", "s2"]),
        st.sampled_from([None, "acme", "nobody"]), CHAINS, st.integers(0, 20), st.sampled_from(["/", "/a"]),
    ),
    min_size=1,
    max_size=6,
)  # fmt: skip


@RELAXED
@given(EVENTS, BAGS, BAGS, st.lists(FILTERS, min_size=1, max_size=8))
def test_filters__any_of_them_over_any_world__both_readers_agree(
    happened: list[tuple[Any, ...]], person: dict[str, Any], group: dict[str, Any], filters: list[dict[str, Any]]
) -> None:
    """Ada has properties and `old` was merged into her, Ben has no row; one company has properties, one has not."""
    # Given
    project = new_project()
    events, records = [], []
    for number, (who, name, bag, session, company, chain, second, path) in enumerate(happened):
        extra = {"$session_id": session, "$group_1": company, "$elements_chain": chain, "$pathname": path}
        sent = {key: value for key, value in (bag | extra).items() if value is not None}
        events.append(Sent(name, f"{who}-{number}", START + timedelta(seconds=second, microseconds=number), sent, who))
        records.append(
            Record(
                event=bag | extra,
                person={} if who == "ben" else person,
                groups={1: group} if company == "acme" else {},
                metadata={"event": name, "distinct_id": f"{who}-{number}"},
            )
        )
    insert(project.id, events)
    insert_persons(project.id, {"ada": person})
    insert_merges(project.id, {"old": "ada"})
    insert_groups(project.id, {(1, "acme"): group})
    known = {session for *_, session in (each[:4] for each in happened) if session}
    sessions = {
        one: session_of([each for each in events if each.properties.get("$session_id") == one]) for one in known
    }
    records = [
        Record(one.event, one.person, one.groups, sessions.get(one.event["$session_id"], {}), one.metadata)
        for one in records
    ]

    # When
    bindings = Bindings(project.id)
    parsed = [parse(one if "values" in one else [one], "p") for one in filters]
    columns = ", ".join(f"{condition(one, bindings)} AS c{number}" for number, one in enumerate(parsed))
    sql = f"SELECT distinct_id, {columns}\nFROM events FINAL\nWHERE project_id = %(project_id)s"
    rows = {row[0]: row[1:] for row in client.run(Statement(sql, bindings.values)).rows}

    # Then
    for event, record in zip(events, records, strict=True):
        for number, one in enumerate(parsed):
            assert bool(rows[event.distinct_id][number]) == matches(one, record), (filters[number], record)


def session_of(events: list[Sent]) -> dict[str, Any]:
    """Say what the events of one session make of it."""
    ordered = sorted(events, key=lambda event: event.timestamp)
    paths = [path for event in ordered if (path := texts.text(event.properties["$pathname"]))]
    return {
        "$session_duration": (ordered[-1].timestamp - ordered[0].timestamp).total_seconds(),
        "$pageview_count": sum(1 for event in ordered if event.event == "$pageview"),
        "$entry_pathname": paths[0],
        "$exit_pathname": paths[-1],
    }


@RELAXED
@given(
    st.lists(
        st.one_of(SCALARS, st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**70), 2**70)),
        min_size=1,
        max_size=30,
    )
)
@example([1e22, 1.5e-9, 5e-324, 0.1, 100.0, 1e15, 123456789012345680.0, "inf", ".5", "5.", "+5", " 5", "0x1F", "1_0"])
def test_values__of_any_kind__read_as_the_engine_reads_them(values: list[Any]) -> None:
    # Given
    project = new_project()
    insert(project.id, [Sent("e", f"{number}", START, {"x": value}) for number, value in enumerate(values)])

    # When
    columns = f"distinct_id, {property_text('x')}, {property_number('x')}"
    sql = f"SELECT {columns} FROM events WHERE project_id = %(project_id)s"
    found = {int(row[0]): (row[1], row[2]) for row in client.run(Statement(sql, {"project_id": project.id})).rows}

    # Then
    for number, value in enumerate(values):
        text, value_number = found[number]
        assert text == texts.text(value), value
        assert value_number == texts.number(value), value
