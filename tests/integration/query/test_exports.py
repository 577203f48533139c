import json
from io import StringIO
from pathlib import Path
from uuid import uuid4

import duckdb
import pytest
from django.core.management import CommandError, call_command

from apps.ingest.importing.files import Source
from apps.ingest.importing.shapes import Shaper
from apps.people.models import DistinctId, Person
from apps.query.exports import events, persons
from tests.factories.accounts import Cast, make_cast
from tests.factories.events import Sent, at, insert

pytestmark = [pytest.mark.usefixtures("stack"), pytest.mark.django_db]


@pytest.fixture
def cast(project_id: int) -> Cast:
    """A project with five events over two days, one of them sent twice."""
    cast = make_cast(project_id=project_id)
    twice = Sent("chat sent", "ada", at("2026-01-01T10:30"), {"n": 1, "a.b": "dot", "nested": {"x": [1, "two"]}})
    insert(
        project_id,
        [
            twice,
            Sent("chat sent", "ben", at("2026-01-01T10:00"), {"model": 'qwen "3"\n'}),
            Sent("paid", "ada", at("2026-01-01T23:59:59.999999"), {}),
            Sent("chat sent", "ada", at("2026-01-02T00:00"), {"é": "ü"}),
            Sent("paid", "eve", at("2026-02-01T00:00"), {"amount": 9.5}),
        ],
    )
    insert(project_id, [twice])
    insert(project_id + 10**9, [Sent("secret", "mallory", at("2026-01-01T10:00"), {})])
    return cast


def export(cast: Cast, path: Path, *words: str) -> str:
    out = StringIO()
    call_command("export_events", f"--project-token={cast.project.api_token}", *words, str(path), stdout=out)
    return out.getvalue()


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_export__everything__is_there_once_in_order_of_time(cast: Cast, tmp_path: Path) -> None:
    # When
    said = export(cast, tmp_path / "all.jsonl")

    # Then
    rows = lines(tmp_path / "all.jsonl")
    assert "5 events" in said
    assert [row["timestamp"] for row in rows] == [
        "2026-01-01T10:00:00.000000Z",
        "2026-01-01T10:30:00.000000Z",
        "2026-01-01T23:59:59.999999Z",
        "2026-01-02T00:00:00.000000Z",
        "2026-02-01T00:00:00.000000Z",
    ]
    assert rows[1]["properties"] == {"n": 1, "a.b": "dot", "nested": {"x": [1, "two"]}}
    assert len({row["person_id"] for row in rows}) == 3


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--from=2026-01-02",), 2),
        (("--to=2026-01-02",), 3),
        (("--from=2026-01-01T10:15", "--to=2026-01-01T10:45"), 1),
        (("--event=paid",), 2),
        (("--event=paid", "--event=chat sent", "--to=2026-01-02T00:00+02:00"), 2),
        (("--event=nothing",), 0),
    ],
    ids=["from", "to", "within an hour", "event", "events and zone", "none"],
)
def test_export__narrowed__has_only_those(cast: Cast, tmp_path: Path, words: tuple[str, ...], expected: int) -> None:
    export(cast, tmp_path / "some.jsonl", *words)
    assert len(lines(tmp_path / "some.jsonl")) == expected


def test_export__pages_smaller_than_an_hour__lose_nothing(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given many events of one moment and pages of three
    insert(cast.project.pk, [Sent("tick", f"p{number}", at("2026-03-01T00:00"), {}) for number in range(10)])
    monkeypatch.setattr(events, "PAGE", 3)
    monkeypatch.setattr(events, "_WITH_TEXTS", 2)
    # When
    export(cast, tmp_path / "pages.jsonl", "--event=tick")
    # Then
    assert {row["distinct_id"] for row in lines(tmp_path / "pages.jsonl")} == {f"p{number}" for number in range(10)}


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_export__read_as_an_import__gives_the_same_events(cast: Cast, tmp_path: Path, ending: str) -> None:
    # Given an export
    path = tmp_path / f"all.{ending}"
    export(cast, path)
    export(cast, tmp_path / "plain.jsonl")

    # When the importer reads it
    shaper = Shaper(1, parse_text=ending == "csv")
    found = [shaper.event(row.fields) for row in Source(path, ending).rows() if row.fields is not None]

    # Then nothing is lost on the way
    names = ("uuid", "event", "distinct_id", "timestamp", "properties")
    assert found == [{name: row[name] for name in names} for row in lines(tmp_path / "plain.jsonl")]


def test_export__parquet__can_be_asked(cast: Cast, tmp_path: Path) -> None:
    path = tmp_path / "all.parquet"
    export(cast, path)
    asked = duckdb.connect().execute(
        f"SELECT sum((properties->>'amount')::DOUBLE) FROM read_parquet('{path}') WHERE event = 'paid'"
    )
    assert asked.fetchall() == [(9.5,)]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--project-token=nobody", "x.csv"], "No project has this key."),
        (["--project-token={token}", "x.xlsx"], "does not tell the format"),
        (["--project-token={token}", "/no/such/place/x.csv"], "cannot be written"),
        (["--project-token={token}", "--from=soon", "x.csv"], "soon"),
    ],
    ids=["key", "name", "place", "moment"],
)
def test_export__senseless_arguments__one_sentence(cast: Cast, words: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("export_events", *(word.format(token=cast.project.api_token) for word in words))


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_export_persons__several_pages__has_each_with_all_ids(
    cast: Cast, tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given three persons, one with two ids, and one of another project
    monkeypatch.setattr(persons, "PAGE", 2)
    project = cast.project.pk
    made = [
        Person.objects.create(
            id=uuid4(), project_id=project, created_us=1_767_225_600_000_000 + number, version=1,
            properties=json.dumps({"plan": "pro", "n": number}), is_identified=number == 0,
        )
        for number in range(3)
    ]  # fmt: skip
    Person.objects.create(id=uuid4(), project_id=project + 10**9, created_us=1, version=1)
    for person, ids in zip(made, (["ada", 'a "1"'], ["ben"], []), strict=True):
        for distinct_id in ids:
            DistinctId.objects.create(project_id=project, distinct_id=distinct_id, person_id=person.pk, version=1)

    # When they are exported
    path, out = tmp_path / f"persons.{ending}", StringIO()
    call_command("export_persons", f"--project-token={cast.project.api_token}", str(path), stdout=out)

    # Then each is there once
    assert "3 persons" in out.getvalue()
    rows = {
        str(row["id"]): row
        for row in (Shaper(1, "plain", parse_text=ending != "jsonl").event(found.fields)["properties"]
                    for found in Source(path, ending).rows() if found.fields)
    }  # fmt: skip
    assert set(rows) == {str(person.pk) for person in made}
    first = rows[str(made[0].pk)]
    assert first["distinct_ids"] == ['a "1"', "ada"]
    assert first["is_identified"] is True
    assert (first["plan"], first["n"]) == ("pro", 0)
