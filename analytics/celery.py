"""The Celery app of the worker and of beat; tasks live in each app's `tasks.py`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "analytics.settings")

app = Celery("baleen")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
