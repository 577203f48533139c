"""The composition root: settings, URLs, the Celery app and WSGI. It wires every app and holds no rule of its own."""

from analytics.celery import app as celery_app

__all__ = ["celery_app"]
