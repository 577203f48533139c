"""The step against an oracle that takes events one by one, in the order of their times, and knows no batches."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.people import selectors
from apps.people.memory import memory
from apps.people.models import DistinctId, Person
from tests.factories.people import Heard, alias, change, identify, merge, resolved

pytestmark = pytest.mark.django_db

_projects = itertools.count(9_000_000)
IDS = st.sampled_from(["ada", "ben", "eve", "anon1", "anon2", "null"])
VALUES = st.dictionaries(st.sampled_from("xyz"), st.integers(0, 9), max_size=2)
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass
class Somebody:
    """A person as the oracle knows them."""

    ids: set[str]
    is_identified: bool = False
    properties: dict[str, int] = field(default_factory=dict)


def oracle(heard: Sequence[Heard]) -> list[tuple[list[str], bool, dict[str, int]]]:
    """Say who there is after events that come one by one."""
    people: list[Somebody] = []

    def find(name: str) -> Somebody | None:
        return next((one for one in people if name in one.ids), None)

    def ensure(name: str) -> Somebody:
        found = find(name)
        if found is None:
            found = Somebody({name})
            people.append(found)
        return found

    for each in sorted(heard, key=lambda one: one.seconds):
        told: dict[str, Any] = each.properties
        other, name = told.get("$anon_distinct_id") or told.get("alias"), each.distinct_id
        if other and other != name and "null" not in {other, name}:
            source, target = find(other), find(name)
            if source is None or target is None:
                person = source or target or ensure(name)
                person.ids |= {other, name}
                person.is_identified = True
            elif source is not target and (not source.is_identified or each.event == "$merge_dangerously"):
                target.ids |= source.ids
                target.properties = source.properties | target.properties
                target.is_identified = True
                people.remove(source)
        person = ensure(name)
        person.properties = told.get("$set_once", {}) | person.properties | told.get("$set", {})
        person.properties = {key: one for key, one in person.properties.items() if key not in told.get("$unset", [])}
    return sorted((sorted(one.ids), one.is_identified, one.properties) for one in people)


def found(project_id: int) -> list[tuple[list[str], bool, dict[str, Any]]]:
    listed = selectors.list_persons(project_id)
    return sorted((sorted(one.distinct_ids), one.is_identified, one.properties) for one in listed)


def told(heard: Sequence[Heard], cuts: list[int], chance: random.Random) -> int:
    """Resolve events in batches, each shuffled and some heard twice, by writers that remember more or less."""
    project_id = next(_projects)
    edges = [0, *sorted({cut % (len(heard) + 1) for cut in cuts}), len(heard)]
    for start, stop in itertools.pairwise(edges):
        batch = list(heard[start:stop])
        chance.shuffle(batch)
        for _ in range(chance.choice([1, 1, 2])):
            if chance.random() < 0.5:
                memory.forget()
            resolved(project_id, *batch)
    return project_id


def events() -> st.SearchStrategy[list[Heard]]:
    """Make histories of all that concerns persons, a second apart."""
    one = st.one_of(
        IDS.map(Heard),
        st.tuples(IDS, IDS, VALUES).map(lambda each: identify(each[0], each[1], told=each[2])),
        st.tuples(IDS, IDS).map(lambda each: alias(*each)),
        st.tuples(IDS, IDS).map(lambda each: merge(*each)),
        st.tuples(IDS, VALUES, VALUES, st.lists(st.sampled_from("xyz"), max_size=2)).map(
            lambda each: change(each[0], set=each[1], set_once=each[2], unset=each[3])
        ),
    )
    return st.lists(one, max_size=14).map(
        lambda made: [Heard(each.distinct_id, each.event, n, each.properties) for n, each in enumerate(made)]
    )


CUTS = st.lists(st.integers(0, 100), max_size=4)


@FEW
@given(events(), CUTS, st.randoms(use_true_random=False))
def test_resolve__batches_in_order__are_what_the_oracle_says(
    heard: list[Heard], cuts: list[int], chance: random.Random
) -> None:
    # When events come in batches, shuffled within and some of them twice
    project_id = told(heard, cuts, chance)

    # Then persons, ids and properties are as if they had come one by one
    assert found(project_id) == oracle(heard)


@FEW
@given(events(), CUTS, st.randoms(use_true_random=False))
def test_resolve__batches_in_any_order__leave_nobody_behind(
    heard: list[Heard], cuts: list[int], chance: random.Random
) -> None:
    # When events come in any order at all
    arrival = list(heard)
    chance.shuffle(arrival)
    project_id = told(arrival, cuts, chance)

    # Then every id leads to a person, every person has an id, and whoever had to be merged is
    places = dict(DistinctId.objects.filter(project_id=project_id).values_list("distinct_id", "person_id"))
    assert set(places.values()) == set(Person.objects.filter(project_id=project_id).values_list("pk", flat=True))
    assert {each.distinct_id for each in heard} <= set(places)
    for each in heard:
        ends = {each.distinct_id, each.properties.get("alias", each.distinct_id)}
        if each.event == "$merge_dangerously" and "null" not in ends:
            assert len({places[name] for name in ends}) == 1
