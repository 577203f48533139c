"""`manage.py up`: start everything a laptop needs, under one supervisor."""

import os
import sys
from argparse import ArgumentParser
from importlib.util import find_spec

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from analytics.supervisor import arguments


class Command(BaseCommand):
    """Becomes the supervisor. `manage.py` takes a shorter way there; this is what `help` shows and code may call."""

    help = "Run the embedded stores, the writer, the worker and the web server until a signal stops them."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the flags."""
        arguments.add_to(parser)

    def handle(self, *, port: int, host: str, web_workers: int, writers: int, **_: object) -> None:
        """Hand over to the supervisor."""
        if find_spec("supervisor") is None:
            raise CommandError("This installation has no embedded services; install requirements/embedded.txt first.")
        flags = [f"--port={port}", f"--host={host}", f"--web-workers={web_workers}", f"--writers={writers}"]
        command = [sys.executable, "-m", "analytics.supervisor", *flags]
        os.chdir(settings.BASE_DIR)
        sys.stdout.flush()
        os.execv(command[0], command)  # noqa: S606 - our own interpreter, no shell
