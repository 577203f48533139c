"""Reads that other apps and pages make without writing a query."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from apps.accounts.contracts import ProjectContext
from apps.clickhouse.texts import with_texts
from apps.common import clock
from apps.query import engine
from apps.query.kinds import events
from apps.query.kinds.events import ListedEvent, Mark
from apps.query.kinds.source import People, build_has_merges

MAX_EVENTS: Final = 100
_CLOCKS_APART: Final = timedelta(days=2)
"""How far in the future an event may lie and still be listed first."""


def people_of(project_id: int) -> People:
    """Say how to tell the actors of a project apart: with a look at merges only where there are some."""
    found = engine.ask(build_has_merges(project_id), tag=f"query.merges project={project_id}")
    return People(has_merges=bool(found.rows))


def list_events(  # noqa: PLR0913 - one optional filter an argument
    project: ProjectContext,
    *,
    after: datetime | None = None,
    before: Mark | None = None,
    event: str | None = None,
    distinct_id: str | None = None,
    person_id: UUID | None = None,
    limit: int = 50,
) -> list[ListedEvent]:
    """List a project's events, newest first, strictly later than `after` and earlier than `before`.

    Looks back no further than the page needs, so the newest events of a large project cost little.
    """
    start = before or Mark(clock.now() + _CLOCKS_APART)
    people = people_of(project.id)
    question = events.EventsInput(
        project.id, min(limit, MAX_EVENTS), start, after, event, distinct_id, person_id, people
    )
    found: list[ListedEvent] = []
    for look_back in events.LOOK_BACKS:
        reach = look_back if before or look_back is None else look_back + _CLOCKS_APART
        result = engine.ask(events.build(question, reach), tag=f"query.events project={project.id}")
        found = events.decode(result.dicts())
        if len(found) >= question.limit or _is_covered(question, reach):
            break
    return found


def find_event(project: ProjectContext, uuid: UUID, timestamp: datetime) -> ListedEvent | None:
    """Find one event by its id and its exact moment, as `list_events` gives them; whole, with the texts kept apart."""
    result = engine.ask(
        events.build_one(project.id, uuid, timestamp, people_of(project.id)), tag=f"query.event project={project.id}"
    )
    found = next(iter(events.decode(result.dicts())), None)
    return found and replace(found, properties=with_texts(project.id, found.uuid, found.properties))


def _is_covered(question: events.EventsInput, look_back: timedelta | None) -> bool:
    """Say whether looking further back could not find more."""
    if look_back is None:
        return True
    return question.after is not None and question.before.moment - look_back <= question.after
