"""The writer process: takes events from the event log into ClickHouse until told to stop."""

import signal
import threading

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.common import memory
from apps.ingest.consumer import Consumer, hold_slot
from apps.ingest.enrichment import places
from apps.ingest.writer import Limits, Writer


class Command(BaseCommand):
    """Run one writer; start as many as there is work for, they share it."""

    help = "Write events from the event log into ClickHouse until SIGTERM."
    requires_system_checks = ()

    def handle(self, *_args: object, **_options: object) -> None:
        """Hold a writer's slot and run its loop."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        with hold_slot(settings.BALEEN_DATA_DIR / "writers") as name:
            consumer = Consumer(name, dead_after=settings.BALEEN_INGEST_WRITER_TIMEOUT)
            places.open_configured()
            memory.give_back()
            Writer(consumer, Limits.from_settings(), stop).run()
