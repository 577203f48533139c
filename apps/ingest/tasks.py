"""Celery doors of ingest."""

from celery import shared_task

from apps.ingest.canary import flight


@shared_task(name="ingest.send_canary", time_limit=120)
def send_canary() -> None:
    """Send one event through everything; beat does so once a minute."""
    flight.fly()
