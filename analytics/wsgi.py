"""What granian serves."""

import os

from django.core.wsgi import get_wsgi_application

from apps.common import memory

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "analytics.settings")

_django = get_wsgi_application()

from apps.ingest.api.door import CaptureDoor  # noqa: E402 - apps can be imported once Django is set up

application = CaptureDoor(_django)
memory.give_back()
