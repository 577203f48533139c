"""`manage.py bootstrap`: the first login, organization, project and key, as one JSON object for scripts."""

import json
from argparse import ArgumentParser
from dataclasses import asdict

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from apps.accounts import services
from apps.accounts.errors import AccountsError


class Command(BaseCommand):
    """Creates what is missing and prints one JSON object; the same call prints the same object again."""

    help = "Make sure a login, an organization, a project and an API key exist; print their ids and keys as JSON."
    # It needs the metadata database and nothing else: whether pages are built is no concern of a script.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options, which scripts rely on."""
        parser.add_argument("--email", required=True, help="e-mail address of the login, an owner")
        parser.add_argument("--password", required=True, help="its password; an existing login gets it too")
        parser.add_argument("--organization", required=True, help="name of the organization")
        parser.add_argument("--project", required=True, help="name of the project")
        parser.add_argument("--project-token", help="public token the project shall have (default: a new one)")
        parser.add_argument("--personal-key", help="secret key the login shall have (default: one derived for it)")

    def handle(self, **options: str | None) -> None:
        """Call the service and print what it made or found."""
        password = options["password"] or ""
        if not password:
            raise CommandError("--password may not be empty.")
        try:
            validate_password(password)
        except ValidationError as exc:
            self.stderr.write(self.style.WARNING(f"Weak password: {' '.join(exc.messages)}"))
        try:
            made = services.bootstrap(
                email=options["email"] or "",
                password=password,
                organization=options["organization"] or "",
                project=options["project"] or "",
                project_token=options["project_token"] or None,
                personal_key=options["personal_key"] or None,
            )
        except AccountsError as exc:
            option = f"--{exc.attr.replace('_', '-')}: " if exc.attr else ""
            raise CommandError(f"{option}{exc.detail}") from exc
        self.stdout.write(json.dumps(asdict(made)))
