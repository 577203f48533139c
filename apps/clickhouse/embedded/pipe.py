"""An INSERT fed by bytes: the engine reads them from a pipe, as the `file` table function reads a file.

chDB also has a streaming insert of its own, but that one reports success when the table refuses the rows (a
violated constraint, a failing view, no memory), which no acknowledgement may rest on. An ordinary statement
reports everything, and a pipe keeps memory flat.
"""

import fcntl
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from apps.clickhouse.embedded.engine import identifier, literal
from apps.clickhouse.embedded.errors import EngineError
from apps.clickhouse.embedded.layout import Column

if TYPE_CHECKING:
    from apps.clickhouse.embedded.engine import Session

PIPE_SIZE: Final = 1 << 20
TORN_BLOCK: Final = b"\x01"
"""The beginning of a block that never comes: what the engine has read so far then counts for nothing."""
SETTINGS: Final = {"deduplicate_insert_select": "enable_even_for_bad_queries"}
"""Rows from the client come in the client's order, so they are deduplicated as those of a plain INSERT."""


class Inserting:
    """An INSERT under way: append pieces of Native bytes, then finish to commit or cancel to drop it."""

    def __init__(self, session: "Session", insert: str, columns: Iterable[Column]) -> None:
        self._session = session
        self._read, self._write = os.pipe()
        with suppress(AttributeError, OSError):  # a larger pipe means fewer switches; Linux only
            fcntl.fcntl(self._write, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
        structure = ", ".join(f"{identifier(_text(column.name))} {_text(column.type)}" for column in columns)
        source = f"file({literal(f'/dev/fd/{self._read}')}, 'Native', {literal(structure)})"
        self._statement = f"{insert} SELECT * FROM {source}"  # noqa: S608 - the client's own statement
        self._error: EngineError | None = None
        self._written = (0, 0)
        self._open = True
        self._thread = threading.Thread(target=self._insert, name=f"insert-{session.number}", daemon=True)
        self._thread.start()

    def _insert(self) -> None:
        try:
            _, self._written = self._session.run(self._statement)
        except EngineError as exc:
            self._error = exc
        finally:
            os.close(self._read)  # whoever still writes learns that nobody reads

    def append(self, piece: bytes | memoryview) -> None:
        """Hand the next bytes to the engine; once it has given up they go nowhere, and `finish` says why."""
        rest = memoryview(piece)
        with suppress(BrokenPipeError):
            while rest:
                rest = rest[os.write(self._write, rest) :]

    def finish(self) -> tuple[int, int]:
        """Commit; rows and bytes written. Once this returns the rows are in the table."""
        self._close()
        if self._error is not None:
            raise self._error
        return self._written

    def cancel(self) -> None:
        """Drop what was not committed; harmless after finish."""
        if self._open:
            self.append(TORN_BLOCK)
            self._close()

    def _close(self) -> None:
        self._open = False
        os.close(self._write)
        self._thread.join()


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
