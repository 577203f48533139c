"""Naive answers to funnel questions: one actor at a time, one event after the other, as the contract tells it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from statistics import mean, median


@dataclass(frozen=True)
class Event:
    """What one actor did, when (in seconds)."""

    name: str
    at: int


@dataclass(frozen=True)
class Exclusion:
    """An event that must not come between two steps (counted from 0)."""

    name: str
    first: int
    last: int


@dataclass(frozen=True)
class Attempt:
    """How one attempt stands: when it reached each step, and whether an exclusion has hit it."""

    times: tuple[int, ...]
    dirty: bool = False


@dataclass(frozen=True)
class Funnel:
    """The question."""

    steps: tuple[str, ...]
    window: int
    order: str = "ordered"
    exclusions: tuple[Exclusion, ...] = ()


def furthest(events: Iterable[Event], funnel: Funnel) -> tuple[int, ...] | None:
    """Give when the actor reached each step of the attempt that counts; None when they count nowhere."""
    if funnel.order == "unordered":
        return _unordered(sorted(events, key=lambda event: event.at), funnel)
    standing: list[Attempt | None] = [None] * len(funnel.steps)
    reached: list[list[Attempt]] = [[] for _ in funnel.steps]
    for _, group in groupby(sorted(events, key=lambda event: event.at), key=lambda event: event.at):
        together = sorted(group, key=lambda event: _first_step(event, funnel))
        for event in together:
            moved = _move(event, funnel, standing, reached)
            if len(together) == 1:
                _exclude(event, funnel, standing, reached)
                if funnel.order == "strict":
                    standing = [one if index in moved else None for index, one in enumerate(standing)]
    level = max((index for index, attempts in enumerate(reached) if attempts), default=-1)
    if level < 0:
        return None
    return next((attempt.times for attempt in reached[level] if not attempt.dirty), None)


def summary(actors: Iterable[tuple[int, ...] | None], steps: int) -> list[tuple[int, float | None, float | None]]:
    """Give people, average and median seconds for each step; nothing when nobody entered."""
    counted = [times for times in actors if times]
    if not counted:
        return []
    answer: list[tuple[int, float | None, float | None]] = [(len(counted), None, None)]
    for step in range(1, steps):
        spans = [times[step] - times[step - 1] for times in counted if len(times) > step]
        answer.append((len(spans), mean(spans) if spans else None, median(spans) if spans else None))
    return answer


def _first_step(event: Event, funnel: Funnel) -> int:
    return funnel.steps.index(event.name) if event.name in funnel.steps else len(funnel.steps)


def _move(event: Event, funnel: Funnel, standing: list[Attempt | None], reached: list[list[Attempt]]) -> set[int]:
    """Let the event fill steps, the last one first so that it fills only one of an attempt."""
    moved = set()
    for step in reversed(range(len(funnel.steps))):
        if funnel.steps[step] != event.name:
            continue
        before = Attempt(()) if step == 0 else standing[step - 1]
        if before is None or (step and event.at - before.times[0] > funnel.window):
            continue
        moved.add(step)
        start = (*before.times, event.at)[0]
        known = standing[step]
        if known is not None and known.times[0] == start:
            continue
        standing[step] = Attempt((*before.times, event.at), before.dirty)
        reached[step].append(Attempt((*before.times, event.at), before.dirty))
    return moved


def _exclude(event: Event, funnel: Funnel, standing: list[Attempt | None], reached: list[list[Attempt]]) -> None:
    for exclusion in funnel.exclusions:
        if exclusion.name != event.name:
            continue
        for step in range(exclusion.first, exclusion.last):
            one = standing[step]
            if one is not None and event.at - one.times[0] <= funnel.window:
                standing[step] = replace(one, dirty=True)
                start = one.times[0]
                reached[step] = [replace(two, dirty=True) if two.times[0] == start else two for two in reached[step]]


def _unordered(events: Sequence[Event], funnel: Funnel) -> tuple[int, ...] | None:
    best: tuple[int, ...] = ()
    for place, event in enumerate(events):
        wiped = [index for index in range(place + 1) if events[index].name in {one.name for one in funnel.exclusions}]
        since = wiped[-1] + 1 if wiped else 0
        near = [one for one in events[since : place + 1] if event.at - one.at <= funnel.window]
        filled: list[int] = []
        for name in set(funnel.steps):
            filled += [one.at for one in near if one.name == name][: funnel.steps.count(name)]
        if len(filled) > len(best):
            best = tuple(sorted(filled))
    return best or None
