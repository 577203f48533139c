"""The step over batches: persons, properties and groups in the database, warnings and groups in the events."""

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.clickhouse import tables
from apps.ingest.batch import EventBatch
from apps.people import selectors
from apps.people.contracts import PersonSummary
from apps.people.identity import person_text_for
from apps.people.ingest import resolve
from apps.people.memory import memory
from apps.people.models import DistinctId, MirrorDebt, Person
from tests.factories.people import Heard, alias, batch, change, identify, merge, resolved

pytestmark = pytest.mark.django_db


def person_of(project_id: int, distinct_id: str) -> PersonSummary:
    found = selectors.find_person_id(project_id, distinct_id)
    assert found is not None
    return selectors.get_person(project_id, found)


def warnings(made: EventBatch, row: int = 0) -> list[str]:
    return made.value(row, "$ingestion_warnings") or []


def test_resolve__plain_events__make_one_person_an_id(project_id: int) -> None:
    # When
    made = resolved(project_id, Heard("ada", seconds=5), Heard("ben"), Heard("ada", seconds=1))

    # Then each is as old as their first event
    assert made.person_ids == [person_text_for(project_id, name) for name in ("ada", "ben", "ada")]
    ada = person_of(project_id, "ada")
    assert (str(ada.id), ada.created_at.second, ada.is_identified) == (made.person_ids[0], 1, False)
    assert selectors.count_persons(project_id) == 2


def test_resolve__same_events_again__changes_nothing(project_id: int) -> None:
    # Given events of every kind
    heard = (
        Heard("anon", properties={"$browser": "Firefox"}),
        identify("ada", "anon", 1, told={"plan": "pro"}),
        change("ada", 2, set={"plan": "team"}, unset=["gone"]),
        alias("ada", "ada@home", 3),
        Heard("ada", "$groupidentify", 4, {"$group_type": "company", "$group_key": "acme", "$group_set": {"size": 3}}),
    )
    first = resolved(project_id, *heard)
    before = [list(model.objects.order_by("pk").values()) for model in (Person, DistinctId)]

    # When they are delivered again, to a writer that remembers nothing
    memory.forget()
    again = resolved(project_id, *heard)

    # Then
    assert again.person_ids == first.person_ids
    assert [list(model.objects.order_by("pk").values()) for model in (Person, DistinctId)] == before
    assert again.beside == {}


@pytest.mark.usefixtures("valkey")
def test_resolve__known_people__need_no_database(project_id: int) -> None:
    # Given
    resolved(project_id, Heard("ada"), Heard("ben"))

    # When plain events of them come, with what an SDK adds to each
    with CaptureQueriesContext(connection) as queries:
        made = resolved(
            project_id,
            Heard("ada", properties={"$browser": "Chrome", "$set_once": {"$initial_browser": "Chrome"}}),
            Heard("ben", "$pageview", 1, {"utm_source": "ad", "$set": {"$browser": "Chrome"}}),
        )

    # Then
    assert len(queries) == 0
    assert made.person_ids == [person_text_for(project_id, name) for name in ("ada", "ben")]


def test_resolve__many_of_everything__asks_the_database_a_fixed_number_of_times(project_id: int) -> None:
    # Given batches of ten and of two hundred events that are all about persons
    def asked(count: int, name: str) -> int:
        heard = [Heard(f"{name}-anon-{n}", seconds=n) for n in range(count)]
        heard += [identify(f"{name}-{n}", f"{name}-anon-{n}", 1000 + n, told={"n": n}) for n in range(count)]
        with CaptureQueriesContext(connection) as queries:
            resolved(project_id, *heard)
        return len(queries)

    # When / Then: executemany is logged as one
    assert asked(200, "many") == asked(10, "few")


def test_identify__anonymous_person_exists__keeps_their_person(project_id: int) -> None:
    # When someone is seen, and then tells who they are
    resolved(project_id, Heard("anon", properties={"$browser": "Firefox", "utm_source": "ad"}))
    made = resolved(project_id, identify("ada", "anon", 1, told={"email": "ada@example.com"}), Heard("ada", seconds=2))

    # Then they are one person, found by each id
    assert set(made.person_ids) == {person_text_for(project_id, "anon")}
    ada = person_of(project_id, "ada")
    assert ada.is_identified
    assert ada.distinct_ids == ["anon", "ada"]
    assert ada.name == "ada@example.com"
    assert ada.properties == {
        "email": "ada@example.com",
        "$browser": "Firefox",
        "$initial_browser": "Firefox",
        "utm_source": "ad",
        "$initial_utm_source": "ad",
    }


