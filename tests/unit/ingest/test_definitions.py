import threading

import pytest

from apps.catalog.contracts import Scope
from apps.catalog.errors import CatalogBusyError
from apps.catalog.sightings import Known
from apps.ingest import definitions
from apps.ingest.definitions import Loader

KNOWN = Known({"asked"}, {(Scope.EVENT, "a")})


def test_loader__names_come__gives_them() -> None:
    assert Loader(lambda _: KNOWN)(1) is KNOWN


def test_loader__clickhouse_away__gives_nothing_and_rests() -> None:
    # Given
    asked: list[int] = []

    def load(project_id: int) -> Known:
        asked.append(project_id)
        raise CatalogBusyError("away")

    loader = Loader(load)

    # When / Then only the first of many projects asks
    assert [loader(project_id) for project_id in range(5)] == [None] * 5
    assert asked == [0]


def test_loader__clickhouse_hangs__the_writer_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a question that gets no answer
    monkeypatch.setattr(definitions, "LOAD_SECONDS", 0.01)
    hangs = threading.Event()

    def load(_: int) -> Known:
        hangs.wait(10)
        return KNOWN

    loader = Loader(load)

    # When / Then
    assert loader(1) is None
    hangs.set()
    assert loader(2) is None, "it rests before it asks again"
