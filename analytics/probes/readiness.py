"""Asks every component at once and waits for the answers no longer than an orchestrator does."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from django.db import connections

WAIT_SECONDS = 3.0
DETAIL_CHARACTERS = 200


@dataclass(frozen=True)
class State:
    """What one component answered."""

    status: str
    detail: str

    @property
    def is_ok(self) -> bool:
        """Whether the component serves."""
        return self.status == "ok"


@dataclass
class Inspector:
    """Runs the checks, each at most once at a time: however many ask, a component that hangs holds one thread."""

    components: Mapping[str, Callable[[], str]]
    wait_seconds: float = WAIT_SECONDS
    _running: dict[str, Future[State]] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        """Make a thread per component."""
        self._threads = ThreadPoolExecutor(max_workers=len(self.components), thread_name_prefix="ready")

    def inspect(self) -> dict[str, State]:
        """Give the state of every component within `wait_seconds`."""
        futures = {name: self._ask(name) for name in self.components}
        wait(futures.values(), timeout=self.wait_seconds)
        silent = State("failing", f"no answer within {self.wait_seconds:g} s")
        return {name: future.result() if future.done() else silent for name, future in futures.items()}

    def _ask(self, name: str) -> "Future[State]":
        with self._lock:
            running = self._running.get(name)
            if running is None or running.done():
                running = self._running[name] = self._threads.submit(_run, self.components[name])
            return running


def _run(check: Callable[[], str]) -> State:
    try:
        return State("ok", check())
    except Exception as exc:  # noqa: BLE001 - whatever keeps a component from answering is the answer
        return State("failing", f"{exc}"[:DETAIL_CHARACTERS] or type(exc).__name__)
    finally:
        connections.close_all()
