"""Pricing stored calls again: an explicit run over a range, that can be cut short anywhere and goes on.

A page of rows is read and written under the lock over rewriting events, then the place after it is noted. A run that
dies in between finds the rows of that page as its own work (they carry its number) and counts them once.
"""

import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import redis
import structlog
from django.conf import settings
from django.db import transaction

from apps.accounts import audit
from apps.accounts.contracts import SYSTEM, Actor, ProjectContext, Target
from apps.accounts.models import Project
from apps.clickhouse import client
from apps.clickhouse.errors import ClickHouseError
from apps.clickhouse.rewriting import rewriting
from apps.clickhouse.tables import EVENTS_LANDING
from apps.common import clock, jobs
from apps.common.errors import UnavailableError
from apps.llm import selectors
from apps.llm.errors import RepricingRunningError
from apps.llm.models import Repricing
from apps.llm.queries import stored
from apps.llm.queries.stored import Choice, Place, Row
from apps.llm.repricing import Change, reprice
from apps.llm.values import check_range

JOB: Final = "llm.reprice"
PAGE: Final = 5_000
_SECONDS_A_JOB: Final = 240.0
"""A job ends before its time limit and asks for the next one."""
_ALIVE_SECONDS: Final = 120.0

log = structlog.get_logger(__name__)


def start_repricing(  # noqa: PLR0913 - what a run is about, all by keyword
    *,
    project: ProjectContext,
    actor: Actor,
    date_from: datetime,
    date_to: datetime,
    model: str = "",
    only_unpriced: bool = False,
) -> Repricing:
    """Ask for a run; it begins once this transaction is committed."""
    check_range(date_from, date_to)
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.id)
        if _unfinished().filter(project_id=project.id).exists():
            raise RepricingRunningError("A run of this project is not finished yet.")
        run = Repricing.objects.create(
            project_id=project.id,
            date_from=date_from,
            date_to=date_to,
            model=model.strip().lower(),
            only_unpriced=only_unpriced,
            requested_by=actor.email,
        )
        changes = {
            "date_from": [None, date_from.isoformat()],
            "date_to": [None, date_to.isoformat()],
            "model": [None, run.model],
        }
        audit.record(actor, "llm_repricing.started", _target(project.organization_id, run), changes)
        jobs.enqueue(JOB, run.pk)
    return run


def resume_repricings() -> None:
    """Have runs go on whose job is gone; beat calls this every minute."""
    for run_id in _unfinished().values_list("pk", flat=True):
        jobs.enqueue(JOB, run_id)


def run_repricing(repricing_id: int, *, seconds: float = _SECONDS_A_JOB, page: int = PAGE) -> None:
    """Do a run, or as much of it as fits into one job; of two jobs for one run the second ends at once."""
    with redis.Redis.from_url(settings.REDIS_URL) as connection:
        lock = connection.lock(f"baleen:llm:repricing:{repricing_id}", timeout=_ALIVE_SECONDS, blocking=False)
        if not lock.acquire():
            return
        try:
            is_done = _go_on(repricing_id, time.monotonic() + seconds, page, lock)
        finally:
            if lock.owned():
                lock.release()
    if not is_done:
        jobs.enqueue(JOB, repricing_id)


def _go_on(repricing_id: int, end: float, page: int, lock: Any) -> bool:  # noqa: ANN401 - a lock of the Redis client
    """Work until the end of the run or of the time; say whether nothing is left to be asked for."""
    run = _unfinished().filter(pk=repricing_id).first()
    if run is None:
        return True
    choice = Choice(run.project_id, run.date_from, run.date_to, run.model, run.only_unpriced, run.pk)
    try:
        if run.status == Repricing.WAITING:
            _begin(run, choice)
        while (place := _place(run)) is not None:
            if time.monotonic() > end:
                return False
            lock.reacquire()
            _do_page(run, choice, place, page)
    except (UnavailableError, ClickHouseError) as exc:
        # Beat asks for it again; what was done stays done.
        log.warning("repricing.interrupted", repricing=run.pk, reason=str(exc))
        return True
    except Exception as exc:
        run.status, run.error, run.finished_at = Repricing.FAILED, repr(exc)[:400], clock.now()
        run.save()
        raise
    _finish(run)
    return True


