"""Quota and rate: exact however many ask at once, in both ways of being told, and never silently wrong."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from unittest.mock import Mock

import pytest
import time_machine
from pytest_django import Settings

from apps.accounts.contracts import ProjectContext
from apps.ingest import controls
from apps.ingest.contracts import LogEntry, Rejection
from apps.ingest.controls import quota, selectors, tallies
from apps.ingest.controls.contracts import Controls, Facts
from apps.ingest.controls.errors import QuotaExceededError, RateLimitedError
from apps.ingest.errors import LogUnavailableError
from tests.conftest import Stack

NOON = datetime(2026, 11, 22, 12, 0, 20, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(stack: Stack) -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


def project(project_id: int) -> ProjectContext:
    return ProjectContext(project_id, 1, "Main", "phc_x", "UTC", 0)


def rule(project_id: int, **rules: int) -> Controls:
    """Put rules where the ingest path finds them."""
    found = Controls(project_id, **rules)  # type: ignore[arg-type]  # whole numbers only
    selectors._known[project_id] = (float("inf"), found)
    return found


def entry(project_id: int, count: int) -> LogEntry:
    names = [f"event {number}" for number in range(count)]
    return LogEntry(project_id, 0, "/batch/", names, names, names, [0] * count, [b"{}"] * count)


def test_quota__requests_over_it__are_cut_to_what_is_left(project_id: int) -> None:
    # Given
    rule(project_id, monthly_quota=10)
    first, second, third = (entry(project_id, count) for count in (6, 6, 6))
    # When
    outcomes = [controls.apply(project(project_id), each) for each in (first, second, third)]
    # Then
    assert [len(each) for each in (first, second, third)] == [6, 4, 0]
    assert [outcome.limited for outcome in outcomes] == [(), ("events",), ("events",)]
    usage = tallies.month(project_id, NOON.date())[22]
    assert usage["events"] == 10
    assert usage["over_quota"] == 8
    assert quota.charged(project_id, NOON.date()) == 10


def test_quota__set_after_a_rate_was__does_not_count_what_came_before(project_id: int) -> None:
    # Given
    rule(project_id, rate_per_minute=100)
    before = entry(project_id, 8)
    outcome = controls.apply(project(project_id), before)
    controls.take_back(before, outcome)
    # When
    rule(project_id, rate_per_minute=100, monthly_quota=5)
    after = entry(project_id, 5)
    controls.apply(project(project_id), after)
    # Then
    assert (len(before), len(after), outcome.charged) == (8, 5, 0)
    assert quota.charged(project_id, NOON.date()) == 5


def test_quota__the_next_month__is_whole_again(project_id: int) -> None:
    # Given
    rule(project_id, monthly_quota=5)
    controls.apply(project(project_id), entry(project_id, 5))
    # When
    with time_machine.travel(datetime(2026, 12, 1, 0, 0, 1, tzinfo=UTC), tick=False):
        later = entry(project_id, 5)
        outcome = controls.apply(project(project_id), later)
    # Then
    assert len(later) == 5
    assert outcome.limited == ()


def test_rate__the_next_minute__is_whole_again(project_id: int) -> None:
    # Given
    rule(project_id, rate_per_minute=5)
    now, later = entry(project_id, 8), entry(project_id, 5)
    # When
    controls.apply(project(project_id), now)
    with time_machine.travel(datetime(2026, 11, 22, 12, 1, tzinfo=UTC), tick=False):
        controls.apply(project(project_id), later)
    # Then
    assert (len(now), len(later)) == (5, 5)
    assert tallies.month(project_id, NOON.date())[22]["over_rate"] == 3


@pytest.mark.parametrize(
    ("rules", "error", "wait"),
    [({"monthly_quota": 5}, QuotaExceededError, 3_600), ({"rate_per_minute": 5}, RateLimitedError, 40)],
)
def test_limits__all_or_nothing__refuse_the_whole_and_charge_nothing(
    project_id: int, rules: dict[str, int], error: type[QuotaExceededError], wait: int
) -> None:
    # Given
    rule(project_id, **rules)
    # When
    with pytest.raises(error) as refused:
        controls.apply(project(project_id), entry(project_id, 6), Facts(all_or_nothing=True))
    fits = entry(project_id, 5)
    controls.apply(project(project_id), fits, Facts(all_or_nothing=True))
    # Then
    assert refused.value.retry_after == wait
    assert len(fits) == 5


def test_limits__many_at_once__never_let_in_more_nor_less(project_id: int) -> None:
    # Given
    found = rule(project_id, monthly_quota=500, rate_per_minute=400)
    # When
    with ThreadPoolExecutor(8) as pool:
        rooms = list(pool.map(lambda _: quota.take(found, 7, all_or_nothing=False).count, range(100)))
    # Then
    assert sum(rooms) == 400


def test_limits__several_processes_at_once__share_one_count(project_id: int, stack: Stack) -> None:
    # Given
    script = (
        "import django; django.setup()\n"
        "from apps.ingest.controls import quota\n"
        "from apps.ingest.controls.contracts import Controls\n"
        f"rules = Controls({project_id}, monthly_quota=500)\n"
        "print(sum(quota.take(rules, 7, all_or_nothing=False).count for _ in range(60)))\n"
    )
    # When
    running = [
        subprocess.Popen([sys.executable, "-c", script], env=stack.environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    taken = [int(process.communicate(timeout=60)[0].split()[-1]) for process in running]
    # Then
    assert sum(taken) == 500


def test_limits__of_recordings__name_recordings(project_id: int) -> None:
    # Given
    rule(project_id, monthly_quota=1)
    sent = entry(project_id, 0)
    sent.recordings = [Mock(spec=[]), Mock(spec=[])]
    # When
    outcome = controls.apply(project(project_id), sent)
    # Then
    assert outcome.limited == ("recordings",)
    assert len(sent.recordings) == 1


def test_limits__refused_events_over_the_quota__are_not_kept_either(project_id: int) -> None:
    # Given
    rule(project_id, monthly_quota=2)
    sent = entry(project_id, 0)
    sent.rejections = [Rejection(number, "event_missing", "") for number in range(5)]
    # When
    controls.apply(project(project_id), sent)
    again = entry(project_id, 0)
    again.rejections = [Rejection(0, "event_missing", "")]
    controls.apply(project(project_id), again)
    # Then
    assert (len(sent.rejections), len(again.rejections)) == (2, 0)


@pytest.mark.parametrize("free", ["historical", "trusted", "without limits"])
def test_limits__what_is_free_of_them__is_not_charged(project_id: int, free: str) -> None:
    # Given
    rule(project_id, **({} if free == "without limits" else {"monthly_quota": 1}))
    sent = entry(project_id, 3)
    sent.is_historical = free == "historical"
    # When
    outcome = controls.apply(project(project_id), sent, Facts(is_trusted=free == "trusted"))
    # Then
    assert len(sent) == 3
    assert outcome.charged == 0
    assert quota.charged(project_id, NOON.date()) == 0


def test_limits__an_entry_that_could_not_be_logged__gets_its_charge_back(project_id: int) -> None:
    # Given
    rule(project_id, monthly_quota=5)
    sent = entry(project_id, 5)
    outcome = controls.apply(project(project_id), sent)
    # When
    controls.take_back(sent, outcome)
    # Then
    assert quota.charged(project_id, NOON.date()) == 0


def test_limits__valkey_away__ask_to_come_back(project_id: int, settings: Settings) -> None:
    # Given
    found = rule(project_id, monthly_quota=5)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    tallies.valkey.cache_clear()
    quota._take.cache_clear()
    # When
    try:
        with pytest.raises(LogUnavailableError):
            quota.take(found, 1, all_or_nothing=False)
    # Then
    finally:
        tallies.valkey.cache_clear()
        quota._take.cache_clear()
