"""`manage.py prepare`: bring both databases to this version's shape, and greet a new installation with a first user."""

import io
import json
import os
import secrets
import time
from argparse import ArgumentParser
from collections.abc import Callable
from itertools import chain, repeat
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand

from analytics.supervisor.welcome import FIRST_USER
from apps.clickhouse import migrator
from apps.clickhouse.errors import ClickHouseUnavailableError

FIRST_EMAIL = "admin@baleen.local"
SHORT_PAUSE = 0.2
LONGEST_PAUSE = 10
QUIET_SECONDS = 20


class Command(BaseCommand):
    """Migrates PostgreSQL or SQLite, then ClickHouse; both are safe to run twice and from two processes."""

    help = "Migrate both databases; with --first-user, also make a first user, organization and project."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the flags."""
        parser.add_argument("--first-user", action="store_true", help="make a first user when there is none")
        parser.add_argument("--wait", action="store_true", help="keep trying while a store does not answer")
        parser.add_argument("--marker", type=Path, help="a file to create once done")

    def handle(self, *, first_user: bool, wait: bool, marker: Path | None, **_: object) -> None:
        """Do every step; with `--wait` a failing one is repeated, since a store may need a moment to answer."""
        steps: list[Callable[[], object]] = [self.migrate_database, self.migrate_clickhouse]
        if first_user:
            steps.append(self.make_first_user)
        for step in steps:
            if wait:
                self.insist(step)
            else:
                step()
        if marker:
            marker.touch()

    def insist(self, step: Callable[[], object]) -> None:
        """Repeat a step until it works, saying what stands in its way; a ClickHouse still starting is no news."""
        pauses = chain(range(1, LONGEST_PAUSE), repeat(LONGEST_PAUSE))
        patience = time.monotonic() + QUIET_SECONDS
        while True:
            try:
                step()
            except Exception as exc:  # noqa: BLE001 - whatever it is, the operator reads it and we try again
                if isinstance(exc, ClickHouseUnavailableError) and time.monotonic() < patience:
                    time.sleep(SHORT_PAUSE)
                    continue
                pause = next(pauses)
                self.stderr.write(f"{type(exc).__name__}: {exc}; trying again in {pause} s.")
                time.sleep(pause)
            else:
                return

    def migrate_database(self) -> None:
        """Bring the relational database up to date."""
        call_command("migrate", verbosity=0, interactive=False)
        self.stdout.write("Database is up to date.")

    def migrate_clickhouse(self) -> None:
        """Bring the ClickHouse tables up to date."""
        migrator.migrate()
        self.stdout.write("ClickHouse is up to date.")

    def make_first_user(self) -> None:
        """Make a way in for whoever just started Baleen; the password is random and kept in the data directory."""
        if get_user_model().objects.exists():
            return
        password = secrets.token_urlsafe(12)
        answer = io.StringIO()
        # As one argument, since one that stands by itself and begins with a dash would be taken for an option.
        call_command(
            "bootstrap",
            f"--password={password}",
            email=FIRST_EMAIL,
            organization="My organization",
            project="My project",
            stdout=answer,
        )
        project_token = json.loads(answer.getvalue())["project_token"]
        path = Path(settings.BALEEN_DATA_DIR) / FIRST_USER
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({"email": FIRST_EMAIL, "password": password, "project_token": project_token}, file, indent=2)
        self.stdout.write(f"Made a first user; its password is in {path}.")
