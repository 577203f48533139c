"""What this process remembers of who is who, so that plain events need no database.

Bounded in size and in age: an entry is forgotten within `FRESH_SECONDS` after it was learnt, which is far less than the
time for which an override re-attributes events that a stale memory attributed to a person since
merged away. After a deletion of a person everything is forgotten at once (`generation.py`).
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Generic, TypeVar

from apps.people.graph import Key

FRESH_SECONDS: Final = 600.0
MOST: Final = 200_000
"""How many entries each of two generations holds; one takes about 250 bytes."""

V = TypeVar("V")


class Recent(Generic[V]):
    """Two generations of entries: full or old, the younger becomes the elder, and the elder is forgotten."""

    def __init__(self, *, most: int = MOST, seconds: float = FRESH_SECONDS) -> None:
        """Hold up to twice `most` entries, none for longer than `seconds`."""
        self._most = most
        self._seconds = seconds / 2
        self._young: dict[Key, V] = {}
        self._old: dict[Key, V] = {}
        self._born = time.monotonic()

    def lookup(self) -> Callable[[Key], V | None]:
        """Give the function that looks entries up, good for one batch."""
        if len(self._young) >= self._most or time.monotonic() - self._born >= self._seconds:
            self._turn()
        young, old = self._young, self._old
        if not old:
            return young.get
        return lambda key: young.get(key) or old.get(key)

    def learn(self, entries: Mapping[Key, V]) -> None:
        """Remember entries; what was known of the same keys is replaced."""
        self._young.update(entries)

    def forget(self) -> None:
        """Forget everything."""
        self._young, self._old = {}, {}

    def _turn(self) -> None:
        if time.monotonic() - self._born >= 2 * self._seconds:
            self._young = {}
        self._young, self._old, self._born = {}, self._young, time.monotonic()


class Memory:
    """The persons of distinct ids, ids that have none, the group types of projects, and debts that are settled."""

    def __init__(self) -> None:
        self.persons: Recent[str] = Recent()
        self.strangers: Recent[bool] = Recent()
        self.group_types: dict[int, dict[str, int]] = {}
        self._generation: bytes | None = None
        self._settled: list[int] = []
        self._lock = threading.Lock()

    def settle(self, version: int) -> None:
        """Note that what a transaction changed is in ClickHouse; called from the thread that inserts."""
        with self._lock:
            self._settled.append(version)

    def take_settled(self) -> list[int]:
        """Give what has been settled since last asked."""
        with self._lock:
            settled, self._settled = self._settled, []
        return settled

    def keep_settled(self, versions: Iterable[int]) -> None:
        """Put back what could not be noted in the database."""
        with self._lock:
            self._settled.extend(versions)

    def keep_up(self, generation: bytes | None) -> None:
        """Forget who is who when a person was deleted since the last batch; None when that cannot be told."""
        if generation is None or generation != self._generation:
            self.persons.forget()
            self.strangers.forget()
        self._generation = generation

    def forget(self) -> None:
        """Forget everything."""
        self.persons.forget()
        self.strangers.forget()
        self.group_types = {}
        self.take_settled()


memory: Final = Memory()
"""This process's memory."""
