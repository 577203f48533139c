"""The Celery app of the worker and of beat; tasks live in each app's `tasks.py`."""

import os
import warnings

from celery import Celery, signals
from celery.exceptions import CPendingDeprecationWarning
from click import Option

from analytics.beat import EmbeddedBeat
from apps.common import heartbeat, memory

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "analytics.settings")

# A container runs it as its only user; the warning is about pickled messages, and ours are JSON.
warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")
# What Celery 6 will do when the broker goes away is no news for an operator.
warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)

app = Celery("baleen")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.user_options["worker"].add(Option(("--with-beat",), is_flag=True, help="Also run beat, as a thread."))
app.steps["worker"].add(EmbeddedBeat)


@signals.heartbeat_sent.connect
def note_worker(**_: object) -> None:
    """Tell readiness that the worker's own loop turns."""
    heartbeat.beat("worker")


@signals.worker_ready.connect
def settle(**_: object) -> None:
    """Keep an idle worker small."""
    memory.give_back()
