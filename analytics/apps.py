"""Makes the composition root a Django app, so that its commands are found and its wiring runs once, at set-up."""

from importlib import import_module

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    """Bind the Celery app whenever Django is set up, so that every process sends jobs to the right broker."""

    name = "analytics"

    def ready(self) -> None:
        """Load the Celery app; importing the package alone stays cheap, which the supervisor relies on."""
        import_module("analytics.celery")
