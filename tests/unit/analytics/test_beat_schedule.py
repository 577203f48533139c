"""What beat is told to start exists."""

from django.conf import settings

from analytics.celery import app


def test_schedule__every_task_named__is_one_a_worker_knows() -> None:
    # When a worker has read all apps
    app.loader.import_default_modules()

    # Then
    assert {str(entry["task"]) for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)
