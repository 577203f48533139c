"""What people may do to definitions, and what the writer reports of those it could not note."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

from apps.accounts import audit
from apps.accounts.contracts import Actor, ProjectContext, Target
from apps.catalog import selectors
from apps.catalog.contracts import EventDefinition, PropertyDefinition, Scope
from apps.catalog.models import EventNote, Note, PropertyNote
from apps.clickhouse import client
from apps.clickhouse.migrator import variables
from apps.clickhouse.statement import identifier, literal
from apps.clickhouse.tables import SEEN_EVENTS, SEEN_PROPERTIES

log = structlog.get_logger(__name__)

_FORGET_SECONDS: Final = 60.0


def describe_event(
    *, project: ProjectContext, event: EventDefinition, changes: Mapping[str, Any], actor: Actor
) -> EventDefinition:
    """Change what people wrote about an event; `changes` has the fields of a note."""
    with transaction.atomic():
        note, _ = EventNote.objects.select_for_update().get_or_create(project_id=project.id, name=event.name)
        _change(note, changes, actor, Target("event_definition", event.id, project.organization_id, project.id))
    return selectors.get_event(project.id, event.id)


def describe_property(
    *, project: ProjectContext, definition: PropertyDefinition, changes: Mapping[str, Any], actor: Actor
) -> PropertyDefinition:
    """Change what people wrote about a property."""
    with transaction.atomic():
        note, _ = PropertyNote.objects.select_for_update().get_or_create(
            project_id=project.id, name=definition.name, scope=definition.scope, group_type=definition.group_type
        )
        target = Target("property_definition", definition.id, project.organization_id, project.id)
        _change(note, changes, actor, target)
    return selectors.get_property(project.id, definition.id)


def forget_event(*, project: ProjectContext, event: EventDefinition, actor: Actor) -> None:
    """Forget an event's definition; the events stay, and one more of them brings it back."""
    with transaction.atomic():
        EventNote.objects.filter(project_id=project.id, name=event.name).delete()
        target = Target("event_definition", event.id, project.organization_id, project.id)
        audit.record(actor, "event_definition.deleted", target, {"name": [event.name, None]})
    _delete(SEEN_EVENTS, project.id, {"event": event.name})
    _delete(SEEN_PROPERTIES, project.id, {"scope": str(Scope.EVENT), "carrier": event.name})
    selectors.forget(project.id)


def forget_property(*, project: ProjectContext, definition: PropertyDefinition, actor: Actor) -> None:
    """Forget a property's definition; the next time it is seen brings it back."""
    with transaction.atomic():
        PropertyNote.objects.filter(
            project_id=project.id, name=definition.name, scope=definition.scope, group_type=definition.group_type
        ).delete()
        target = Target("property_definition", definition.id, project.organization_id, project.id)
        audit.record(actor, "property_definition.deleted", target, {"name": [definition.name, None]})
    where = {"scope": str(definition.scope), "property": definition.name}
    if definition.scope is Scope.GROUP:
        where["carrier"] = definition.group_type
    _delete(SEEN_PROPERTIES, project.id, where)
    selectors.forget(project.id)


def purge_project(project_id: int) -> None:
    """Erase what people wrote, of a deleted project; named in `settings.PROJECT_PURGERS`."""
    EventNote.objects.filter(project_id=project_id).delete()
    PropertyNote.objects.filter(project_id=project_id).delete()
    selectors.forget(project_id)


def count_refused(refused: Mapping[int, int]) -> None:
    """Add to how often names of projects were not noted; a count that is lost does no harm."""
    for project_id, times in refused.items():
        key = selectors.refused_key(project_id)
        try:
            cache.add(key, 0, timeout=None)
            cache.incr(key, times)
        except (RedisError, ValueError) as exc:
            log.warning("catalog.refused_not_counted", project=project_id, times=times, reason=str(exc))


def _change(note: Note, changes: Mapping[str, Any], actor: Actor, target: Target) -> None:
    """Write what differs, and say so in the audit log."""
    told: dict[str, Sequence[object]] = {}
    for name, value in changes.items():
        before = getattr(note, name)
        if before != value:
            told[name] = [before, value]
            setattr(note, name, value)
    if not told:
        return
    note.updated_by_id = actor.user_id
    note.save()
    audit.record(actor, f"{target.kind}.updated", target, {"name": note.name, **told})


def _delete(table: str, project_id: int, where: Mapping[str, str]) -> None:
    words = variables(settings.CLICKHOUSE_CLUSTER)
    name = identifier(f"{table}{words['LOCAL']}")
    matches = " AND ".join(f"{identifier(column)} = {literal(value)}" for column, value in where.items())
    client.command(
        f"ALTER TABLE {name} {words['ON_CLUSTER']} DELETE WHERE project_id = {int(project_id)} AND {matches} "
        "SETTINGS mutations_sync = 2",
        timeout=_FORGET_SECONDS,
    )
