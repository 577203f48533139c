"""Celery doors of people."""

from contextlib import suppress
from uuid import UUID

from celery import shared_task

from apps.clickhouse.errors import ClickHouseUnavailableError
from apps.common.errors import UnavailableError
from apps.people import mirroring, services, squash


@shared_task(name="people.pay_debts")
def pay_debts() -> None:
    """Send to ClickHouse what a writer that died had not sent; while it is away, the debts stay."""
    with suppress(ClickHouseUnavailableError):
        mirroring.pay_debts()


@shared_task(name="people.squash_overrides")
def squash_overrides() -> None:
    """Write old merges into the events themselves; when another job rewrites events, the next run does it."""
    with suppress(UnavailableError):
        squash.squash_overrides()


@shared_task(name="people.finish_deletion")
def finish_deletion(deletion_id: str) -> None:
    """Erase what is left of a deleted person."""
    services.finish_deletion(deletion_id=UUID(deletion_id))


@shared_task(name="people.resume_deletions")
def resume_deletions() -> None:
    """Go on with deletions that are not finished."""
    services.resume_deletions()