def test_merge__two_persons__is_told_to_clickhouse(project_id: int) -> None:
    # Given
    resolved(project_id, Heard("ada"), Heard("ben"))

    # When
    made = resolved(project_id, alias("ada", "ben", 1), Heard("ben", seconds=2))

    # Then
    old, new = (person_text_for(project_id, name) for name in ("ben", "ada"))
    assert made.person_ids == [new, new]
    (override,) = made.beside[tables.PERSON_OVERRIDES]
    assert (override["old_person_id"], override["person_id"], override["is_deleted"]) == (old, new, 0)
    gone = [row for row in made.beside[tables.PERSONS_LANDING] if row["is_deleted"]]
    assert [row["person_id"] for row in gone] == [old]
    assert not Person.objects.filter(pk=old).exists()


def test_merge__chain_in_one_batch_and_over_batches__ends_one_hop_away(project_id: int) -> None:
    # Given a to b and c to d at once, then b to c, then all to e
    for name in "abcde":
        resolved(project_id, Heard(name))
    resolved(project_id, merge("b", "a", 1), merge("d", "c", 2))
    resolved(project_id, merge("c", "b", 3))

    # When
    made = resolved(project_id, merge("e", "a", 4), *(Heard(name, seconds=5) for name in "abcde"))

    # Then
    end = person_text_for(project_id, "e")
    assert set(made.person_ids) == {end}
    overrides = {row["old_person_id"]: row["person_id"] for row in made.beside[tables.PERSON_OVERRIDES]}
    assert overrides == {person_text_for(project_id, name): end for name in "abcd"}
    assert Person.objects.filter(project_id=project_id).count() == 1


def test_merge__memory_of_another_writer__is_mended_by_what_the_database_says(project_id: int) -> None:
    # Given a writer that remembers ben, whom another one merged into ada meanwhile
    resolved(project_id, Heard("ada"), Heard("ben"))
    stale = {(project_id, name): person_text_for(project_id, name) for name in ("ada", "ben")}
    resolved(project_id, merge("ada", "ben", 1))
    memory.persons.learn(stale)

    # When it hears of ben's properties
    made = resolved(project_id, change("ben", 2, set={"plan": "pro"}))

    # Then they go where ben leads now
    assert made.person_ids == [person_text_for(project_id, "ada")]
    assert person_of(project_id, "ada").properties == {"plan": "pro"}


@pytest.mark.parametrize(
    ("heard", "code"),
    [
        (identify("ada", "undefined"), "cannot_merge_with_illegal_distinct_id"),
        (alias("null", "ada"), "cannot_merge_with_illegal_distinct_id"),
        (identify("eve", "ada", 5), "cannot_merge_already_identified"),
    ],
)
def test_merge__that_is_refused__keeps_the_event_and_says_why(project_id: int, heard: Heard, code: str) -> None:
    # Given ada and eve, both identified
    resolved(project_id, identify("ada", "ada-anon", 1), identify("eve", "eve-anon", 1))

    # When
    made = resolved(project_id, heard)

    # Then
    assert warnings(made) == [code]
    assert made.refusals == [None]
    assert made.person_ids == [str(person_of(project_id, heard.distinct_id).id)]
    assert person_of(project_id, "ada").id != person_of(project_id, "eve").id


@pytest.mark.parametrize("event", ["$identify", "$create_alias", "$merge_dangerously", "$groupidentify"])
def test_personless__event_about_persons__is_refused(project_id: int, event: str) -> None:
    # When
    made = resolved(project_id, Heard("ada", event, properties={"$process_person_profile": False, "alias": "b"}))

    # Then
    assert [refusal.code for refusal in made.refusals if refusal] == ["person_processing_required"]
    assert not DistinctId.objects.filter(project_id=project_id).exists()


def test_personless__plain_event__makes_nobody_and_joins_whom_it_finds(project_id: int) -> None:
    # Given
    properties = {"$process_person_profile": False, "$set": {"plan": "pro"}}
    resolved(project_id, Heard("ada"), Heard("ben"))
    resolved(project_id, merge("ada", "ben", 1))
    memory.forget()

    # When
    made = resolved(project_id, Heard("nobody", properties=properties), Heard("ben", properties=properties))

    # Then
    assert made.person_ids == [person_text_for(project_id, "nobody"), person_text_for(project_id, "ada")]
    assert selectors.find_person_id(project_id, "nobody") is None
    assert person_of(project_id, "ada").properties == {}


