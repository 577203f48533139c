"""Naive answers to stickiness questions: every actor, every period, looked at one by one."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import pairwise

Counts = Callable[[int], bool]
"""Whether so many events make a period count."""


def stickiness(
    events: Iterable[tuple[str, datetime]], edges: Sequence[datetime], counts: Counts, *, is_cumulative: bool
) -> list[int]:
    """Count the actors active in one of the periods between two edges, in two and so on; cumulative: or in more."""
    listed = list(events)
    found = [0] * (len(edges) - 1)
    for person in {name for name, _ in listed}:
        own = [moment for name, moment in listed if name == person]
        active = 0
        for start, end in pairwise(edges):
            times = sum(1 for moment in own if start <= moment < end)
            active += times > 0 and counts(times)
        for place in range(len(found)):
            found[place] += active == place + 1 or (is_cumulative and active > place + 1)
    return found
