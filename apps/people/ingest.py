"""The step people adds to the ingest pipeline: who did it, who is who, what is known of them.

A plain event of someone this process has seen lately costs a look into its memory. What is left is done once a batch:
one query for ids it does not know, one transaction for everything that changes persons or groups.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final, cast

from apps.ingest.batch import EventBatch
from apps.people import agenda, generation, store
from apps.people.acts import SPEAKING, says_of_person
from apps.people.agenda import Agenda
from apps.people.graph import Key
from apps.people.groups import TOO_MANY
from apps.people.identity import person_text_for
from apps.people.memory import memory
from apps.people.transaction import Outcome, carry_out

NOBODYS_PROJECT: Final = 0
"""The project of events that watch the pipeline itself; they have no persons."""


def resolve(batch: EventBatch) -> None:
    """Set the person of every event, and write down what the batch says of persons and groups.

    Raises UnavailableError when the database is away; nothing is written then.
    """
    memory.keep_up(generation.current())
    keys = list(zip(batch.project_ids, batch.distinct_ids, strict=True))
    found = list(map(memory.persons.lookup(), keys))
    rows = [
        row
        for row, (person, name, peek) in enumerate(zip(found, batch.events, batch.peeks, strict=True))
        if person is None or peek.set or peek.set_once or peek.unset or peek.groups or name in SPEAKING
    ]
    rows = [row for row in rows if _matters(batch, row, found[row])]
    if rows:
        _resolve_rows(batch, keys, found, rows)
    batch.person_ids = (
        cast("list[str]", found)
        if all(found)
        else [person or person_text_for(*key) for person, key in zip(found, keys, strict=True)]
    )


def _matters(batch: EventBatch, row: int, person: str | None) -> bool:
    """Say whether an event asks for more than a person who is known already."""
    if batch.project_ids[row] == NOBODYS_PROJECT:
        return False
    peek = batch.peeks[row]
    return person is None or bool(peek.groups) or batch.events[row] in SPEAKING or says_of_person(peek)


def _resolve_rows(batch: EventBatch, keys: Sequence[Key], found: list[str | None], rows: Sequence[int]) -> None:
    """Do what memory alone cannot answer."""
    rows = agenda.with_needed_persons(batch, rows)
    is_stranger = memory.strangers.lookup()
    unknown = {keys[row] for row in rows if found[row] is None and not is_stranger(keys[row])}
    if unknown:
        looked_up = store.reading(partial(store.find_persons, unknown))
        memory.persons.learn(looked_up)
        for row in rows:
            found[row] = found[row] or looked_up.get(keys[row])
    todo = agenda.read(batch, keys, found, rows)
    if todo.is_empty:
        outcome = Outcome()
    else:
        outcome = carry_out(todo)
        memory.persons.learn(outcome.persons)
        memory.group_types.update(outcome.group_types)
    memory.strangers.learn(dict.fromkeys(todo.strangers, True))
    for row in rows:
        found[row] = outcome.persons.get(keys[row]) or found[row]
    if outcome.replaced:
        found[:] = [outcome.replaced.get(person, person) if person else None for person in found]
    _tell(batch, todo, outcome)


def _tell(batch: EventBatch, todo: Agenda, outcome: Outcome) -> None:
    """Put warnings and groups into the events, and what changed beside them."""
    for row, code in outcome.warnings:
        batch.warn(row, code)
    for row, groups in todo.groups_of_rows:
        types = memory.group_types.get(batch.project_ids[row], {})
        for kind, key in groups.items():
            if kind in types:
                batch.put(row, f"$group_{types[kind]}", key)
            else:
                batch.warn(row, TOO_MANY)
    for table, mirrored in outcome.mirrors.rows.items():
        for one in mirrored:
            batch.put_beside(table, one)
    if outcome.debt is not None:
        batch.when_stored(partial(memory.settle, outcome.debt))
