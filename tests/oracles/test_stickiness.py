"""The stickiness engine and naive counting agree: criteria, several intervals a period, groups, over clock changes."""

import operator
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories.events import Sent, insert
from tests.factories.mirrors import insert_merges
from tests.oracles.conftest import answer, new_project
from tests.oracles.stickiness import stickiness

RELAXED = settings(max_examples=8, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
BERLIN = ZoneInfo("Europe/Berlin")
FIRST, DAYS = date(2026, 3, 26), 7
NAMES = ["ada", "ben", "eve"]
NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)

happenings = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(-24, 24).map(lambda step: NOON + timedelta(hours=4 * step))),
    min_size=1,
    max_size=60,
)


def edges(width: int) -> list[datetime]:
    """Give the midnights between periods of so many days; the last period may be cut short."""
    days = [*range(0, DAYS, width), DAYS]
    return [datetime.combine(FIRST + timedelta(days=number), time(), BERLIN) for number in days]


@pytest.mark.parametrize("by_group", [False, True])
@pytest.mark.parametrize(
    ("sign", "compare"), [("gte", operator.ge), ("lte", operator.le), ("exact", operator.eq), (None, None)]
)
def test_stickiness__over_a_clock_change__agrees_with_naive_counting(
    by_group: bool,  # noqa: FBT001
    sign: str | None,
    compare: Callable[[int, int], bool] | None,
) -> None:
    @RELAXED
    @given(happenings, st.integers(1, 3), st.integers(1, 3), st.booleans())
    def check(events: list[tuple[str, datetime]], width: int, often: int, is_cumulative: bool) -> None:  # noqa: FBT001
        # Given: groups are what actors are when they are counted, people otherwise; some events name no group
        project = new_project("Europe/Berlin")
        properties = [{"$group_1": name} if by_group else {} for name, _ in events]
        people = ["one" if by_group else f"{name}{index % 2}" for index, (name, _) in enumerate(events)]
        sent = [Sent("ping", *row) for row in zip(people, (at for _, at in events), properties, strict=True)]
        alone = [Sent("ping", "two", NOON, {"$group_0": "elsewhere"})] if by_group else []
        insert(project.id, [*sent, *sent[::3], *alone])
        insert_merges(project.id, {f"{name}1": f"{name}0" for name in NAMES})
        math = {"math": "unique_group", "math_group_type_index": 1} if by_group else {}
        criteria = {"stickinessCriteria": {"operator": sign, "value": often}} if sign else {}

        # When
        (series,) = answer(
            project,
            {
                "kind": "StickinessQuery",
                "series": [{"kind": "EventsNode", "event": "ping", **math}],
                "dateRange": {"date_from": f"{FIRST}", "date_to": f"{FIRST + timedelta(days=DAYS - 1)}"},
                "intervalCount": width,
                "stickinessFilter": {"computedAs": "cumulative" if is_cumulative else "non_cumulative", **criteria},
            },
        )

        # Then
        expected = stickiness(
            events,
            edges(width),
            lambda times: compare is None or compare(times, often),
            is_cumulative=is_cumulative,
        )
        assert series["data"] == expected
        assert series["days"] == list(range(1, len(expected) + 1))

    check()
