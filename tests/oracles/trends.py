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


def looking_back(events: Iterable[Event], first: date, last: date, zone: ZoneInfo, days: int) -> list[int]:
    """Count, for each day, the people of that day and the days before it, `days` in all."""
    listed = list(events)
    counts = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        since = day - timedelta(days=days - 1)
        counts.append(len({event.person for event in listed if since <= event.at.astimezone(zone).date() <= day}))
    return counts


def first_times(events: Iterable[Event], first: date, last: date, zone: ZoneInfo) -> list[int]:
    """Count, for each day, the people whose first event of all time fell on it."""
    began: dict[str, datetime] = {}
    for event in sorted(events, key=lambda one: one.at):
        began.setdefault(event.person, event.at)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [sum(1 for moment in began.values() if moment.astimezone(zone).date() == day) for day in days]


def average_per_person(events: Iterable[Event], first: date, last: date, zone: ZoneInfo) -> list[float]:
    """Give, for each day, the mean number of events of those who had any."""
    listed = list(events)
    totals, people = by_day(listed, first, last, zone, "total"), by_day(listed, first, last, zone, "dau")
    return [total / count if count else 0.0 for total, count in zip(totals, people, strict=True)]


def people_so_far(events: Iterable[Event], first: date, last: date, zone: ZoneInfo) -> list[int]:
    """Count, for each day, the people seen since the range began."""
    within = [event for event in events if event.at.astimezone(zone).date() >= first]
    return [
        len({event.person for event in within if event.at.astimezone(zone).date() <= first + timedelta(days=number)})
        for number in range((last - first).days + 1)
    ]
