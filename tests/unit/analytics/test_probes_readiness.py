import threading
import time
from collections.abc import Iterator

import pytest

from analytics.probes.readiness import Inspector, State


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_inspect__everything_answers__gives_each_detail() -> None:
    # Given
    inspector = Inspector({"database": lambda: "SQLite", "writer": lambda: "1 running"})

    # When
    states = inspector.inspect()

    # Then
    assert states == {"database": State("ok", "SQLite"), "writer": State("ok", "1 running")}


def test_inspect__one_raises__only_that_one_fails_with_its_reason() -> None:
    # Given
    def broken() -> str:
        raise ConnectionError("refused" * 100)

    # When
    states = Inspector({"clickhouse": broken, "database": lambda: "fine"}).inspect()

    # Then
    assert states["database"].is_ok
    assert states["clickhouse"].status == "failing"
    assert states["clickhouse"].detail.startswith("refused")
    assert len(states["clickhouse"].detail) == 200


def test_inspect__exception_without_a_message__names_its_kind() -> None:
    # Given
    def broken() -> str:
        raise TimeoutError

    # When / Then
    assert Inspector({"it": broken}).inspect()["it"].detail == "TimeoutError"


def test_inspect__one_hangs__answers_all_the_same(gate: threading.Event) -> None:
    # Given
    def hang() -> str:
        gate.wait(60)
        return "at last"

    inspector = Inspector({"clickhouse": hang, "database": lambda: "fine"}, wait_seconds=0.2)

    # When
    states = inspector.inspect()

    # Then
    assert states["database"].is_ok
    assert states["clickhouse"] == State("failing", "no answer within 0.2 s")


def test_inspect__asked_often_while_one_hangs__holds_one_thread(gate: threading.Event) -> None:
    # Given
    calls: list[float] = []

    def hang() -> str:
        calls.append(time.monotonic())
        gate.wait(60)
        return "at last"

    inspector = Inspector({"clickhouse": hang}, wait_seconds=0.05)

    # When
    for _ in range(5):
        inspector.inspect()

    # Then
    assert len(calls) == 1
    gate.set()
    inspector.wait_seconds = 30
    assert inspector.inspect()["clickhouse"].is_ok
