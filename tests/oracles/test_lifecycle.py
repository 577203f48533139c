"""The lifecycle engine and naive counting agree: people with and without a record, merged ones, clock changes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories.events import Sent, insert
from tests.factories.mirrors import insert_merges, insert_persons
from tests.oracles import lifecycle
from tests.oracles.conftest import answer, new_project
from tests.oracles.lifecycle import Event

RELAXED = settings(max_examples=10, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = date(2026, 3, 29)
PERIODS = 5
PEOPLE = ["ada", "ben", "eve", "dan"]


def moments(width: int) -> st.SearchStrategy[datetime]:
    """Make moments from three periods before the range to one after it, a quarter of a period apart."""
    noon = datetime(NIGHT.year, NIGHT.month, NIGHT.day, 12, tzinfo=UTC)
    return st.integers(-24, 8).map(lambda step: noon + timedelta(hours=step * 6 * width))


@pytest.mark.parametrize(("interval", "width"), [("day", 1), ("week", 7)])
@pytest.mark.parametrize("is_merged", [False, True])
def test_lifecycle__over_a_clock_change__agrees_with_naive_counting(interval: str, width: int, is_merged: bool) -> None:  # noqa: FBT001
    # Weeks start on Sunday, which the night is.
    first = NIGHT - timedelta(days=3 * width)
    events_of = st.lists(
        st.builds(Event, st.sampled_from(PEOPLE), st.sampled_from(["ping", "other"]), moments(width)),
        min_size=1,
        max_size=40,
    )

    @RELAXED
    @given(events_of, st.dictionaries(st.sampled_from(PEOPLE), moments(width)))
    def check(events: list[Event], created: dict[str, datetime]) -> None:
        # Given
        project = new_project("Europe/Berlin")
        sent = [Sent(event.name, event.person, event.at) for event in events]
        insert(project.id, [*sent, *sent[::3]])
        if is_merged:
            events = [Event("ada" if one.person == "eve" else one.person, one.name, one.at) for one in events]
            # A merge leaves a record of whoever stands for both.
            made = min(one.at for one in events)
            created = {"ada": made} | {person: moment for person, moment in created.items() if person != "eve"}
            insert_merges(project.id, {"eve": "ada"})
        insert_persons(project.id, {name: {} for name in created}, created)

        # When
        results = answer(
            project,
            {
                "kind": "LifecycleQuery",
                "series": [{"kind": "EventsNode", "event": "ping"}],
                "dateRange": {"date_from": f"{first}", "date_to": f"{first + timedelta(days=(PERIODS - 1) * width)}"},
                "interval": interval,
            },
        )

        # Then
        def place(moment: datetime) -> int:
            return (moment.astimezone(BERLIN).date() - first).days // width

        assert {one["status"]: one["data"] for one in results} == lifecycle.statuses(
            events, "ping", created, PERIODS, place
        )
        assert [one["days"][0] for one in results] == [f"{first}"] * 4

    check()
