"""REST over persons and groups: lists, pages, search, deletion with its receipt, and who may."""

from typing import Any

import pytest

from apps.accounts.models import AuditEntry
from apps.clickhouse import client
from apps.clickhouse.statement import Statement
from apps.people import selectors, services
from apps.people.identity import person_text_for
from apps.people.memory import memory
from apps.people.models import DistinctId, GroupType, Person, PersonDeletion
from tests.factories.accounts import Cast, make_cast
from tests.factories.people import Heard, actors, change, identify, merge, resolved, store

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(project_id: int) -> Cast:
    return make_cast(project_id=project_id)


def get(cast: Cast, path: str, *, status: int = 200, **params: Any) -> Any:  # noqa: ANN401 - JSON
    answer = cast.vera.client.get(f"/api/projects/{cast.project.pk}/{path}", params)
    assert answer.status_code == status, answer.content
    return answer.json()


def test_persons__listed__latest_first_in_pages(cast: Cast, project_id: int) -> None:
    # Given
    resolved(project_id, *(Heard(f"user{n}", seconds=n) for n in range(5)))

    # When
    first = get(cast, "persons/", limit=2)
    second = cast.vera.client.get(first["next"]).json()
    third = cast.vera.client.get(second["next"]).json()

    # Then
    pages = [[person["distinct_ids"] for person in page["results"]] for page in (first, second, third)]
    assert pages == [[["user4"], ["user3"]], [["user2"], ["user1"]], [["user0"]]]
    assert (first["previous"], third["next"]) == (None, None)
    assert cast.vera.client.get(second["previous"]).json()["results"] == first["results"]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"search": "LOVELACE"}, ["ada"]),
        ({"search": "ada@exa"}, ["ada"]),
        ({"search": "be"}, ["ben"]),
        ({"search": "en"}, []),
        ({"search": "50%"}, []),
        ({"distinct_id": "anon"}, ["ada"]),
        ({"distinct_id": "an"}, []),
        ({"email": "ada@example.com"}, ["ada"]),
        ({"email": "ada"}, []),
    ],
)
def test_persons__searched__are_found_by_email_name_and_id(
    cast: Cast, project_id: int, params: dict[str, Any], expected: list[str]
) -> None:
    # Given ada, who has an email, a name and a second id, and ben
    told = {"email": "ada@example.com", "name": "Ada Lovelace"}
    resolved(project_id, identify("ada", "anon", told=told), Heard("ben"))

    # When / Then
    assert [person["distinct_ids"][0] for person in get(cast, "persons/", **params)["results"]] == expected


def test_person__shown__has_all_that_is_known(cast: Cast, project_id: int) -> None:
    # Given
    resolved(project_id, identify("ada", "anon", 1, told={"plan": "pro"}))
    person_id = person_text_for(project_id, "ada")

    # When / Then
    assert get(cast, f"persons/{person_id}/") == {
        "id": person_id,
        "uuid": person_id,
        "name": "ada",
        "distinct_ids": ["ada", "anon"],
        "properties": {"plan": "pro"},
        "is_identified": True,
        "created_at": "2026-11-20T12:00:01Z",
    }


@pytest.mark.parametrize("name", ["nonsense", "28db0421-2700-4f4e-861d-5890adcf91c7", "0"])
def test_person__nobody__is_not_found(cast: Cast, name: str) -> None:
    assert get(cast, f"persons/{name}/", status=404)["code"] == "not_found"
    assert get(cast, f"persons/deletions/{name}/", status=404)["code"] == "not_found"


def test_person__of_another_project__is_not_found(cast: Cast, project_id: int) -> None:
    # Given
    resolved(cast.eves_project.pk, Heard("mallory"))

    # When / Then
    get(cast, f"persons/{person_text_for(cast.eves_project.pk, 'mallory')}/", status=404)
    assert get(cast, "persons/", search="mallory")["results"] == []
    assert cast.eve.client.get(f"/api/projects/{project_id}/persons/").status_code == 404


@pytest.mark.parametrize(
    ("path", "attr"),
    [
        ("persons/?limit=0", "limit"),
        ("persons/?offset=x", "offset"),
        ("persons/?distinct_id=", "distinct_id"),
        ("persons/?distinct_id=%20", "distinct_id"),
        ("persons/?email=", "email"),
        ("persons/?cursor=zz", "cursor"),
        ("groups/", "group_type_index"),
        ("groups/?group_type_index=0&cursor=zz", "cursor"),
        ("events/?cursor=zz", "cursor"),
        ("events/?distinct_id=", "distinct_id"),
        ("events/?person_id=%20", "person_id"),
        ("events/?event=", "event"),
    ],
)
def test_lists__of_nonsense__name_the_field(cast: Cast, path: str, attr: str) -> None:
    # When
    answer = cast.vera.client.get(f"/api/projects/{cast.project.pk}/{path}")

    # Then
    assert (answer.status_code, answer.json()["attr"]) == (400, attr)


