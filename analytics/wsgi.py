"""What granian serves."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from analytics.serving import BLOCKING_THREADS
from apps.common import memory
from apps.common.deadline import BodyDeadline

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "analytics.settings")

_django = get_wsgi_application()

from apps.ingest.api.door import CaptureDoor  # noqa: E402 - apps can be imported once Django is set up

application = BodyDeadline(CaptureDoor(_django), seconds=settings.BALEEN_BODY_TIMEOUT, threads=BLOCKING_THREADS)
memory.give_back()
