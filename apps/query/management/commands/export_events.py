"""`manage.py export_events`: write a project's events to a file."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from apps.accounts import selectors
from apps.common.errors import DomainError
from apps.query.exports import events
from apps.query.exports.files import FORMATS, Target, format_of


class Command(BaseCommand):
    """Write events to JSON lines, CSV or Parquet."""

    help = "Write a project's events, each once, to a file: JSON lines, CSV or Parquet. import_events reads it again."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which events, where to."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--project-token", required=True, help="the key of the project")
        parser.add_argument("--format", choices=FORMATS, default="", help="when the name does not tell")
        parser.add_argument("--from", dest="since", type=_moment, help="first moment, such as 2026-01-01 (UTC)")
        parser.add_argument("--to", dest="until", type=_moment, help="the moment it ends before")
        parser.add_argument("--event", action="append", default=[], help="only events of this name; several times")

    def handle(self, *_args: object, **options: Any) -> None:  # noqa: ANN401 - Django's own signature
        """Write the file hour by hour and say how many events are in it."""
        project = selectors.find_project_by_token(options["project_token"])
        if project is None:
            raise CommandError("No project has this key.")
        path, wanted = options["file"], events.Wanted(project, options["since"], options["until"], options["event"])
        count = 0
        try:
            with Target(path, options["format"] or format_of(path), events.COLUMNS) as target:
                slices = events.slices(wanted)
                with tqdm(total=sum(part.events for part in slices), unit=" events", file=sys.stderr) as bar:
                    for part in slices:
                        for rows in events.read(wanted, part):
                            target.write(rows)
                            count += len(rows)
                            bar.update(len(rows))
        except DomainError as exc:
            raise CommandError(exc.detail) from exc
        except KeyboardInterrupt:
            raise CommandError("Stopped; nothing was written.", returncode=130) from None
        self.stdout.write(f"{path}: {count:,} events.")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise ArgumentTypeError(f"{text!r} is no ISO 8601 date or moment") from exc
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
