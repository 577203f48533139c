import csv
import json
from pathlib import Path

import duckdb
import pytest
from msgspec import Raw

from apps.query.exports.files import ExportFileError, Target, format_of

COLUMNS = {"name": "VARCHAR", "is_new": "BOOLEAN", "properties": "VARCHAR"}
ROWS = [
    {"name": 'a "b",\nc', "is_new": True, "properties": Raw(b'{"n":1,"s":"\\u00e9"}')},
    {"name": "", "is_new": False, "properties": Raw(b"{}")},
]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "out"


def write(path: Path, form: str) -> None:
    with Target(path, form, COLUMNS) as target:
        for row in ROWS:
            target.write([row])


def test_json_lines__rows__are_objects_with_json_inside(target: Path) -> None:
    write(target, "jsonl")
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert rows == [
        {"name": 'a "b",\nc', "is_new": True, "properties": {"n": 1, "s": "é"}},
        {"name": "", "is_new": False, "properties": {}},
    ]


def test_csv__rows__are_cells_with_json_as_text(target: Path) -> None:
    write(target, "csv")
    with target.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["name", "is_new", "properties"],
        ['a "b",\nc', "true", '{"n":1,"s":"\\u00e9"}'],
        ["", "false", "{}"],
    ]


def test_parquet__rows__have_the_types_told(target: Path) -> None:
    write(target, "parquet")
    rows = duckdb.connect().execute(f"SELECT name, is_new, properties->>'n' FROM read_parquet('{target}')").fetchall()
    assert rows == [('a "b",\nc', True, "1"), ("", False, None)]


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_target__nothing_written__is_a_whole_empty_file(target: Path, form: str) -> None:
    with Target(target, form, COLUMNS):
        pass
    assert target.exists()
    if form == "parquet":
        assert duckdb.connect().execute(f"SELECT count(*) FROM read_parquet('{target}')").fetchall() == [(0,)]


def test_target__failure_in_the_middle__leaves_what_was_there(target: Path) -> None:
    # Given a file of yesterday
    target.write_text("yesterday")
    # When today's fails
    with pytest.raises(ZeroDivisionError), Target(target, "jsonl", COLUMNS) as writing:
        writing.write({**row, "name": 1 / 0} for row in ROWS)
    # Then yesterday's is still there, alone
    assert target.read_text() == "yesterday"
    assert list(target.parent.iterdir()) == [target]


def test_target__no_such_directory__one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ExportFileError, match="cannot be written"), Target(tmp_path / "no" / "a.csv", "csv", COLUMNS):
        pass


def test_format_of__unknown_ending__asks_for_it() -> None:
    assert format_of(Path("a.PARQUET")) == "parquet"
    with pytest.raises(ExportFileError, match="--format"):
        format_of(Path("a.xlsx"))
