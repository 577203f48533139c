"""Naive answers to trend questions: every event looked at, every bucket found by the calendar."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Event:
    """Who did something, when, with which value of the property results are split by."""

    person: str
    at: datetime
    value: str | None = None


def by_day(events: Iterable[Event], first: date, last: date, zone: ZoneInfo, math: str) -> list[int]:
    """Count events, or people, on each day of the project's calendar."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    seen = [[event.person for event in events if event.at.astimezone(zone).date() == day] for day in days]
    return [len(set(people)) if math == "dau" else len(people) for people in seen]


def by_hour(events: Iterable[Event], day: date, zone: ZoneInfo, math: str) -> list[int]:
    """Count events, or people, in each hour that passes on one day, however many it has."""
    start = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(ZoneInfo("UTC"))
    following = day + timedelta(days=1)
    end = datetime(following.year, following.month, following.day, tzinfo=zone).astimezone(ZoneInfo("UTC"))
    counts = []
    while start < end:
        after = start + timedelta(hours=1)
        people = [event.person for event in events if start <= event.at < after]
        counts.append(len(set(people)) if math == "dau" else len(people))
        start = after
    return counts
