"""Properties in the order of the events' times: against a naive oracle that applies changes one by one."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from apps.people.held import Change, Properties, changed, decode, encode, overlaid, stamp, values


@dataclass(frozen=True)
class Said:
    """One change in the terms of the oracle."""

    when: int
    number: int
    set: dict[str, int]
    once: dict[str, int]
    unset: tuple[str, ...]

    @property
    def change(self) -> Change:
        as_text = {key: str(value).encode() for key, value in self.set.items()}
        once = {key: str(value).encode() for key, value in self.once.items()}
        return Change(stamp(self.when, f"{self.number:032x}"), as_text, once, self.unset)


def oracle(said: Sequence[Said]) -> dict[str, int]:
    """Apply changes in the order of their times, as someone would who saw them happen."""
    person: dict[str, int] = {}
    for one in sorted(said, key=lambda each: (each.when, each.number)):
        for key, value in one.once.items():
            if key not in one.set:
                person.setdefault(key, value)
        person.update(one.set)
        for key in one.unset:
            person.pop(key, None)
    return person


def told(said: Sequence[Said], before: Properties | None = None) -> Properties:
    properties: Properties = before or {}
    for one in said:
        properties = changed(properties, one.change)
    return properties


def shown(properties: Properties) -> dict[str, int]:
    return {key: int(bytes(value)) for key, value in values(properties).items()}


KEYS = st.sampled_from("abc")
VALUES = st.integers(0, 5)


def sayings(*, sets: bool = True, onces: bool = True, unsets: bool = True) -> st.SearchStrategy[list[Said]]:
    """Make histories; a number tells changes of one moment apart."""
    some = st.dictionaries(KEYS, VALUES, max_size=3)
    one = st.tuples(
        st.integers(0, 8),
        some if sets else st.just({}),
        some if onces else st.just({}),
        st.lists(KEYS, max_size=2).map(tuple) if unsets else st.just(()),
    )
    return st.lists(one, max_size=9).map(lambda found: [Said(each[0], n, *each[1:]) for n, each in enumerate(found)])


@given(sayings())
def test_changed__in_order_of_time__is_what_the_oracle_says(said: list[Said]) -> None:
    # When the changes come as they happened
    in_order = sorted(said, key=lambda each: (each.when, each.number))

    # Then sets, set-onces and unsets do what their names say
    assert shown(told(in_order)) == oracle(said)


@given(sayings(unsets=False), st.randoms(use_true_random=False))
def test_changed__sets_in_any_order__is_what_the_oracle_says(said: list[Said], chance: random.Random) -> None:
    # When set and set-once arrive in any order, and some of them again
    arrival = said + said[: len(said) // 2]
    chance.shuffle(arrival)

    # Then the latest set and the earliest set-once hold
    assert shown(told(arrival)) == oracle(said)


@given(sayings(onces=False), st.randoms(use_true_random=False))
def test_changed__sets_and_unsets_in_any_order__is_what_the_oracle_says(
    said: list[Said], chance: random.Random
) -> None:
    # When they arrive in any order, and some of them again
    arrival = said + said[: len(said) // 2]
    chance.shuffle(arrival)

    # Then a late unset takes away only what was older, and leaves what was newer
    assert shown(told(arrival)) == oracle(said)


@given(sayings(), st.randoms(use_true_random=False))
def test_changed__late_unset__at_worst_leaves_the_key_empty(said: list[Said], chance: random.Random) -> None:
    # Given everything in any order
    arrival = list(said)
    chance.shuffle(arrival)

    # When a set-once that was passed over is missed after a late unset
    got, expected = shown(told(arrival)), oracle(said)

    # Then no key has a wrong value: what is there is as the oracle says, or a set-once of after the unset
    for key in got.keys() | expected.keys():
        given_once = [one.once[key] for one in said if key in one.once and key not in one.set]
        assert got.get(key) == expected.get(key) or got.get(key) in {None, *given_once}


@given(sayings())
def test_changed__same_again__is_the_same_object(said: list[Said]) -> None:
    # Given what has been told
    properties = told(sorted(said, key=lambda each: (each.when, each.number)))

    # When any of it is told again
    # Then nothing is new, so nothing would be written
    assert all(changed(properties, one.change) is properties for one in said)


@given(sayings())
def test_encode__read_back__goes_on_as_before(said: list[Said]) -> None:
    # Given a history cut in two by a trip to the database
    first, second = said[: len(said) // 2], said[len(said) // 2 :]

    # When it is read back and goes on
    resumed = told(second, decode(*encode(told(first))))

    # Then it remembers all it needs
    assert resumed == told(said)


def test_changed__set_and_set_once_and_unset_in_one_event__unset_wins_then_set() -> None:
    # When one event says it all
    change = Change("1", {"a": b"1", "b": b"1"}, {"a": b"2", "c": b"2", "d": b"2"}, ("b", "d"))

    # Then
    assert shown(changed({}, change)) == {"a": 1, "c": 2}


def test_overlaid__both_have_a_key__the_target_holds() -> None:
    # Given a source that is newer, a key only it has, and one the target has unset
    source = told([Said(9, 1, {"a": 1, "b": 2, "c": 3}, {}, ())])
    target = told([Said(1, 2, {"a": 5}, {}, ()), Said(2, 3, {}, {}, ("c",))])

    # Then
    assert shown(overlaid(source, target)) == {"a": 5, "b": 2, "c": 3}


@given(sayings(), sayings())
def test_overlaid__all_that_led_there_again__changes_nothing(first: list[Said], second: list[Said]) -> None:
    # Given two persons, and the one they become
    for number, one in enumerate([*first, *second]):
        object.__setattr__(one, "number", number)
    orders = [sorted(said, key=lambda each: (each.when, each.number)) for said in (first, second)]
    together = overlaid(told(orders[0]), told(orders[1]))

    # When the events of both are delivered again
    again = told(sorted([*first, *second], key=lambda each: (each.when, each.number)), together)

    # Then
    assert shown(again) == shown(together)
    assert shown(together) == {**oracle(first), **oracle(second)}


def test_stamp__orders_by_time_then_id() -> None:
    # Given stamps in the order they should have
    ids = ["00000000-0000-4000-8000-000000000001", "ffffffff-0000-4000-8000-000000000000"]
    stamps = [stamp(when, uid) for when, uid in itertools.product((9, 10, 1_700_000_000_000_000), ids)]

    # Then
    assert stamps == sorted(stamps)
    assert len(set(map(len, stamps))) == 1
