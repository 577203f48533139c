"""What may be done to persons: delete one, erase a project's."""

import time
from contextlib import suppress
from functools import partial
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import transaction

from apps.accounts import audit
from apps.accounts.contracts import Actor, ProjectContext, Target
from apps.clickhouse.rewriting import rewriting
from apps.common import jobs
from apps.common.clock import now
from apps.common.errors import UnavailableError
from apps.ingest import selectors as ingest
from apps.people import erasing, generation, mirroring, store
from apps.people.errors import PersonNotFoundError
from apps.people.memory import memory
from apps.people.mirrors import Mirrors
from apps.people.models import DistinctId, Group, GroupType, Person, PersonDeletion, ProjectLock

_ROWS_AT_ONCE: Final = 5_000
_PATIENCE: Final = 5.0
"""For how many seconds a job waits for writers, which are a fraction of one behind."""

log = structlog.get_logger(__name__)


def delete_person(
    *, project: ProjectContext, person_id: UUID, actor: Actor, with_events: bool = False
) -> PersonDeletion:
    """Take a person out of sight at once and start the job that erases the rest; the receipt tells when that is done.

    Without their events, those stay as events of somebody unknown, one for each distinct id. Whoever sends again is a
    new person. Raises PersonNotFoundError.
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
    transaction.on_commit(_tell_writers)
    jobs.enqueue("people.finish_deletion", str(receipt.pk))
    return receipt


def finish_deletion(*, deletion_id: UUID) -> None:
    """Do in ClickHouse what a receipt says, and note when that was done. Safe to call twice.

    It is done once everything is written that reached the log before writers forgot the person; with a log that is far
    behind, the receipt stays open and a later call looks again.
    """
    receipt = PersonDeletion.objects.filter(pk=deletion_id, finished_at__isnull=True).first()
    if receipt is None:
        return
    generation.advance()
    told = time.time()
    mirrors = Mirrors(receipt.version)
    mirrors.forget_person(receipt.project_id, str(receipt.person_id), 0)
    for distinct_id in receipt.distinct_ids:
        mirrors.forget_place((receipt.project_id, distinct_id), str(receipt.person_id))
    mirroring.send(mirrors)
    is_settled = _is_written(told)
    with rewriting():
        if receipt.with_events:
            erasing.erase_events(receipt.project_id, receipt.distinct_ids, receipt.created_at)
        erasing.give_back(receipt.project_id, receipt.distinct_ids)
    if not is_settled:
        log.info(
            "person.deletion_waits", project=receipt.project_id, receipt=str(receipt.pk), reason="the log is behind"
        )
        return
    # The receipt tells what was done, and no longer to whom.
    receipt.distinct_ids, receipt.finished_at = [], now()
    receipt.save(update_fields=["distinct_ids", "finished_at"])
    log.info("person.deleted", project=receipt.project_id, receipt=str(receipt.pk), with_events=receipt.with_events)


def _tell_writers() -> None:
    """Make writers forget at once; the job tells them again, in case that fails here."""
    memory.forget()
    with suppress(UnavailableError):
        generation.advance()


def _is_written(until: float) -> bool:
    """Wait a little for what had reached the log at a moment; says whether all of it is in ClickHouse."""
    deadline = time.monotonic() + _PATIENCE
    while (behind := time.time() - ingest.oldest_age()) <= until:
        if time.monotonic() > deadline or until - behind > _PATIENCE:
            return False
        time.sleep(0.05)
    return True


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
