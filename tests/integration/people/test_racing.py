"""Several writers, as processes of their own, over the same merges at the same time."""

import json
import os
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from apps.clickhouse import tables
from apps.people.identity import person_text_for
from tests.factories.people import Heard, change, merge
from tests.processes import ROOT, manage

WRITERS = 4
PROJECT = 7
NAMES = [f"id{number}" for number in range(24)]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Make a database of its own for the writers."""
    found = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    found |= {"BALEEN_DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "analytics.settings"}
    assert manage("migrate", env=found, log=tmp_path / "migrate.log").wait(120) == 0
    return found


def history() -> list[Heard]:
    """Make merges that form a few large groups, with everyone seen and changed around them."""
    chance = random.Random(11)  # noqa: S311 - a history to test with
    heard = [Heard(name, seconds=number) for number, name in enumerate(NAMES)]
    for number in range(30):
        group = chance.randrange(4)
        one, other = chance.sample(NAMES[group * 6 : group * 6 + 6], 2)
        heard.append(merge(one, other, 100 + number))
        heard.append(change(one, 200 + number, set={"latest": number}, set_once={"first": number}))
    return heard


def groups(heard: list[Heard]) -> list[set[str]]:
    """Say who belongs together, from the merges alone."""
    together = [{name} for name in NAMES]
    for each in heard:
        if each.event == "$merge_dangerously":
            ends = {each.distinct_id, each.properties["alias"]}
            both = set().union(*(group for group in together if group & ends))
            together = [group for group in together if not group & both] + [both]
    return together


def race(environment: dict[str, str], heard: list[Heard], directory: Path) -> list[dict[str, list[dict[str, Any]]]]:
    """Run the writers at once, each over all events in an order of its own; gives what they would send on."""
    told = json.dumps([[each.distinct_id, each.event, each.seconds, each.properties, each.uuid] for each in heard])
    (directory / "history.json").write_text(told)
    command = [sys.executable, "-m", "tests.racing_writer", str(PROJECT)]
    writers = []
    for seed in range(WRITERS):
        with (directory / "history.json").open() as source, (directory / f"{seed}.jsonl").open("w") as sink:
            writers.append(
                subprocess.Popen([*command, str(seed)], cwd=ROOT, env=environment, stdin=source, stdout=sink)
            )
    assert [writer.wait(120) for writer in writers] == [0] * WRITERS
    lines = [line for seed in range(WRITERS) for line in (directory / f"{seed}.jsonl").read_text().splitlines()]
    return [json.loads(line) for line in lines]


def test_writers__racing_on_the_same_merges__end_in_the_same_persons(
    environment: dict[str, str], tmp_path: Path
) -> None:
    # Given
    heard = history()

    # When
    batches = race(environment, heard, tmp_path)

    # Then the database has one person for those who belong together, and nobody else
    with closing(sqlite3.connect(tmp_path / "baleen.sqlite3")) as database:
        places = database.execute("SELECT distinct_id, person_id FROM people_distinctid").fetchall()
        persons = database.execute("SELECT id FROM people_person").fetchall()
    led = {name: str(UUID(person)) for name, person in places}
    found = [sorted(name for name in NAMES if led[name] == person) for person in set(led.values())]
    assert sorted(found) == sorted(map(sorted, groups(heard)))
    assert {str(UUID(person)) for (person,) in persons} == set(led.values())

    # And what goes to ClickHouse says the same, whichever writer's row comes last
    newest: dict[str, tuple[int, str]] = {}
    for rows in batches:
        for row in rows.get(tables.PERSON_OVERRIDES, []):
            old = row["old_person_id"]
            newest[old] = max(newest.get(old, (0, "")), (row["version"], row["person_id"]))
    owns = {person_text_for(PROJECT, name): person for name, person in led.items()}
    assert {old: person for old, (_, person) in newest.items() if old != person} == {
        own: person for own, person in owns.items() if own != person
    }
