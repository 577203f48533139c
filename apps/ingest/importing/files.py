"""Rows out of a file, one by one, whatever its size: JSON lines, CSV, Parquet, the first two also under gzip."""

import csv
import gzip
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Final
from uuid import UUID

import msgspec

from apps.ingest.importing.errors import ImportFileError

FORMATS: Final = ("jsonl", "csv", "parquet")

LONGEST_LINE: Final = 16 << 20
"""A longer line is passed over as unreadable, never held in memory whole."""

_ENDINGS: Final = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".parquet": "parquet",
}
_PAGE: Final = 2_000
_NOT_JSON_LINES: Final = "is one JSON list; write one object a line (jq -c '.[]' does it)"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: what it holds, or why it cannot be read and its beginning."""

    fields: dict[str, Any] | None
    fault: str = ""
    text: bytes = b""


def format_of(path: Path) -> str:
    """Tell a file's format by its name. Raises ImportFileError."""
    endings = [ending.lower() for ending in path.suffixes if ending.lower() != ".gz"]
    if endings and endings[-1] in _ENDINGS:
        return _ENDINGS[endings[-1]]
    raise ImportFileError(f"{path.name}: the name does not tell the format; give --format {'|'.join(FORMATS)}.")


class Source:
    """A file being read: its rows from any place on, and how far the reading has come."""

    def __init__(self, path: Path, form: str) -> None:
        """Look at the file. Raises ImportFileError."""
        if not path.is_file():
            raise ImportFileError(f"{path}: there is no such file.")
        self.path = path
        self.form = form
        self._raw: IO[bytes] | None = None
        self._row = 0

    @property
    def total(self) -> int:
        """Give the size in the unit of `done`: bytes, for Parquet rows."""
        return _count_rows(self.path) if self.form == "parquet" else self.path.stat().st_size

    @property
    def done(self) -> int:
        """Say how far the reading has come."""
        return self._row if self._raw is None else self._raw.tell()

    def rows(self, start: int = 0) -> Iterator[Row]:
        """Give the rows after the first `start` ones. Raises ImportFileError when the file is not what it should be."""
        read = {"jsonl": self._json_lines, "csv": self._csv, "parquet": self._parquet}[self.form]
        try:
            yield from read(start)
        except (OSError, EOFError, gzip.BadGzipFile) as exc:
            raise ImportFileError(f"{self.path.name} cannot be read: {exc}") from exc

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        with self.path.open("rb") as raw:
            self._raw = raw
            is_packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            try:
                # gzip.open types its result as a union; reading lines is all that is done with it.
                yield gzip.GzipFile(fileobj=raw) if is_packed else raw  # type: ignore[misc]
            finally:
                self._raw = None

    def _json_lines(self, start: int) -> Iterator[Row]:
        decode = msgspec.json.Decoder().decode
        number = 0
        with self._opened() as stream:
            while line := stream.readline(LONGEST_LINE):
                if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                    _skip_line(stream)
                    fault: str | None = f"longer than {LONGEST_LINE} bytes"
                else:
                    fault = None
                text = line.strip().removeprefix(b"\xef\xbb\xbf")
                if not text:
                    continue
                if number == 0 and text[:1] == b"[":
                    raise ImportFileError(f"{self.path.name} {_NOT_JSON_LINES}.")
                number += 1
                if number > start:
                    yield Row(None, fault, text) if fault else _json_row(text, decode)

    def _csv(self, start: int) -> Iterator[Row]:
        csv.field_size_limit(LONGEST_LINE)
        with self._opened() as stream:
            lines = (line.decode("utf-8-sig" if number == 0 else "utf-8", "replace") for number, line in _lines(stream))
            reader = csv.reader(lines)
            try:
                header = next(reader, [])
                if not header:
                    raise ImportFileError(f"{self.path.name} is empty; its first line must name the columns.")
                for number, values in enumerate(reader):
                    if number >= start:
                        yield _csv_row(header, values)
            except csv.Error as exc:
                raise ImportFileError(f"{self.path.name} is no CSV near line {reader.line_num}: {exc}") from exc

    def _parquet(self, start: int) -> Iterator[Row]:
        self._row = start
        with _engine() as engine:
            names, expressions = _columns(engine, self.path)
            query = f"SELECT {', '.join(expressions)} FROM read_parquet(?) OFFSET {int(start)}"  # noqa: S608 - quoted
            answer = engine.execute(query, [str(self.path)])
            while page := answer.fetchmany(_PAGE):
                for values in page:
                    self._row += 1
                    yield Row({name: plain(value) for name, value in zip(names, values, strict=True)})


def plain(value: Any) -> Any:  # noqa: ANN401 - a value of any column
    """Make a value of a column into one JSON has; moments as ISO 8601, without zone as they stand."""
    if isinstance(value, dict):
        return {str(key): plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [plain(member) for member in value]
    make = _PLAIN.get(type(value))
    return make(value) if make else value


_PLAIN: Final[dict[type, Callable[[Any], str | float]]] = {
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    Decimal: float,
    UUID: str,
    bytes: lambda value: value.decode("utf-8", "replace"),
}


def _json_row(text: bytes, decode: Any) -> Row:  # noqa: ANN401 - a bound method of msgspec
    try:
        fields = decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        return Row(None, f"no JSON: {exc}", text)
    return Row(fields) if isinstance(fields, dict) else Row(None, "no JSON object", text)


def _csv_row(header: Sequence[str], values: Sequence[str]) -> Row:
    if len(values) > len(header):
        return Row(None, f"{len(values)} values for {len(header)} columns", ",".join(values).encode())
    return Row({name: value for name, value in zip(header, values, strict=False) if value != ""})


def _lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := stream.readline(LONGEST_LINE):
        yield number, line.replace(b"\0", b"")
        number += 1


def _skip_line(stream: IO[bytes]) -> None:
    while (piece := stream.readline(LONGEST_LINE)) and not piece.endswith(b"\n"):
        pass


@contextmanager
def _engine() -> Iterator[Any]:
    """Open DuckDB, which reads Parquet: in memory, bounded, and never fetching an extension from the network."""
    import duckdb  # noqa: PLC0415 - 65 MB that only Parquet needs

    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "memory_limit": "512MB",
        "threads": "1",
    }
    with duckdb.connect(config=config) as engine:
        try:
            yield engine
        except duckdb.Error as exc:
            raise ImportFileError(f"The Parquet file cannot be read: {str(exc).splitlines()[0]}") from exc


def _columns(engine: Any, path: Path) -> tuple[list[str], list[str]]:  # noqa: ANN401 - duckdb has no types here
    described = engine.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
    names = [row[0] for row in described]
    return names, [_expression(row[0], row[1]) for row in described]


def _expression(name: str, kind: str) -> str:
    quoted = '"' + name.replace('"', '""') + '"'
    # A moment with zone would need a time zone package; as UTC without zone it is the same moment.
    return f"make_timestamp(epoch_us({quoted}))" if kind == "TIMESTAMP WITH TIME ZONE" else quoted


def _count_rows(path: Path) -> int:
    with _engine() as engine:
        count = engine.execute("SELECT count(*) FROM read_parquet(?)", [str(path)]).fetchone()[0]
    return min(int(count), sys.maxsize)
