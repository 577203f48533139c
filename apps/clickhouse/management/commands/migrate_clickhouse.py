"""Bring the ClickHouse schema to the version this code needs, or show what that would do."""

from argparse import ArgumentParser
from collections.abc import Sequence

from django.core.management.base import BaseCommand, CommandError

from apps.clickhouse import migrator
from apps.clickhouse.errors import ClickHouseError


class Command(BaseCommand):
    """Safe to run at every start, twice, and from several processes at once."""

    help = "Create or update the ClickHouse tables (--plan shows the statements first)."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what may be asked for."""
        parser.add_argument("--plan", action="store_true", help="print the statements and change nothing")
        parser.add_argument("--to", type=int, metavar="N", help="stop at version N instead of the newest")
        parser.add_argument(
            "--rollback", action="store_true", help="go DOWN to the version given by --to; drops its data"
        )
        parser.add_argument(
            "--check", action="store_true", help="exit with 1 when a migration is pending; change nothing"
        )

    def handle(self, *, plan: bool, to: int | None, rollback: bool, check: bool, **_: object) -> None:
        """Do what was asked for and say what was done."""
        if rollback and to is None:
            raise CommandError("--rollback needs --to N: the version that stays (0 for none).")
        try:
            if plan:
                self._show(migrator.rollback_plan(to=to or 0) if rollback else migrator.plan(to=to))
            elif check:
                self._check()
            elif rollback:
                self._report("Rolled back", migrator.rollback(to=to or 0))
            else:
                self._report("Applied", migrator.migrate(to=to))
        except (migrator.MigrationError, ClickHouseError) as exc:
            raise CommandError(str(exc)) from exc

    def _show(self, steps: Sequence[migrator.Migration]) -> None:
        for step in steps:
            self.stdout.write(self.style.MIGRATE_HEADING(f"-- {step.name}"))
            for statement in step.statements:
                self.stdout.write(f"{statement}\n")
        if not steps:
            self.stdout.write("Nothing to do.")

    def _check(self) -> None:
        missing = migrator.pending()
        if missing:
            raise CommandError(f"Pending: {', '.join(missing)}. Run migrate_clickhouse.")
        self.stdout.write("The ClickHouse schema is complete.")

    def _report(self, verb: str, names: Sequence[str]) -> None:
        self.stdout.write(f"{verb}: {', '.join(names)}." if names else "Nothing to do.")