def test_groups__listed__by_type_and_key(cast: Cast, project_id: int) -> None:
    # Given
    def described(kind: str, key: str, **told: object) -> Heard:
        return Heard("s", "$groupidentify", 0, {"$group_type": kind, "$group_key": key, "$group_set": told})

    resolved(project_id, described("company", "acme", size=3), described("company", "zeta"), described("team", "t1"))

    # When / Then
    assert get(cast, "groups_types/") == [
        {"group_type": "company", "group_type_index": 0},
        {"group_type": "team", "group_type_index": 1},
    ]
    page = get(cast, "groups/", group_type_index=0, limit=1)
    assert [(group["group_key"], group["group_properties"]) for group in page["results"]] == [("acme", {"size": 3})]
    assert [group["group_key"] for group in cast.vera.client.get(page["next"]).json()["results"]] == ["zeta"]
    assert [group["group_key"] for group in get(cast, "groups/", group_type_index=0, search="ET")["results"]] == [
        "zeta"
    ]


def test_delete__by_a_member__is_forbidden(cast: Cast, project_id: int) -> None:
    # Given
    resolved(project_id, Heard("ada"))
    path = f"/api/projects/{project_id}/persons/{person_text_for(project_id, 'ada')}/"

    # When / Then: neither a viewer nor a member
    assert cast.vera.client.delete(path).status_code == 403
    assert cast.ben.client.delete(path).status_code == 403
    assert Person.objects.filter(project_id=project_id).exists()


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize(("delete_events", "left"), [("false", 3), ("true", 1)])
def test_delete__person__leaves_a_receipt_and_others_alone(
    cast: Cast, project_id: int, delete_events: str, left: int
) -> None:
    # Given ada with two ids, merged from two persons, and ben
    store(project_id, Heard("ada", properties={"x": 1}), Heard("ada2"), Heard("ben"))
    store(project_id, merge("ada", "ada2", 1))
    store(project_id, change("ben", 2, set={"n": 1}))
    person_id = person_text_for(project_id, "ada")

    # When
    answer = cast.grace.client.delete(f"/api/projects/{project_id}/persons/{person_id}/?delete_events={delete_events}")
    receipt = answer.json()
    assert (answer.status_code, receipt["person_id"], receipt["finished_at"]) == (202, person_id, None)
    services.finish_deletion(deletion_id=receipt["id"])

    # Then
    done = get(cast, f"persons/deletions/{receipt['id']}/")
    assert done["finished_at"] is not None
    assert done["requested_by"] == cast.grace.user.email
    assert PersonDeletion.objects.get(pk=receipt["id"]).distinct_ids == []
    get(cast, f"persons/{person_id}/", status=404)
    assert [person["distinct_ids"] for person in get(cast, "persons/")["results"]] == [["ben"]]
    assert AuditEntry.objects.filter(action="person.deleted", target_id=person_id).exists()
    assert rows(project_id, "persons") == 1
    assert rows(project_id, "person_distinct_ids") == 1
    assert rows(project_id, "person_overrides") == 0
    assert actors(project_id) == left

    # When they come back
    store(project_id, Heard("ada2", seconds=5))

    # Then they are someone new
    assert get(cast, "persons/", distinct_id="ada2")["results"][0]["id"] == person_text_for(project_id, "ada2")


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize(("delete_events", "left"), [("false", [1, 2]), ("true", [0, 0])])
def test_delete__person_of_two_ids__leaves_one_unknown_for_each(
    cast: Cast, project_id: int, delete_events: str, left: list[int]
) -> None:
    # Given one person of two ids, whose latest events a writer stored under that person, in another process
    store(project_id, identify("ada", "anon"))
    store(project_id, Heard("anon", seconds=1), Heard("ada", seconds=2))
    person_id = str(selectors.find_person_id(project_id, "anon"))
    other = next(name for name in ("ada", "anon") if person_text_for(project_id, name) != person_id)
    remembered = {(project_id, name): person_id for name in ("ada", "anon")}
    assert actors(project_id) == 1

    # When
    url = f"/api/projects/{project_id}/persons/{person_id}/?delete_events={delete_events}"
    receipt = cast.grace.client.delete(url).json()
    memory.persons.learn(remembered)
    services.finish_deletion(deletion_id=receipt["id"])

    # Then each id counts for itself, and none leads to the person
    assert [events_of(cast, person_text_for(project_id, other)), actors(project_id)] == left
    assert {event["distinct_id"] for event in get(cast, "events/", person_id=person_id)["results"]} <= {
        "ada",
        "anon",
    } - {other}

    # When the other id sends again, to the writer that remembered it
    store(project_id, Heard(other, seconds=5))

    # Then it is a new person
    (found,) = get(cast, "persons/", distinct_id=other)["results"]
    assert (found["id"], found["distinct_ids"]) == (person_text_for(project_id, other), [other])
    assert events_of(cast, found["id"]) == left[0] + 1


def events_of(cast: Cast, person_id: str) -> int:
    return len(get(cast, "events/", person_id=person_id)["results"])


def rows(project_id: int, table: str) -> int:
    sql = f"SELECT count() FROM {table} FINAL WHERE project_id = %(project_id)s"
    return int(client.run(Statement(sql, {"project_id": project_id})).rows[0][0])


def test_purge__of_a_project__takes_its_people_and_no_others(project_id: int) -> None:
    # Given
    other = project_id + 500_000
    for each in (project_id, other):
        resolved(each, Heard("ada", properties={"$groups": {"company": "acme"}}))

    # When
    services.purge_project(project_id)
    services.purge_project(project_id)

    # Then
    for model in (Person, DistinctId, GroupType):
        found = model._default_manager.values_list("project_id", flat=True)
        assert set(found) == {other}
