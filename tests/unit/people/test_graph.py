"""Merging: who stands for whom, what is refused, and that the outcome is one person however events are ordered."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.people.graph import MOST_BYTES, Graph, Key, PersonWarning
from apps.people.held import Change, values
from apps.people.legal import is_illegal

ADA, BEN, EVE, ZOE = ((1, name) for name in ("ada", "ben", "eve", "zoe"))
IDS = [(1, letter) for letter in "pqrstuvw"]


def shown(graph: Graph, key: Key) -> dict[str, bytes]:
    person = graph.find(key)
    assert person is not None
    return {name: bytes(value) for name, value in values(person.properties).items()}


def test_merge__neither_exists__makes_one_identified_person() -> None:
    # When
    graph = Graph()
    assert graph.merge(ADA, BEN, 5) is None

    # Then
    person = graph.find(BEN)
    assert person is not None
    assert graph.find(ADA) is person
    assert person.is_identified


@pytest.mark.parametrize("known", [ADA, BEN])
def test_merge__only_one_exists__the_other_id_joins_them(known: Key) -> None:
    # Given
    graph = Graph()
    person = graph.ensure(known, 1)

    # When
    assert graph.merge(ADA, BEN, 5) is None

    # Then nobody new was made
    assert graph.find(ADA) is graph.find(BEN) is person
    assert [one.id for one in graph.changed_persons()] == [person.id]


def test_merge__both_exist__target_takes_over_and_is_as_old_as_the_older() -> None:
    # Given
    graph = Graph()
    source, target = graph.ensure(ADA, 1), graph.ensure(BEN, 3)
    graph.update(source, Change("9", {"plan": b'"free"', "from": b'"ad"'}))
    graph.update(target, Change("1", {"plan": b'"pro"'}))

    # When
    graph.merge(ADA, BEN, 5)

    # Then
    assert graph.find(ADA) is target
    assert target.created_us == 1
    assert shown(graph, ADA) == {"plan": b'"pro"', "from": b'"ad"'}


def test_merge__source_is_identified__is_refused_unless_dangerous() -> None:
    # Given two identified persons
    graph = Graph()
    graph.merge(ADA, BEN, 1)
    graph.merge(EVE, ZOE, 1)

    # When / Then
    assert graph.merge(BEN, ZOE, 2) is PersonWarning.IDENTIFIED
    assert graph.find(BEN) is not graph.find(ZOE)
    assert graph.merge(BEN, ZOE, 3, dangerously=True) is None
    assert len({graph.find(key).id for key in (ADA, BEN, EVE, ZOE)}) == 1  # type: ignore[union-attr]


def test_merge__with_itself__does_nothing() -> None:
    # Given
    graph = Graph()
    graph.ensure(ADA, 1)

    # When
    assert graph.merge(ADA, ADA, 2) is None

    # Then it identifies nobody
    assert not graph.find(ADA).is_identified  # type: ignore[union-attr]


ILLEGAL = (
    *("anonymous", "GUEST", "distinct_id", "[object Object]", "NaN", "null", "0"),
    *('"undefined"', "'None'", "  ", "''"),
)


@pytest.mark.parametrize("name", ILLEGAL)
def test_merge__illegal_id_on_either_side__is_refused(name: str) -> None:
    # When / Then
    assert is_illegal(name)
    assert Graph().merge((1, name), ADA, 1) is PersonWarning.ILLEGAL
    assert Graph().merge(ADA, (1, name), 1) is PersonWarning.ILLEGAL


@pytest.mark.parametrize("name", ["nan", "nobody", "00", "Null", "true story", "user'"])
def test_illegal__ids_that_only_look_so__are_fine(name: str) -> None:
    assert not is_illegal(name)


PAIRS = st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)), max_size=12)


@given(PAIRS, st.randoms(use_true_random=False))
def test_merge__any_order__ends_in_the_same_persons(pairs: list[tuple[Key, Key]], chance: object) -> None:
    # Given merges that nobody may refuse, and an oracle that only knows which ids belong together
    together: list[set[Key]] = [{key} for key in IDS]
    for one, other in pairs:
        both = set().union(*(group for group in together if group & {one, other}))
        together = [group for group in together if not group & both] + [both]

    # When they come in another order, and again
    arrival = pairs + pairs
    chance.shuffle(arrival)  # type: ignore[attr-defined]
    graph = Graph()
    for key in IDS:
        graph.ensure(key, 0)
    for source, target in arrival:
        graph.merge(source, target, 1, dangerously=True)

    # Then
    for one, other in itertools.combinations(IDS, 2):
        is_one = any({one, other} <= group for group in together)
        assert (graph.find(one) is graph.find(other)) == is_one


def test_update__beyond_the_bound__changes_nothing() -> None:
    # Given someone with a lot to their name already
    graph = Graph()
    person = graph.ensure(ADA, 1)
    large = b'"' + b"x" * (MOST_BYTES // 2) + b'"'
    assert graph.update(person, Change("1", {"first": large})) is None

    # When
    refused = graph.update(person, Change("2", {"second": large, "plan": b"1"}))

    # Then the same may be said again, since it takes the same room
    assert refused is PersonWarning.TOO_LARGE
    assert list(shown(graph, ADA)) == ["first"]
    assert graph.update(person, Change("3", {"first": large})) is None
