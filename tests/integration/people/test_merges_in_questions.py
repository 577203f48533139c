"""Merged people count once in every question, with what they did before and after; squashing changes no answer."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from apps.accounts.contracts import ProjectContext
from apps.clickhouse import client
from apps.clickhouse.statement import Statement
from apps.ingest.log import STREAM
from apps.ingest.valkey import connect
from apps.people import mirroring, selectors, squash
from apps.people.identity import person_text_for
from apps.people.memory import memory
from apps.people.models import MirrorDebt
from apps.query import runner
from apps.query import selectors as questions
from apps.query.schema import RefreshMode
from tests.factories.people import NOON, Heard, actors, change, identify, merge, resolved, store

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stack")]

NOW = NOON + timedelta(hours=1)


def project(project_id: int) -> ProjectContext:
    return ProjectContext(project_id, 1, "Test", "phc_test", "UTC", 0)


def ask(project_id: int, kind: str, *, math: str = "dau", **fields: object) -> list[dict[str, Any]]:
    series = [{"kind": "EventsNode", "event": "seen", "math": math}]
    if kind == "FunnelsQuery":
        series = [{"kind": "EventsNode", "event": name} for name in ("seen", "bought")]
    query = {"kind": kind, "series": series, "dateRange": {"date_from": "-1d"}, **fields}
    answer: list[dict[str, Any]] = runner.run(project(project_id), query, now=NOW, mode=RefreshMode.FORCE_BLOCKING)[
        "results"
    ]
    return answer


def people(project_id: int, **fields: str) -> float:
    return max(ask(project_id, "TrendsQuery", **fields)[0]["data"], default=0)


def funnel(project_id: int) -> list[int]:
    return [step["count"] for step in ask(project_id, "FunnelsQuery")]


def overrides(project_id: int) -> int:
    sql = "SELECT count() FROM person_overrides FINAL WHERE project_id = %(project_id)s"
    return int(client.run(Statement(sql, {"project_id": project_id})).rows[0][0])


def squash_now() -> None:
    """Squash what is due as if an hour had passed: what writers owe has been paid by then."""
    mirroring.pay_debts(older_than=timedelta(seconds=-1))
    squash.squash_overrides(age_seconds=0)


def stored_persons(project_id: int) -> set[UUID]:
    sql = "SELECT DISTINCT person_id FROM events WHERE project_id = %(project_id)s"
    return {row[0] for row in client.run(Statement(sql, {"project_id": project_id})).rows}


def test_merge__of_people_already_stored__is_one_person_in_every_question(project_id: int) -> None:
    # Given two persons, of whom one saw and the other bought
    store(project_id, Heard("anon", "seen"), Heard("ada", "bought", 60), Heard("zoe", "seen", 61))
    assert (people(project_id), funnel(project_id), actors(project_id)) == (2, [2, 0], 3)

    # When they turn out to be one
    store(project_id, identify("ada", "anon", 120), Heard("anon", "seen", 180))

    # Then trends, funnels and lists see one person, before and after
    assert (people(project_id), people(project_id, math="weekly_active")) == (2, 2)
    assert funnel(project_id) == [2, 1]
    assert actors(project_id) == 2
    ada = UUID(person_text_for(project_id, "ada"))
    listed = questions.list_events(project(project_id), before=None)
    assert {event.person_id for event in listed if event.distinct_id != "zoe"} == {ada}
    assert len(questions.list_events(project(project_id), person_id=ada)) == 4
    assert questions.find_event(project(project_id), listed[0].uuid, listed[0].timestamp) == listed[0]


@pytest.mark.parametrize(
    "math", ["total", "dau", "weekly_active", "monthly_active", "first_time_for_user", "avg_count_per_actor"]
)
def test_trends__every_math_about_people__sees_the_merge(project_id: int, math: str) -> None:
    # Given three ids of one person, two events each
    store(project_id, *(Heard(name, "seen", n) for name in "abc" for n in range(2)))
    before = people(project_id, math=math)

    # When
    store(project_id, merge("b", "a", 10), merge("c", "b", 11))

    # Then
    expected = {"total": (6, 6), "avg_count_per_actor": (2, 6)}.get(math, (3, 1))
    assert (before, people(project_id, math=math)) == expected


def test_trends__with_breakdown_and_cumulative__see_the_merge(project_id: int) -> None:
    # Given
    store(project_id, *(Heard(name, "seen", n, {"plan": "pro"}) for n, name in enumerate("abc")), merge("b", "a", 10))

    # When / Then
    split = ask(project_id, "TrendsQuery", breakdownFilter={"breakdown": "plan", "breakdown_type": "event"})
    running = ask(project_id, "TrendsQuery", trendsFilter={"display": "ActionsLineGraphCumulative"})
    assert [(line["breakdown_value"], max(line["data"])) for line in split] == [("pro", 2)]
    assert max(running[0]["data"]) == 2


def test_question__of_a_project_without_merges__does_not_look_for_any(project_id: int) -> None:
    # Given
    store(project_id, Heard("ada"))

    # When
    asked = runner.run(
        project(project_id), {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "math": "dau"}]}, now=NOW
    )

    # Then
    assert "person_overrides" not in asked["hogql"]


def test_squash__of_old_merges__rewrites_events_and_changes_no_answer(project_id: int) -> None:
    # Given a chain of merges, and one neighbour nobody merged
    store(project_id, *(Heard(name, "seen") for name in "abcd"))
    store(project_id, merge("b", "a", 1), merge("c", "b", 2))
    assert (overrides(project_id), people(project_id)) == (2, 2)

    # When
    squash_now()

    # Then
    assert (overrides(project_id), people(project_id)) == (0, 2)
    assert stored_persons(project_id) == {UUID(person_text_for(project_id, name)) for name in "cd"}

    # When it goes on: the squashed chain is merged once more
    store(project_id, merge("d", "a", 3))

    # Then
    assert (overrides(project_id), people(project_id)) == (3, 1)


def test_squash__what_a_dead_writer_owes__comes_first(project_id: int) -> None:
    # Given a merge that is in ClickHouse, from a transaction that is not known to be
    store(project_id, Heard("ada"), Heard("ben"), merge("ada", "ben", 1))
    assert MirrorDebt.objects.exists()

    # When
    squash.squash_overrides(age_seconds=0)

    # Then
    assert overrides(project_id) == 1


def test_squash__merge_that_is_young__stays(project_id: int) -> None:
    # Given
    store(project_id, Heard("ada"), Heard("ben"), merge("ada", "ben", 1))

    # When
    squash.squash_overrides()

    # Then
    assert overrides(project_id) == 1


def test_squash__older_entry_in_the_log__waits_for_it(project_id: int) -> None:
    # Given a merge, and an entry that nobody has written and that was there before it
    entry = connect().xadd(STREAM, {"d": b"unwritten"})
    time.sleep(0.01)
    store(project_id, Heard("ada"), Heard("ben"), merge("ada", "ben", 1))
    try:
        # When
        squash_now()

        # Then: its events may still name the old person
        assert overrides(project_id) == 1
    finally:
        connect().xdel(STREAM, entry)
    squash_now()
    assert overrides(project_id) == 0


def test_crash__between_commit_and_insert__redelivery_writes_the_events_and_the_debt_the_rest(project_id: int) -> None:
    # Given people, and a writer that dies when it has committed a merge but inserted nothing
    store(project_id, Heard("anon", "seen"), Heard("ada", "bought", 60))
    heard = (identify("ada", "anon", 120, told={"plan": "pro"}), Heard("anon", "seen", 180))
    resolved(project_id, *heard)
    assert actors(project_id) == 2

    # When its entries are delivered to another one, and what it owed grows old
    memory.forget()
    store(project_id, *heard)
    assert selectors.count_persons(project_id) == 1
    paid = mirroring.pay_debts(older_than=timedelta(seconds=-1))

    # Then nobody is counted twice, and nothing is owed
    assert paid
    assert not MirrorDebt.objects.exists()
    assert actors(project_id) == 1
    sql = (
        "SELECT person_id, is_identified, toJSONString(properties) FROM persons FINAL WHERE project_id = %(project_id)s"
    )
    (row,) = client.run(Statement(sql, {"project_id": project_id})).rows
    assert row == (UUID(person_text_for(project_id, "ada")), 1, '{"plan":"pro"}')


def test_mirrors__of_persons_ids_and_groups__are_what_the_database_says(project_id: int) -> None:
    # Given people and a group with changes over three batches
    told = {"$group_type": "company", "$group_key": "acme", "$group_set": {"size": 3}}
    store(
        project_id, Heard("ada", properties={"$groups": {"company": "acme"}}), Heard("ben", "$groupidentify", 1, told)
    )
    store(project_id, change("ada", 2, set={"a.b": [1, "x"], "n": 1}), Heard("ben", "seen", 2))
    store(project_id, merge("ada", "ben", 3), change("ada", 4, set={"n": 2}))

    # When
    def read(sql: str) -> list[tuple[Any, ...]]:
        return client.run(Statement(f"{sql} FINAL WHERE project_id = %(project_id)s", {"project_id": project_id})).rows

    # Then
    ada = UUID(person_text_for(project_id, "ada"))
    assert read("SELECT person_id, created_at, properties.n.:Int64 FROM persons") == [
        (ada, NOON.replace(tzinfo=None), 2)
    ] or (read("SELECT person_id, created_at, properties.n.:Int64 FROM persons") == [(ada, NOON, 2)])
    assert sorted(read("SELECT distinct_id, person_id FROM person_distinct_ids")) == [("ada", ada), ("ben", ada)]
    assert read("SELECT group_index, group_key, properties.size.:Int64 FROM groups") == [(0, "acme", 3)]
    events = questions.list_events(project(project_id), event="seen", limit=10)
    assert [event.properties.get("$group_0") for event in events] == [None, "acme"]


def test_events_list__of_nobody__is_empty(project_id: int) -> None:
    # Given nobody at all
    # When / Then
    assert (
        questions.list_events(project(project_id), person_id=UUID(int=1), after=datetime(2026, 1, 1, tzinfo=UTC)) == []
    )
