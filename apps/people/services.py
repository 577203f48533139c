"""What may be done to persons: delete one, erase a project's."""

from functools import partial
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from apps.accounts import audit
from apps.accounts.contracts import Actor, ProjectContext, Target
from apps.clickhouse import client, tables
from apps.clickhouse.migrator import variables
from apps.clickhouse.rewriting import rewriting
from apps.clickhouse.statement import literal
from apps.common import jobs
from apps.common.clock import now
from apps.people import mirroring, store
from apps.people.errors import PersonNotFoundError
from apps.people.memory import memory
from apps.people.mirrors import Mirrors
from apps.people.models import DistinctId, Group, GroupType, Person, PersonDeletion, ProjectLock

_ROWS_AT_ONCE: Final = 5_000
_IDS_AT_ONCE: Final = 1_000
_SECONDS: Final = 540.0

log = structlog.get_logger(__name__)


def delete_person(
    *, project: ProjectContext, person_id: UUID, actor: Actor, with_events: bool = False
) -> PersonDeletion:
    """Take a person out of sight at once and start the job that erases the rest; the receipt tells when that is done.

    Without their events, those stay as events of somebody unknown. Whoever sends again is a new person, for a writer
    that remembers the old one within ten minutes. Raises PersonNotFoundError.
    """
    return store.in_transaction(
        partial(_delete_person, project=project, person_id=person_id, actor=actor, with_events=with_events)
    )


def _delete_person(*, project: ProjectContext, person_id: UUID, actor: Actor, with_events: bool) -> PersonDeletion:
    store.lock([project.id])
    person = Person.objects.filter(project_id=project.id, pk=person_id).first()
    if person is None:
        raise PersonNotFoundError("There is no such person.")
    places = DistinctId.objects.filter(project_id=project.id, person_id=person_id)
    rows = list(places.values_list("distinct_id", "version"))
    receipt = PersonDeletion.objects.create(
        project_id=project.id,
        person_id=person_id,
        distinct_ids=[distinct_id for distinct_id, _ in rows],
        version=store.version_above([person.version, *(version for _, version in rows)]),
        with_events=with_events,
        requested_by=actor.email,
    )
    places.delete()
    person.delete()
    target = Target("person", str(person_id), project.organization_id, project.id)
    audit.record(actor, "person.deleted", target, {"with_events": with_events, "receipt": str(receipt.pk)})
    transaction.on_commit(memory.forget)
    jobs.enqueue("people.finish_deletion", str(receipt.pk))
    return receipt


def finish_deletion(*, deletion_id: UUID) -> None:
    """Erase in ClickHouse what a receipt names, and note when that was done. Safe to call twice."""
    receipt = PersonDeletion.objects.filter(pk=deletion_id, finished_at__isnull=True).first()
    if receipt is None:
        return
    mirrors = Mirrors(receipt.version)
    mirrors.forget_person(receipt.project_id, str(receipt.person_id), 0)
    for distinct_id in receipt.distinct_ids:
        mirrors.forget_place((receipt.project_id, distinct_id), str(receipt.person_id))
    mirroring.send(mirrors)
    if receipt.with_events:
        with rewriting():
            for start in range(0, len(receipt.distinct_ids), _IDS_AT_ONCE):
                _erase_events(receipt.project_id, receipt.distinct_ids[start : start + _IDS_AT_ONCE])
    # The receipt tells what was done, and no longer to whom.
    receipt.distinct_ids, receipt.finished_at = [], now()
    receipt.save(update_fields=["distinct_ids", "finished_at"])
    log.info("person.deleted", project=receipt.project_id, receipt=str(receipt.pk), with_events=receipt.with_events)


def resume_deletions() -> None:
    """Start the jobs of receipts that are open, whatever became of the first try."""
    waiting = PersonDeletion.objects.filter(finished_at__isnull=True).order_by("created_at")
    for deletion_id in waiting.values_list("pk", flat=True)[:100]:
        jobs.enqueue("people.finish_deletion", str(deletion_id))


def purge_project(project_id: int) -> None:
    """Erase a deleted project's persons and groups from the database, some rows at a time. Safe to call twice."""
    for model in (DistinctId, Person, Group, GroupType, PersonDeletion, ProjectLock):
        rows: Any = model._default_manager.filter(project_id=project_id)  # noqa: SLF001 - Django's public name
        while ids := list(rows.values_list("pk", flat=True)[:_ROWS_AT_ONCE]):
            rows.filter(pk__in=ids).delete()


def _erase_events(project_id: int, distinct_ids: list[str]) -> None:
    """Erase all that was sent under some distinct ids, wherever it is kept."""
    words = variables(settings.CLICKHOUSE_CLUSTER)
    condition = f"project_id = {int(project_id)} AND distinct_id IN {literal(tuple(distinct_ids))}"
    for table, columns in tables.COLUMNS.items():
        if "distinct_id" in columns and not table.endswith("_landing") and table != tables.PERSON_DISTINCT_IDS:
            client.command(
                f"ALTER TABLE {table}{words['LOCAL']} {words['ON_CLUSTER']} DELETE WHERE {condition} "
                "SETTINGS mutations_sync = 2",
                timeout=_SECONDS,
            )
