"""Celery beat, inside the one worker of a laptop or as a process of its own on a server, with signs of life."""

from typing import Any

from celery import bootsteps
from celery.beat import EmbeddedService, PersistentScheduler

from apps.common import heartbeat


class BeatingScheduler(PersistentScheduler):
    """Celery's scheduler, noting at each turn that it still turns."""

    def tick(self, *args: Any, **kwargs: Any) -> float:  # noqa: ANN401 - passed through to Celery untouched
        """Send what is due."""
        heartbeat.beat("beat")
        return super().tick(*args, **kwargs)


class EmbeddedBeat(bootsteps.StartStopStep):
    """Runs beat as a thread of the worker (`--with-beat`), where Celery's own `--beat` forks a second process."""

    conditional = True

    def __init__(self, parent: Any, *, with_beat: bool = False, **options: object) -> None:  # noqa: ANN401 - untyped there
        """Remember whether this worker was asked to."""
        self.enabled = with_beat
        super().__init__(parent, **options)

    def create(self, parent: Any) -> Any:  # noqa: ANN401 - untyped there
        """Make the service; the step starts and stops it with the worker."""
        return EmbeddedService(
            parent.app, thread=True, schedule_filename=parent.schedule_filename, scheduler_cls=parent.scheduler
        )
