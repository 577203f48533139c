"""The Celery app of the worker and of beat; tasks live in each app's `tasks.py`."""

import os

from celery import Celery, signals
from click import Option

from analytics.beat import EmbeddedBeat
from apps.common import heartbeat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "analytics.settings")

app = Celery("baleen")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.user_options["worker"].add(Option(("--with-beat",), is_flag=True, help="Also run beat, as a thread."))
app.steps["worker"].add(EmbeddedBeat)


@signals.heartbeat_sent.connect
def note_worker(**_: object) -> None:
    """Tell readiness that the worker's own loop turns."""
    heartbeat.beat("worker")
