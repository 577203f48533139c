"""`manage.py up`: start everything a laptop needs, under one supervisor."""

import os
import sys
from argparse import ArgumentParser
from importlib.util import find_spec

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Becomes the supervisor, which imports no Django and so costs a third of the memory this process has by now."""

    help = "Run the embedded stores, the writer, the worker and the web server until a signal stops them."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the flags."""
        parser.add_argument("--port", type=int, default=settings.BALEEN_PORT, help="where the dashboard listens")
        parser.add_argument("--host", default="127.0.0.1", help="which address to listen on (0.0.0.0: every one)")
        parser.add_argument("--web-workers", type=int, default=1, help="how many web processes")

    def handle(self, *, port: int, host: str, web_workers: int, **_: object) -> None:
        """Hand over to the supervisor."""
        if find_spec("supervisor") is None:
            raise CommandError("This installation has no embedded services; install requirements/embedded.txt first.")
        arguments = [f"--port={port}", f"--host={host}", f"--web-workers={web_workers}"]
        command = [sys.executable, "-m", "analytics.supervisor", *arguments]
        os.chdir(settings.BASE_DIR)
        sys.stdout.flush()
        os.execv(command[0], command)  # noqa: S606 - our own interpreter, no shell
