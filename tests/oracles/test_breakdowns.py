"""Breakdowns by person, group and session, histograms and groups as actors agree with naive counting; some merged."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from apps.accounts.contracts import ProjectContext
from tests.factories.events import Sent, insert
from tests.factories.mirrors import insert_groups, insert_merges, insert_persons
from tests.oracles.conftest import answer, new_project

RELAXED = settings(
    max_examples=5, deadline=None, phases=[Phase.generate], database=None, suppress_health_check=[HealthCheck.too_slow]
)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = {"date_from": "2026-03-01", "date_to": "2026-03-01"}
NULL = "$$_posthog_breakdown_null_$$"

PLANS = {"ada": "pro", "eve": "free"}
"""What is known of persons; `old` was merged into Ada, of Ben nothing is known."""

CITIES = {"acme": "Oslo", "blue": "Rome"}
"""What is known of companies; of the third nothing is."""


@dataclass(frozen=True)
class Seen:
    """One event: who, when, in which session and company, with which number."""

    who: str
    second: int
    session: str
    company: str
    number: int | str | None
    name: str = "ping"

    @property
    def person(self) -> str:
        return "ada" if self.who == "old" else self.who


SEEN = st.lists(
    st.builds(
        Seen,
        st.sampled_from(["ada", "old", "ben", "eve"]),
        st.integers(0, 200),
        st.sampled_from(["", "s1", "s2"]),
        st.sampled_from(["", "acme", "blue", "other"]),
        st.sampled_from([None, 0, 1, 7, 10, "4", "x"]),
        st.sampled_from(["ping", "pong"]),
    ),
    min_size=1,
    max_size=25,
)


def world(seen: Iterable[Seen]) -> ProjectContext:
    """Put events, persons and companies into a fresh project."""
    project = new_project()
    events = []
    for one in seen:
        sent: dict[str, Any] = {"number": one.number, "$session_id": one.session, "$group_0": one.company}
        events.append(
            Sent(one.name, one.who, NOON + timedelta(seconds=one.second), {k: v for k, v in sent.items() if v != ""})
        )
    insert(project.id, events)
    insert_persons(project.id, {name: {"plan": plan} for name, plan in PLANS.items()})
    insert_merges(project.id, {"old": "ada"})
    insert_groups(project.id, {(0, name): {"city": city} for name, city in CITIES.items()})
    return project


def trend(project: ProjectContext, breakdown: dict[str, Any], math: str = "total", **series: object) -> dict[str, Any]:
    """Ask for one number a value; values in a list are joined."""
    query = {
        "kind": "TrendsQuery",
        "series": [{"kind": "EventsNode", "event": "ping", "math": math, **series}],
        "dateRange": DAY,
        "trendsFilter": {"display": "ActionsTable"},
        "breakdownFilter": breakdown,
    }
    found = answer(project, query)
    shown = [one["breakdown_value"] for one in found]
    keys = ["::".join(value) if isinstance(value, list) else value for value in shown]
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, (one["aggregated_value"] for one in found), strict=True))


@RELAXED
@given(SEEN)
def test_trend__split_by_what_others_are__agrees_with_naive_counting(seen: list[Seen]) -> None:
    # Given
    project = world(seen)
    pings = [one for one in seen if one.name == "ping"]
    moments = defaultdict(list)
    for one in seen:
        moments[one.session].append(one.second)
    lengths = {one: max(seconds) - min(seconds) for one, seconds in moments.items() if one}

    # When
    plans = trend(project, {"breakdown": "plan", "breakdown_type": "person"})
    people = trend(project, {"breakdown": "plan", "breakdown_type": "person"}, "dau")
    cities = trend(project, {"breakdown": "city", "breakdown_type": "group", "breakdown_group_type_index": 0})
    sessions = trend(project, {"breakdown": "$session_duration", "breakdown_type": "session"})
    both = trend(
        project,
        {
            "breakdowns": [
                {"property": "plan", "type": "person"},
                {"property": "city", "type": "group", "group_type_index": 0},
            ]
        },
    )

    # Then
    assert plans == Counter(PLANS.get(one.person, NULL) for one in pings)
    assert people == Counter(PLANS.get(name, NULL) for name in {one.person for one in pings})
    assert cities == Counter(CITIES.get(one.company, NULL) for one in pings)
    assert sessions == Counter(str(lengths[one.session]) if one.session else NULL for one in pings)
    assert both == Counter(f"{PLANS.get(one.person, NULL)}::{CITIES.get(one.company, NULL)}" for one in pings)


@RELAXED
@given(SEEN, st.integers(1, 5))
def test_trend__histogram_and_maths_over_sessions_and_groups__agree_with_naive_counting(
    seen: list[Seen], bins: int
) -> None:
    # Given
    project = world(seen)
    pings = [one for one in seen if one.name == "ping"]
    numbers = [float(one.number) for one in pings if one.number not in {None, "x"}]

    # When
    found = trend(project, {"breakdown": "number", "breakdown_type": "event", "breakdown_histogram_bin_count": bins})
    query = {
        "kind": "TrendsQuery",
        "series": [
            {"kind": "EventsNode", "event": "ping", "math": "unique_group", "math_group_type_index": 0},
            {
                "kind": "EventsNode",
                "event": "ping",
                "math": "sum",
                "math_property": "$session_duration",
                "math_property_type": "session_properties",
            },
        ],
        "dateRange": DAY,
    }
    groups, seconds = (one["data"][0] for one in answer(project, query))
    (companies,) = answer(
        project,
        query
        | {
            "aggregation_group_type_index": 0,
            "series": [{"kind": "EventsNode", "event": "ping", "math": "dau"}],
        },
    )

    # Then
    by_bin: Counter[int | None] = Counter()
    for one in pings:
        by_bin[bin_of(one, numbers, bins)] += 1
    assert sorted(found.values()) == sorted(by_bin.values())
    assert found.get('["",""]', 0) == by_bin[None]
    assert groups == companies["data"][0] == len({one.company for one in pings if one.company})
    lengths = {}
    for session in {one.session for one in pings if one.session}:
        when = [one.second for one in seen if one.session == session]
        lengths[session] = max(when) - min(when)
    assert seconds == sum(lengths.values())


def bin_of(one: Seen, numbers: list[float], bins: int) -> int | None:
    """Find the bin of an event by looking at the edges, the last of which includes the largest."""
    if one.number in {None, "x"}:
        return None
    low, high, value = min(numbers), max(numbers), float(str(one.number))
    edges = [low + (high - low) * place / bins for place in range(1, bins)]
    return sum(1 for edge in edges if value >= edge) if high > low else 0


@RELAXED
@given(SEEN)
def test_funnel__of_groups_and_by_person__agrees_with_naive_counting(seen: list[Seen]) -> None:
    """The funnel is somebody's first ping, then any later pong."""
    # Given
    project = world(seen)
    query = {
        "kind": "FunnelsQuery",
        "series": [{"kind": "EventsNode", "event": name} for name in ("ping", "pong")],
        "dateRange": DAY,
    }

    # When
    by_group = answer(project, query | {"aggregation_group_type_index": 0})
    by_plan = answer(project, query | {"breakdownFilter": {"breakdown": "plan", "breakdown_type": "person"}})
    by_city = answer(
        project,
        query | {"breakdownFilter": {"breakdown": "city", "breakdown_type": "group", "breakdown_group_type_index": 0}},
    )

    # Then
    companies = [steps([one for one in seen if one.company == company]) for company in ("acme", "blue", "other")]
    assert [step["count"] for step in by_group] == (
        [sum(each) for each in zip(*companies, strict=True)] if by_group else []
    )
    assert bool(by_group) == any(first for first, _ in companies)
    plans: dict[str, list[int]] = {}
    for person in ("ada", "ben", "eve"):
        first, second = steps([one for one in seen if one.person == person])
        if first:
            known = plans.setdefault(PLANS.get(person, ""), [0, 0])
            known[0], known[1] = known[0] + first, known[1] + second
    assert {group[0]["breakdown_value"][0]: [step["count"] for step in group] for group in by_plan} == plans
    assert all(isinstance(group[0]["breakdown_value"], str) for group in by_city)
    assert sum(group[0]["count"] for group in by_city) == sum(each[0] for each in plans.values())


def steps(mine: list[Seen]) -> tuple[int, int]:
    """Say whether there was a ping, and a pong after one (or with it: ties are taken in the order that helps)."""
    pings = [one.second for one in mine if one.name == "ping"]
    pongs = [one.second for one in mine if one.name == "pong"]
    return int(bool(pings)), int(bool(pings and pongs and max(pongs) >= min(pings)))
