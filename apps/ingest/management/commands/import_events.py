"""`manage.py import_events`: bring events from a file into a project."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from apps.accounts import selectors
from apps.common.errors import DomainError
from apps.ingest.importing.files import FORMATS, Source, format_of
from apps.ingest.importing.progress import Notebook, State
from apps.ingest.importing.run import Import
from apps.ingest.importing.shapes import SHAPES, Shaper

_FIELDS = ("event", "distinct_id", "timestamp", "uuid", "properties")


class Command(BaseCommand):
    """Import events of PostHog, Mixpanel, another Baleen or any table, from JSON lines, CSV or Parquet."""

    help = (
        "Bring events from a file (JSON lines, CSV, Parquet; .gz too) into a project. Can be stopped at any time: "
        "started again it goes on where it was, and no event is counted twice."
    )
    # It writes to the event log only; whether this checkout could serve pages is no concern of it.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which files, into which project, read how."""
        parser.add_argument("files", nargs="+", type=Path, help="the files, oldest events first")
        parser.add_argument("--project-token", required=True, help="the key of the project they go to")
        parser.add_argument("--format", choices=FORMATS, default="", help="when the name does not tell")
        parser.add_argument("--shape", choices=SHAPES, default="auto", help="whose export it is (default: look)")
        parser.add_argument(
            "--column",
            action="append",
            default=[],
            metavar="FIELD=COLUMN",
            help=f"which column holds a field ({', '.join(_FIELDS)}); may be given several times",
        )
        parser.add_argument("--restart", action="store_true", help="begin anew although it was imported before")

    def handle(self, *_args: object, **options: Any) -> None:  # noqa: ANN401 - Django's own signature
        """Import the files one after the other and say what came of each."""
        project = selectors.find_project_by_token(options["project_token"])
        if project is None:
            raise CommandError("No project has this key.")
        columns = _columns(options["column"])
        try:
            sources = [Source(path, options["format"] or format_of(path)) for path in options["files"]]
            for source in sources:
                shaper = Shaper(project.id, options["shape"], columns, parse_text=source.form == "csv")
                notebook = Notebook.of(settings.BALEEN_DATA_DIR / "imports", source.path, shaper)
                if options["restart"]:
                    notebook.path.unlink(missing_ok=True)
                self._import(Import(project, source, shaper, notebook))
        except DomainError as exc:
            raise CommandError(exc.detail) from exc
        except KeyboardInterrupt:
            raise CommandError("Stopped. The same command goes on where it was.", returncode=130) from None

    def _import(self, job: Import) -> None:
        source = job.source
        before = job.notebook.read(source.path.name)
        if before.is_done:
            self.stdout.write(
                f"{source.path.name}: imported before ({before.accepted:,} events); --restart imports it again, "
                "which counts nothing twice."
            )
            return
        total, is_rows = source.total, source.form == "parquet"
        with tqdm(
            total=total,
            desc=source.path.name,
            unit=" rows" if is_rows else "B",
            unit_scale=not is_rows,
            unit_divisor=1024,
            file=sys.stderr,
            mininterval=0.5,
        ) as bar:

            def report(state: State, word: str) -> None:
                bar.n = source.done
                bar.set_postfix_str(word or f"{state.accepted:,} events, {state.rejected:,} rejected")

            after = job.run(report)
            bar.n = total
        went_on = f" (went on after row {before.rows:,})" if before.rows else ""
        self.stdout.write(
            f"{source.path.name}: {after.rows:,} rows, {after.accepted:,} events accepted, "
            f"{after.rejected:,} rejected{went_on}."
        )
        if after.rejected:
            self.stdout.write("  Why, row by row, is on the page “Rejected events”.")


def _columns(pairs: list[str]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for pair in pairs:
        name, sign, column = pair.partition("=")
        if not sign or name not in _FIELDS or not column:
            raise CommandError(f"--column {pair}: write FIELD=COLUMN with a field of {', '.join(_FIELDS)}.")
        columns[name] = column
    return columns
