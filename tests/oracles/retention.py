"""Naive answers to retention questions: every actor, every period, every column looked at one by one."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

Places = Callable[[datetime], int | None]
"""Which period of the range a moment falls into; None outside."""


@dataclass(frozen=True)
class Event:
    """Who did what, when, with which value of the property results are split by, and whether it passes the filters."""

    person: str
    name: str
    at: datetime
    value: str = ""
    passes: bool = True


@dataclass(frozen=True)
class Retention:
    """A question about people who do `target` and then `returning`."""

    target: str
    returning: str
    kind: str
    rows: int
    columns: int
    is_cumulative: bool
    minimum: int


def triangle(events: Iterable[Event], asked: Retention, place: Places) -> list[list[int]]:
    """Count, for each period, who began in it, and who of them came back in each period after it."""
    listed = list(events)
    table = [[0] * asked.columns for _ in range(asked.rows)]
    for person in {event.person for event in listed}:
        own = [event for event in listed if event.person == person]
        for row in begins(own, asked, place):
            table[row][0] += 1
            for column in range(1, asked.columns):
                last = asked.rows - 1 if asked.is_cumulative else row + column
                periods = range(row + column, min(last, asked.rows - 1) + 1)
                table[row][column] += any(_comes_back(own, asked, place, period) for period in periods)
    return table


def begins(own: Sequence[Event], asked: Retention, place: Places) -> set[int]:
    """Find the periods in which a person begins."""
    named = [event for event in own if event.name == asked.target]
    passing = [event for event in named if event.passes]
    if asked.kind == "retention_recurring":
        found = {place(event.at) for event in passing}
    else:
        first = min((event.at for event in passing), default=None)
        if asked.kind == "retention_first_ever_occurrence" and first != min(
            (event.at for event in named), default=None
        ):
            first = None
        found = {None if first is None else place(first)}
    return {period for period in found if period is not None}


def _comes_back(own: Sequence[Event], asked: Retention, place: Places, period: int) -> bool:
    times = sum(1 for event in own if event.name == asked.returning and place(event.at) == period)
    return times >= asked.minimum