def test_personless__then_with_a_person__is_found(project_id: int) -> None:
    # Given
    resolved(project_id, Heard("ada", properties={"$process_person_profile": False}))

    # When
    resolved(project_id, Heard("ada", seconds=1))

    # Then
    assert person_of(project_id, "ada")


@pytest.mark.parametrize("event", ["$$heatmap", "$exception"])
def test_properties__of_events_that_never_change_a_person__are_left_alone(project_id: int, event: str) -> None:
    # When
    resolved(project_id, Heard("ada", event, properties={"$browser": "Chrome", "$set": {"plan": "pro"}}))

    # Then
    assert person_of(project_id, "ada").properties == {}


def test_properties__late_events__find_their_place(project_id: int) -> None:
    # When a late set, a late set-once and a late unset come after newer ones
    resolved(project_id, change("ada", 10, set={"plan": "team", "old": 1}, set_once={"source": "mail"}))
    resolved(project_id, change("ada", 5, set={"plan": "free"}, set_once={"source": "ad"}, unset=["plan"]))
    resolved(project_id, change("ada", 20, unset={"old": None}))
    resolved(project_id, change("ada", 15, set={"old": 2}))

    # Then
    assert person_of(project_id, "ada").properties == {"plan": "team", "source": "ad"}


def test_properties__of_any_shape__come_back_as_they_were(project_id: int) -> None:
    # Given
    odd = {
        "a.b": 1,
        "": "empty",
        "null": None,
        "deep": {"x": [1, {"y": "\u0000"}]},
        "big": 2**63,
        "f": 1.0,
        "emoji": "🐳",
    }

    # When
    resolved(project_id, change("ada", set=odd))

    # Then
    assert person_of(project_id, "ada").properties == odd


@pytest.mark.parametrize("value", ["text", 5, ["a"], None, True])
def test_properties__that_are_no_object__change_nothing(project_id: int, value: object) -> None:
    # When
    made = resolved(project_id, change("ada", set=value, set_once=value), Heard("ben", properties={"$groups": value}))

    # Then
    assert made.refusals == [None, None]
    assert person_of(project_id, "ada").properties == {}


def test_groups__on_any_event__get_a_place_and_are_put_into_it(project_id: int) -> None:
    # When six types are used for the first time, the last two in one event
    last = {"$groups": {"type4": 44, "type5": "five"}, "$process_person_profile": False}
    made = resolved(
        project_id,
        *(Heard("ada", seconds=n, properties={"$groups": {f"type{n}": f"key{n}"}}) for n in range(4)),
        Heard("ada", seconds=9, properties=last),
    )

    # Then
    put = [(made.changes[row] or {}).get(f"$group_{row}") for row in range(5)]
    assert put == ["key0", "key1", "key2", "key3", "44"]
    assert warnings(made, 4) == ["too_many_group_types"]
    assert [(kind.index, kind.name) for kind in selectors.list_group_types(project_id)] == [
        (n, f"type{n}") for n in range(5)
    ]


def test_groupidentify__out_of_order__keeps_the_latest_and_makes_nobody(project_id: int) -> None:
    # Given
    def described(seconds: float, **properties: object) -> Heard:
        told = {"$group_type": "company", "$group_key": "acme", "$group_set": properties}
        return Heard("$company_acme", "$groupidentify", seconds, told)

    # When
    resolved(project_id, described(5, size=50, name="Acme"))
    made = resolved(project_id, described(2, size=10, town="Bern"))

    # Then
    (group,) = selectors.list_groups(project_id, 0)
    assert (group.key, group.properties) == ("acme", {"size": 50, "name": "Acme", "town": "Bern"})
    (row,) = made.beside[tables.GROUPS_LANDING]
    assert msgspec.json.decode(str(row["properties"])) == group.properties
    assert selectors.find_person_id(project_id, "$company_acme") is None


def test_debt__once_stored__is_struck_by_the_next_transaction(project_id: int) -> None:
    # Given what is not in ClickHouse yet
    made = resolved(project_id, Heard("ada"))
    assert MirrorDebt.objects.count() == 1

    # When it is, and something else is written
    for callback in made.callbacks:
        callback()
    resolved(project_id, Heard("ben"))

    # Then only the newer debt is left
    assert [debt.version for debt in MirrorDebt.objects.all()] == [
        DistinctId.objects.get(project_id=project_id, distinct_id="ben").version
    ]


def test_resolve__nobodys_project__needs_no_persons() -> None:
    # When the pipeline watches itself
    made = batch(0, [Heard("canary", properties={"$process_person_profile": False})])
    resolve(made)

    # Then
    assert made.person_ids == [person_text_for(0, "canary")]
    assert not DistinctId.objects.exists()
