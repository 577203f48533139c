import gzip
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from apps.ingest.importing import files
from apps.ingest.importing.errors import ImportFileError
from apps.ingest.importing.files import Source, format_of


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Write a file."""

    def write(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


Write = Callable[[str, bytes], Path]


def fields(source: Source, start: int = 0) -> list[dict[str, object] | None]:
    return [row.fields for row in source.rows(start)]


@pytest.mark.parametrize(
    ("name", "form"),
    [("a.jsonl", "jsonl"), ("a.JSON.gz", "jsonl"), ("a.csv.gz", "csv"), ("a.b.parquet", "parquet")],
)
def test_format_of__known_ending__is_told(name: str, form: str) -> None:
    assert format_of(Path(name)) == form


@pytest.mark.parametrize("name", ["a", "a.txt", "a.gz"])
def test_format_of__unknown_ending__asks_for_it(name: str) -> None:
    with pytest.raises(ImportFileError, match="--format"):
        format_of(Path(name))


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_json_lines__blank_bad_and_good_lines__each_good_one_is_read(
    written: Write, pack: Callable[[bytes], bytes]
) -> None:
    # Given
    path = written("a.jsonl", pack(b'\xef\xbb\xbf{"a":1}\n\n{"a":\n[1]\n{"a":4}'))
    # When / Then
    assert fields(Source(path, "jsonl")) == [{"a": 1}, None, None, {"a": 4}]
    assert fields(Source(path, "jsonl"), start=3) == [{"a": 4}]


def test_json_lines__one_list__says_what_to_do(written: Write) -> None:
    with pytest.raises(ImportFileError, match="one object a line"):
        fields(Source(written("a.json", b'[{"a":1}]'), "jsonl"))


def test_json_lines__line_without_end__is_passed_over(written: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LONGEST_LINE", 64)
    path = written("a.jsonl", b'{"a":"' + b"x" * 1000 + b'"}\n{"a":2}\n')
    assert fields(Source(path, "jsonl")) == [None, {"a": 2}]


def test_csv__quotes_line_breaks_and_too_many_values__are_told_apart(written: Write) -> None:
    path = written("a.csv", b'event,who\r\n"a ""b"",\nc",ada\r\nx,y,z\r\nd,\r\n')
    assert fields(Source(path, "csv")) == [{"event": 'a "b",\nc', "who": "ada"}, None, {"event": "d"}]
    assert fields(Source(path, "csv"), start=2) == [{"event": "d"}]


@pytest.mark.parametrize(
    ("name", "form", "content"),
    [
        ("a.csv", "csv", b""),
        ("a.parquet", "parquet", b"no parquet"),
        ("a.jsonl.gz", "jsonl", gzip.compress(b'{"a":1}\n' * 1000)[:40]),
    ],
    ids=["empty csv", "no parquet", "cut gzip"],
)
def test_rows__file_is_not_what_it_says__one_sentence(written: Write, name: str, form: str, content: bytes) -> None:
    with pytest.raises(ImportFileError):
        fields(Source(written(name, content), form))


def test_parquet__every_type__is_something_json_has(tmp_path: Path) -> None:
    # Given a file with types JSON does not know
    path = tmp_path / "a.parquet"
    duckdb.connect().execute(
        "COPY (SELECT i AS n, TIMESTAMP '2026-01-02 03:04:05.000006' AS t, "
        "TIMESTAMPTZ '2026-01-02 03:04:05+02' AS tz, DATE '2026-01-02' AS d, 1.50::DECIMAL(9,2) AS dec, "
        "uuid() AS u, {'a': [1, 2], 'b': DATE '2026-01-01'} AS s, 'x'::BLOB AS b, NULL AS nothing "
        f"FROM range(5000) r(i)) TO '{path}' (FORMAT parquet)"
    )

    # When it is read from the 4,999th row on
    source = Source(path, "parquet")
    [row] = fields(source, start=4_999)

    # Then
    assert row is not None
    assert len(str(row.pop("u"))) == 36
    assert row == {
        "n": 4999,
        "t": "2026-01-02T03:04:05.000006",
        "tz": "2026-01-02T01:04:05",
        "d": "2026-01-02",
        "dec": 1.5,
        "s": {"a": [1, 2], "b": "2026-01-01"},
        "b": "x",
        "nothing": None,
    }
    assert (source.total, source.done) == (5_000, 5_000)


def test_source__no_such_file__one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="no such file"):
        Source(tmp_path / "a.csv", "csv")
