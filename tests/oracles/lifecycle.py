"""Naive answers to lifecycle questions: every actor, every period, looked at one by one."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

Places = Callable[[datetime], int]
"""Which period a moment falls into, 0 for the first of the range, -1 for the one before it."""


@dataclass(frozen=True)
class Event:
    """Who did what, when."""

    person: str
    name: str
    at: datetime


def statuses(
    events: Iterable[Event], name: str, created: Mapping[str, datetime], periods: int, place: Places
) -> dict[str, list[int]]:
    """Count who is what in each period; who has no creation time was made with their first event of any name."""
    listed = list(events)
    found = {status: [0] * periods for status in ("new", "returning", "resurrecting", "dormant")}
    for person in {event.person for event in listed}:
        own = [event for event in listed if event.person == person]
        born = place(created.get(person, min(event.at for event in own)))
        active = {place(event.at) for event in own if event.name == name}
        for period in range(periods):
            if period in active and period == born:
                found["new"][period] += 1
            elif period in active and period - 1 in active:
                found["returning"][period] += 1
            elif period in active:
                found["resurrecting"][period] += 1
            elif period - 1 in active:
                found["dormant"][period] -= 1
    return found
