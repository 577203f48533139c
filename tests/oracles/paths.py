"""Naive answers to questions about paths: one person, one event after the other, as the contract tells it."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

PAUSE = timedelta(minutes=30)
CARRIES = {"$pageview": "$current_url", "$screen": "$screen_name"}

Step = tuple[str, datetime]
Edge = tuple[str, str, int, Fraction]


@dataclass(frozen=True)
class Event:
    """Who did what, when; `text` is the address of a page view or the name of a screen."""

    person: str
    name: str
    at: datetime
    text: str = ""


@dataclass(frozen=True)
class Paths:
    """The question."""

    types: frozenset[str] = frozenset({"$pageview", "$screen", "custom_event"})
    start: str = ""
    end: str = ""
    steps: int = 5
    edges: int = 50
    least: int = 0
    most: int = 10**9
    groupings: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    cleaning: tuple[tuple[str, str], ...] = ()


def edges(events: Iterable[Event], asked: Paths) -> list[Edge]:
    """Give the edges, largest first: source, target, how often, and the mean of milliseconds it took."""
    took: dict[tuple[str, str], list[int]] = defaultdict(list)
    listed = sorted(events, key=lambda event: event.at)
    for person in {event.person for event in listed}:
        for visit in visits([event for event in listed if event.person == person], asked):
            path = limited(bounded(collapsed(visit), asked), asked)
            for number, ((one, since), (other, until)) in enumerate(pairwise(path), 1):
                took[f"{number}_{one}", f"{number + 1}_{other}"].append((until - since) // timedelta(microseconds=1))
    weighed = [
        (source, target, len(spans), Fraction(sum(spans), len(spans) * 1000))
        for (source, target), spans in took.items()
        if asked.least <= len(spans) <= asked.most
    ]
    shown = sorted(weighed, key=lambda edge: (-edge[2], edge[0].encode(), edge[1].encode()))[: asked.edges]
    return connected(shown)


def visits(own: Sequence[Event], asked: Paths) -> list[list[Step]]:
    """Cut one person's steps where nothing happened for too long."""
    found: list[list[Step]] = []
    for event in own:
        text = item(event, asked)
        if not text:
            continue
        if not found or event.at - found[-1][-1][1] > PAUSE:
            found.append([])
        found[-1].append((text, event.at))
    return found


def item(event: Event, asked: Paths) -> str:
    """Name an event; empty when it takes no part."""
    kind = event.name if event.name in CARRIES else "custom_event"
    if kind not in asked.types or (kind == "custom_event" and event.name.startswith("$")):
        return ""
    text = event.text if event.name in CARRIES else event.name
    text = stripped(text)
    for pattern, alias in asked.cleaning:
        text = re.sub(pattern, lambda _, alias=alias: alias, text)  # type: ignore[misc]
    for grouping in asked.groupings:
        if re.search(".*".join(map(re.escape, grouping.split("*"))), text, re.DOTALL):
            text = grouping
            break
    return "" if text in asked.excluded or text in map(stripped, asked.excluded) else text


def stripped(text: str) -> str:
    return text[:-1] if text.endswith("/") and text != "/" else text


def collapsed(visit: Sequence[Step]) -> list[Step]:
    """Make one of repeats in a row, with the time of the last."""
    found: list[Step] = []
    for step in visit:
        if found and found[-1][0] == step[0]:
            found.pop()
        found.append(step)
    return found


def bounded(path: Sequence[Step], asked: Paths) -> list[Step]:
    """Cut a path at its first visits of the ends; nothing when it lacks one."""
    found = list(path)
    if asked.start:
        places = [index for index, step in enumerate(found) if step[0] in {asked.start, stripped(asked.start)}]
        found = found[places[0] :] if places else []
    if asked.end:
        places = [index for index, step in enumerate(found) if step[0] in {asked.end, stripped(asked.end)}]
        found = found[: places[0] + 1] if places else []
    return found


def limited(path: Sequence[Step], asked: Paths) -> list[Step]:
    """Keep as many steps as are shown."""
    if len(path) <= asked.steps:
        return list(path)
    if not asked.end:
        return list(path[: asked.steps])
    if not asked.start:
        return list(path[len(path) - asked.steps :])
    half = asked.steps // 2
    return [*path[:half], ("...", path[half][1]), *path[len(path) - half :]]


def connected(found: Sequence[Edge]) -> list[Edge]:
    """Leave out edges that no first step leads to, looking as often as something changes."""
    sources = Counter(edge[0] for edge in found if edge[0].startswith("1_"))
    while True:
        more = {edge[1] for edge in found if edge[0] in sources} - set(sources)
        if not more:
            return [edge for edge in found if edge[0] in sources]
        sources.update(more)
