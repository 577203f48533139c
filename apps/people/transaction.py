"""Everything a batch changes about persons and groups, in one transaction and in the order of the events' times."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from apps.people import groups, store
from apps.people.acts import PersonAct
from apps.people.agenda import Agenda
from apps.people.graph import Graph, Key
from apps.people.memory import memory
from apps.people.mirrors import Mirrors


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    persons: dict[Key, str] = field(default_factory=dict)
    """Whom the distinct ids lead to that were touched or moved."""
    replaced: dict[str, str] = field(default_factory=dict)
    """Persons merged away, and who stands for them."""
    group_types: dict[int, dict[str, int]] = field(default_factory=dict)
    warnings: list[tuple[int, str]] = field(default_factory=list)
    mirrors: Mirrors = field(default_factory=partial(Mirrors, 0))
    debt: int | None = None
    """What to settle once the mirrors are in ClickHouse."""


def carry_out(agenda: Agenda) -> Outcome:
    """Do a batch's work. Done again, it changes nothing more. Raises UnavailableError when that cannot be done now."""
    settled = memory.take_settled()
    try:
        with _without_collecting():
            return store.in_transaction(partial(_carry_out, agenda, settled))
    except BaseException:
        memory.keep_settled(settled)
        raise


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Spare Python the search for cycles among the objects of a large batch, a quarter of its time: there are none."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _carry_out(agenda: Agenda, settled: list[int]) -> Outcome:
    projects = {act.key[0] for act in agenda.persons}
    projects |= {act.project_id for act in agenda.groups} | {project_id for project_id, _ in agenda.types}
    store.lock(projects)
    graph = store.load(agenda.keys)
    wanted = sorted(agenda.types, key=lambda kind: (agenda.types[kind], kind))
    types = groups.register(wanted, {act.project_id for act in agenda.groups})
    described = groups.load(agenda.groups, types)
    versions = [*graph.versions(), *(group.version for group in described.values())]
    mirrors = Mirrors(store.version_above(versions))
    warnings = apply(graph, agenda.persons)
    warnings += groups.describe(agenda.groups, types, described, mirrors)
    store.save(graph, mirrors)
    debt = store.owe(mirrors)
    store.forgive(settled)
    return Outcome(
        persons=_led(graph) | mirrors.places,
        replaced={person.id: person.standing().id for person in graph.persons.values() if person.into},
        group_types=types,
        warnings=warnings,
        mirrors=mirrors,
        debt=debt,
    )


def apply(graph: Graph, acts: Iterable[PersonAct]) -> list[tuple[int, str]]:
    """Apply what events say about persons, in the order of their times; gives warnings by row."""
    warnings: list[tuple[int, str]] = []
    for act in sorted(acts, key=lambda each: (each.timestamp_us, each.row)):
        if act.other is not None:
            refused = graph.merge(act.other, act.key, act.timestamp_us, dangerously=act.dangerously)
            if refused is not None:
                warnings.append((act.row, str(refused)))
        person = graph.ensure(act.key, act.timestamp_us)
        if act.change is not None:
            refused = graph.update(person, act.change)
            if refused is not None:
                warnings.append((act.row, str(refused)))
    return warnings


def _led(graph: Graph) -> dict[Key, str]:
    return {key: place.person.standing().id for key, place in graph.places.items()}
