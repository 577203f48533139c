import threading
from collections.abc import Callable

import pytest

from apps.ingest.insertion import together


def test_together__several_jobs__run_at_the_same_time_in_order() -> None:
    # Given jobs that only end when all of them run
    meeting = threading.Barrier(3, timeout=10)

    def job(number: int) -> Callable[[], int]:
        def work() -> int:
            meeting.wait()
            return number

        return work

    # Then their results come in their order
    assert together([job(number) for number in range(3)]) == [0, 1, 2]


def test_together__one_fails__raises_it_after_the_others_ended() -> None:
    # Given a job that fails and one that takes longer
    ended = threading.Event()

    def fail() -> None:
        raise KeyError("no")

    def linger() -> None:
        threading.Event().wait(0.1)
        ended.set()

    # When they run
    with pytest.raises(KeyError):
        together([fail, linger])

    # Then nothing is still under way
    assert ended.is_set()


def test_together__nothing_to_do__gives_nothing() -> None:
    assert together([]) == []
