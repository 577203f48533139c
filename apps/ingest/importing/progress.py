"""How far an import has come, on disk, so that one that was stopped goes on where it was."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec import Struct

from apps.ingest.importing.shapes import Shaper


class State(Struct):
    """What of a file is in the event log."""

    file: str
    rows: int = 0
    accepted: int = 0
    rejected: int = 0
    is_done: bool = False


@dataclass(slots=True)
class Notebook:
    """Where the state of one import is kept."""

    path: Path

    @classmethod
    def of(cls, directory: Path, source: Path, shaper: Shaper) -> "Notebook":
        """Name the import by its project, the file as it is now, and how it is read: another file is another import."""
        stat = source.stat()
        parts = (
            shaper.project_id,
            source.resolve(),
            stat.st_size,
            stat.st_mtime_ns,
            shaper.shape,
            sorted(shaper.columns.items()),
        )
        return cls(directory / f"{hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()}.json")

    def read(self, file: str) -> State:
        """Give the state; a new one when there is none that can be read."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=State)
        except (OSError, msgspec.MsgspecError):
            return State(file)

    def write(self, state: State) -> None:
        """Keep the state; a crash leaves the one before."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(state))
        os.replace(fresh, self.path)  # noqa: PTH105 - Path.replace says the same with one more object
