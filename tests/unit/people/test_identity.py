import uuid

import pytest

from apps.ingest.batch import EventBatch
from apps.people import identity
from apps.people.ingest import resolve


@pytest.mark.parametrize("distinct_id", ["ada", "", "Ünïcode 🐋", "x" * 200, "7:ada"])
def test_person_id__any_distinct_id__is_the_uuid5_of_project_and_id(distinct_id: str) -> None:
    # When the person of a distinct id is asked for
    person = identity.person_id_for(7, distinct_id)

    # Then it is what the standard library's UUIDv5 says
    assert person == uuid.uuid5(identity.NAMESPACE, f"7:{distinct_id}")


def test_person_id__same_id_in_two_projects__are_two_persons() -> None:
    assert identity.person_id_for(1, "ada") != identity.person_id_for(2, "ada")


def test_namespace__never_changes() -> None:
    # Then a person stored years ago is still the same
    assert identity.person_text_for(1, "ada") == "d08b7ecd-643b-5181-8847-511779ccc70e"


@pytest.mark.django_db
def test_resolve__batch_of_several_projects__sets_each_person() -> None:
    # Given events of two projects
    batch = EventBatch(
        project_ids=[1, 2, 1],
        distinct_ids=["ada", "ada", "ben"],
        uuids=[str(uuid.uuid4()) for _ in range(3)],
        events=["seen"] * 3,
        timestamps_us=[1, 2, 3],
        properties=[b"{}"] * 3,
    )
    batch.look()

    # When persons are resolved
    resolve(batch)

    # Then each event has its own
    assert batch.person_ids == [str(identity.person_id_for(*who)) for who in ((1, "ada"), (2, "ada"), (1, "ben"))]
