"""`manage.py demo`: fill a project with a believable AI chat product, through the SDK and the running server."""

from argparse import ArgumentParser
from datetime import UTC, datetime

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from analytics.demo.send import send
from analytics.demo.story import tell


class Command(BaseCommand):
    """Fill a project with the story of a made-up AI chat product."""

    # It speaks to a server over HTTP; whether this checkout could serve pages is no concern of it.
    requires_system_checks = ()
    help = "Fill a project with 90 days of a believable AI chat product, through the official SDK."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to send, how much to tell."""
        parser.add_argument("--host", default=f"http://127.0.0.1:{settings.BALEEN_PORT}", help="a running Baleen")
        parser.add_argument("--project-token", required=True, help="the project key printed by `make run`")
        parser.add_argument("--people", type=int, default=1500, help="visitors in the story (default 1500)")
        parser.add_argument("--days", type=int, default=90, help="days the story covers (default 90)")
        parser.add_argument("--seed", type=int, default=7, help="another seed, another story")

    def handle(self, *_args: object, **options: object) -> None:
        """Tell the story and report what was sent."""
        people, days, seed = (int(str(options[name])) for name in ("people", "days", "seed"))
        story = tell(people=people, days=days, end=datetime.now(tz=UTC), seed=seed)
        outcome = send(
            story, host=str(options["host"]), token=str(options["project_token"]), progress=self.report_progress
        )
        if outcome.errors:
            raise CommandError(f"{options['host']} did not take every event: {outcome.errors[0]}")
        self.stdout.write(self.style.SUCCESS(f"Sent {outcome.sent:,} events of {people:,} people over {days} days."))

    def report_progress(self, sent: int) -> None:
        """Say how far the story has come."""
        self.stdout.write(f"  {sent:,} events sent")
