"""`manage.py export_persons`: write a project's persons to a file."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from apps.accounts import selectors
from apps.common.errors import DomainError
from apps.query.exports import persons
from apps.query.exports.files import FORMATS, Target, format_of


class Command(BaseCommand):
    """Write persons to JSON lines, CSV or Parquet."""

    help = "Write a project's persons with their ids and properties to a file: JSON lines, CSV or Parquet."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose persons, where to."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--project-token", required=True, help="the key of the project")
        parser.add_argument("--format", choices=FORMATS, default="", help="when the name does not tell")

    def handle(self, *_args: object, **options: Any) -> None:  # noqa: ANN401 - Django's own signature
        """Write the file page by page and say how many persons are in it."""
        project = selectors.find_project_by_token(options["project_token"])
        if project is None:
            raise CommandError("No project has this key.")
        path, count = options["file"], 0
        try:
            with (
                Target(path, options["format"] or format_of(path), persons.COLUMNS) as target,
                tqdm(total=persons.count(project.id), unit=" persons", file=sys.stderr) as bar,
            ):
                for rows in persons.read(project.id):
                    target.write(rows)
                    count += len(rows)
                    bar.update(len(rows))
        except DomainError as exc:
            raise CommandError(exc.detail) from exc
        except KeyboardInterrupt:
            raise CommandError("Stopped; nothing was written.", returncode=130) from None
        self.stdout.write(f"{path}: {count:,} persons.")
