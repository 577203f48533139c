"""Write rows to a file that gets its name when it is whole: JSON lines, CSV or Parquet."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec
from msgspec import Raw

from apps.common.errors import DomainError

FORMATS: Final = ("jsonl", "csv", "parquet")

_ENDINGS: Final = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".parquet": "parquet"}

Row = Mapping[str, Any]
"""A value a column: text, a truth value, or `msgspec.Raw` for JSON."""


class ExportFileError(DomainError):
    """The file cannot be written, or its name does not tell how."""

    status, code = 400, "export_file"


def format_of(path: Path) -> str:
    """Tell the format by the name. Raises ExportFileError."""
    try:
        return _ENDINGS[path.suffix.lower()]
    except KeyError as exc:
        raise ExportFileError(f"{path.name}: the name does not tell the format; give --format.") from exc


class Target:
    """A file being written, beside its name until it is whole; what fails leaves nothing behind."""

    def __init__(self, path: Path, form: str, columns: Mapping[str, str]) -> None:
        """Take where to, the format, and each column's SQL type (Parquet is told, not left to guess)."""
        self.path = path
        self._form = form
        self._columns = columns
        self._part = path.with_name(f".{path.name}.part")
        self._whole = path.with_name(f".{path.name}.whole")

    def __enter__(self) -> Self:
        """Begin. Raises ExportFileError."""
        with self._said():
            self._file = self._part.open("w", encoding="utf-8", newline="")
        if self._form == "csv":
            csv.writer(self._file).writerow(self._columns)
        return self

    def write(self, rows: Iterable[Row]) -> None:
        """Add rows. Raises ExportFileError when the disk takes no more."""
        with self._said():
            if self._form == "csv":
                writer = csv.writer(self._file)
                writer.writerows([_cell(row[name]) for name in self._columns] for row in rows)
            else:
                encode = msgspec.json.Encoder().encode
                self._file.writelines(encode(row).decode() + "\n" for row in rows)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Give the file its name, or take it away."""
        try:
            with self._said():
                self._file.close()
                if error is None:
                    self._finish()
        finally:
            self._part.unlink(missing_ok=True)
            self._whole.unlink(missing_ok=True)

    def _finish(self) -> None:
        if self._form == "parquet":
            to_parquet(self._part, self._whole, self._columns)
            self._whole.replace(self.path)
        else:
            self._part.replace(self.path)

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            raise ExportFileError(f"{self.path} cannot be written: {exc.strerror or exc}.") from exc


def to_parquet(lines: Path, target: Path, columns: Mapping[str, str]) -> None:
    """Turn JSON lines into Parquet, in bounded memory. Raises ExportFileError."""
    import duckdb  # noqa: PLC0415 - 65 MB that only Parquet needs

    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "memory_limit": "512MB",
        "threads": "1",
        "preserve_insertion_order": "true",
    }
    with duckdb.connect(config=config) as engine:
        try:
            engine.execute(
                "COPY (SELECT * FROM read_json(?, format = 'newline_delimited', columns = "  # noqa: S608 - quoted below
                f"{_struct(columns)}, maximum_object_size = 67108864)) TO {_text(str(target))} "
                "(FORMAT parquet, COMPRESSION zstd)",
                [str(lines)],
            )
        except duckdb.Error as exc:
            raise ExportFileError(f"{target.name}: {str(exc).splitlines()[0]}") from exc


def _struct(columns: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{_text(name)}: {_text(kind)}" for name, kind in columns.items()) + "}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _cell(value: Any) -> Any:  # noqa: ANN401 - a value of any column
    """Spell a value for a cell; JSON stands there as its text."""
    if isinstance(value, Raw):
        return bytes(value).decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    return value
