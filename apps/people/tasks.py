"""Celery doors of people."""

from uuid import UUID

from celery import shared_task

from apps.people import mirroring, services, squash


@shared_task(name="people.pay_debts")
def pay_debts() -> None:
    """Send to ClickHouse what a writer that died had not sent."""
    mirroring.pay_debts()


@shared_task(name="people.squash_overrides")
def squash_overrides() -> None:
    """Write old merges into the events themselves."""
    squash.squash_overrides()


@shared_task(name="people.finish_deletion")
def finish_deletion(deletion_id: str) -> None:
    """Erase what is left of a deleted person."""
    services.finish_deletion(deletion_id=UUID(deletion_id))


@shared_task(name="people.resume_deletions")
def resume_deletions() -> None:
    """Go on with deletions that are not finished."""
    services.resume_deletions()
