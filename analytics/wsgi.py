"""What granian serves."""

import os

from django.core.wsgi import get_wsgi_application

from apps.common import memory

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "analytics.settings")

application = get_wsgi_application()
memory.give_back()
