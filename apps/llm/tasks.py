"""Celery doors of llm."""

from celery import shared_task

from apps.llm import services


@shared_task(name="llm.reprice")
def reprice(repricing_id: int) -> None:
    """Do a run of pricing stored calls again, or go on with it."""
    services.run_repricing(repricing_id)


@shared_task(name="llm.resume_repricings")
def resume_repricings() -> None:
    """Look for runs that were cut short."""
    services.resume_repricings()
