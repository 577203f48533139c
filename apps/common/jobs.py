"""Start background jobs by name, so that services never import the tasks that call them."""

from celery import current_app
from django.db import transaction


def enqueue(name: str, *args: object) -> None:
    """Send a Celery task once the surrounding transaction has committed; at once when there is none."""
    transaction.on_commit(lambda: current_app.send_task(name, args=args))
