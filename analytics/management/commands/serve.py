"""`manage.py serve`: the web process alone, for a server whose other parts run elsewhere."""

import os
import sys
from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand

from analytics import serving


class Command(BaseCommand):
    """Becomes granian."""

    help = "Serve the dashboard, the API and the ingest endpoints."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the flags."""
        parser.add_argument("--host", default="127.0.0.1", help="which address to listen on (0.0.0.0: every one)")
        parser.add_argument("--port", type=int, default=settings.BALEEN_PORT, help="where to listen")
        parser.add_argument("--workers", type=int, default=2, help="how many processes")

    def handle(self, *, host: str, port: int, workers: int, **_: object) -> None:
        """Hand over to granian."""
        command = serving.command(host=host, port=port, workers=workers)
        os.chdir(settings.BASE_DIR)
        sys.stdout.flush()
        os.execv(command[0], command)  # noqa: S606 - our own interpreter, no shell
