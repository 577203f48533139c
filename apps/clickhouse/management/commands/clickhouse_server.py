"""Run the embedded ClickHouse where the settings say it is."""

from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.clickhouse.embedded.command import options_from, serve
from apps.clickhouse.embedded.server import StartError


class Command(BaseCommand):
    """`python -m apps.clickhouse.embedded` with the addresses of the settings; that form needs less memory."""

    help = "Run the embedded ClickHouse on the address in CLICKHOUSE_URL, with its data below BALEEN_DATA_DIR."
    requires_system_checks = ()

    def handle(self, **_: object) -> None:
        """Serve until told to stop."""
        url, guest = urlsplit(settings.CLICKHOUSE_URL), urlsplit(settings.CLICKHOUSE_READER_URL)
        try:
            options = options_from(
                path=settings.BALEEN_DATA_DIR / "clickhouse",
                host=url.hostname or "127.0.0.1",
                port=url.port or 9000,
                database=url.path.strip("/") or "default",
                user=unquote(url.username or "default"),
                password=unquote(url.password or ""),
                reader=unquote(guest.username or "") if guest.username != url.username else "",
                reader_password=unquote(guest.password or ""),
            )
            serve(options)
        except StartError as exc:
            raise CommandError(str(exc)) from exc