def _begin(run: Repricing, choice: Choice) -> None:
    """Count the work and note the days there is any."""
    total = client.run(stored.build_count(choice), tag=f"llm.repricing {run.pk}").rows[0][0]
    days = client.run(stored.build_days(choice), tag=f"llm.repricing {run.pk}").dicts()
    run.events_total = total
    run.place = {"days": [[row["event"], _utc(row["day"]).isoformat()] for row in days], "next": 0}
    run.status, run.started_at = Repricing.RUNNING, clock.now()
    run.save()


def _place(run: Repricing) -> Place | None:
    """Say where the run goes on; None at its end."""
    days, number = run.place["days"], run.place["next"]
    if number >= len(days):
        return None
    event, day = days[number]
    after = run.place.get("after")
    moment = datetime.fromisoformat(day)
    return Place(event, moment, int(after[0]), UUID(after[1])) if after else Place(event, moment)


def _do_page(run: Repricing, choice: Choice, place: Place, limit: int) -> None:
    """Price a page of rows, write those that change, and note the place after it."""
    own = selectors.read_prices(run.project_id)
    with rewriting(hold=_ALIVE_SECONDS):
        result = client.run(stored.build_page(choice, place, limit), tag=f"llm.repricing {run.pk}")
        rows = stored.decode_page(result.dicts())
        changes = [reprice(row, own, run.pk) for row in rows]
        _write(run.project_id, rows, changes)
    run.events_seen += len(rows)
    changed = [one for one in changes if one.is_changed]
    run.events_changed += len(changed)
    run.usd_before += sum((one.before for one in changed), Decimal(0))
    run.usd_after += sum((one.after for one in changed), Decimal(0))
    if len(rows) < limit:
        run.place = {**run.place, "next": run.place["next"] + 1, "after": None}
    else:
        run.place = {**run.place, "after": [str(rows[-1].hash), str(rows[-1].uuid)]}
    run.save()


def _write(project_id: int, rows: list[Row], changes: list[Change]) -> None:
    """Put the changed rows into the table as newer versions of themselves."""
    pairs = [(row, one.properties) for row, one in zip(rows, changes, strict=True) if one.properties is not None]
    client.insert(
        EVENTS_LANDING,
        {
            "project_id": [project_id] * len(pairs),
            "uuid": [str(row.uuid) for row, _ in pairs],
            "event": [row.event for row, _ in pairs],
            "distinct_id": [row.distinct_id for row, _ in pairs],
            "person_id": [str(row.person_id) for row, _ in pairs],
            "timestamp_us": [row.timestamp_us for row, _ in pairs],
            "received_us": [row.received_us for row, _ in pairs],
            "properties": [properties for _, properties in pairs],
            "entry": [row.entry for row, _ in pairs],
        },
    )


def _finish(run: Repricing) -> None:
    """Leave the receipt, in the run and in the audit log."""
    run.status, run.finished_at = Repricing.DONE, clock.now()
    with transaction.atomic():
        run.save()
        organization_id = Project.objects.values_list("organization_id", flat=True).get(pk=run.project_id)
        receipt = {
            "events_seen": run.events_seen,
            "events_changed": run.events_changed,
            "usd_before": float(run.usd_before),
            "usd_after": float(run.usd_after),
        }
        audit.record(SYSTEM, "llm_repricing.finished", _target(organization_id, run), receipt)


def _unfinished() -> Any:  # noqa: ANN401 - a query set
    return Repricing.objects.filter(status__in=[Repricing.WAITING, Repricing.RUNNING])


def _target(organization_id: int, run: Repricing) -> Target:
    return Target("llm_repricing", run.pk, organization_id, run.project_id)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
