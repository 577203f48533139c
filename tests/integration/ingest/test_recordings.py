"""Session recordings: what pages send to /s/ is stored as it came, and read back byte for byte."""

import base64
import gzip
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import Project
from apps.clickhouse import client, purge
from apps.clickhouse.statement import Statement
from apps.ingest import log, recordings, services
from apps.ingest.contracts import Receipt
from apps.ingest.errors import InvalidEventError
from apps.ingest.insertion import Inserter
from apps.ingest.pipeline import Batch
from apps.ingest.protocols.encoding import Packed
from apps.ingest.valkey import connect
from tests.factories.accounts import ProjectFactory
from tests.live import Live

START = 1_795_330_000_000
# As the web SDK compresses a full snapshot: each character is one byte of gzip, NUL and all.
COMPRESSED = gzip.compress(b'{"node": {"type": 0}}' * 20, mtime=0).decode("latin-1")
DATA = json.dumps(
    [
        {"type": 4, "data": {"href": "https://otter.example", "width": 800, "height": 600}, "timestamp": START + 9},
        {"type": 2, "cv": "2024-10", "data": COMPRESSED, "timestamp": START},
        {"type": 3, "data": {"source": 5, "text": "a \u00fc \U0001f9a6"}, "timestamp": START + 70},
    ],
    separators=(", ", ":"),
    ensure_ascii=False,
)

Record = Callable[..., Receipt]


def snapshot(data: str = DATA, **properties: Any) -> str:  # noqa: ANN401 - any JSON value
    inside = json.dumps({"$session_id": "session-1", "$window_id": "window-1", "distinct_id": "ada"} | properties)
    return f'{{"event": "$snapshot", "offset": 5, "properties": {inside[:-1]}, "$snapshot_data": {data}}}}}'


def odd(properties: dict[str, Any]) -> dict[str, Any]:
    """Let mypy see that any value may stand there."""
    return properties


@pytest.fixture
def project(db: None, project_id: int) -> Project:
    return ProjectFactory.create(pk=project_id)


@pytest.fixture
def record(stack: object, project: Project) -> Record:
    """Give a way through the door and into ClickHouse, as a writer would have it."""

    def record(*snapshots: str, times: int = 1) -> Receipt:
        body = f'{{"api_key": "{project.api_token}", "batch": [{", ".join(snapshots)}]}}'
        receipt = Receipt(0, 0)
        for _ in range(times):
            receipt = services.record(services.Capture(Packed(gzip.compress(body.encode())), "/s/"))
        batch = Batch()
        for entry_id, fields in connect().xrevrange(log.STREAM, count=times):
            batch.add((entry_id.decode(), fields[log.FIELD]))
        batch.prepare()
        Inserter(threading.Event()).store(batch)
        return receipt

    return record


def test_recording__sent_compressed__comes_out_byte_for_byte(project: Project, record: Record) -> None:
    # When a snapshot with every kind of character goes in
    assert "\\u0000" in DATA
    receipt = record(snapshot())

    # Then it comes out as it went in, with what it says of itself
    assert receipt.accepted == 1
    [chunk] = recordings.list_chunks(project.pk, "session-1")
    assert chunk.data == DATA
    assert (chunk.window_id, chunk.distinct_id, chunk.source) == ("window-1", "ada", "web")
    assert (chunk.first_at.timestamp(), chunk.last_at.timestamp()) == (START / 1000, (START + 70) / 1000)


def test_recording__several_pieces_sent_twice__are_one_each_in_order(project: Project, record: Record) -> None:
    # Given pieces of one session, and one of another
    def piece(start: int) -> str:
        return f'[{{"type": 3, "timestamp": {START + start}}}]'

    # When a request with them is sent twice
    record(snapshot(piece(500)), snapshot(piece(0)), snapshot(piece(9), **odd({"$session_id": "session-2"})), times=2)

    # Then each is there once, the earlier first
    assert [chunk.data for chunk in recordings.list_chunks(project.pk, "session-1")] == [piece(0), piece(500)]
    assert len(recordings.list_chunks(project.pk, "session-2")) == 1
    assert recordings.list_chunks(project.pk + 1, "session-1") == []


def test_recording__single_object_of_a_phone__is_stored(project: Project, record: Record) -> None:
    # When a piece says less than it could
    record(snapshot('{"type": 4}', **odd({"$window_id": None, "$snapshot_source": "mobile"})))

    # Then the window is the session's, and its time that of its receipt
    [chunk] = recordings.list_chunks(project.pk, "session-1")
    assert (chunk.window_id, chunk.source, chunk.data) == ("session-1", "mobile", '{"type": 4}')
    assert chunk.first_at == chunk.last_at
    assert chunk.first_at.year >= 2026


BAD: list[tuple[str, str]] = [
    ("session_id_missing", snapshot(**odd({"$session_id": None}))),
    ("session_id_malformed", snapshot(**odd({"$session_id": "x" * 101}))),
    ("session_id_malformed", snapshot(**odd({"$session_id": 7}))),
    ("session_id_malformed", snapshot(**odd({"$window_id": ["w"]}))),
    ("snapshot_data_missing", snapshot("null")),
    ("snapshot_data_missing", '{"event": "$snapshot", "properties": {"$session_id": "s"}}'),
    ("snapshot_unreadable", snapshot('"text"')),
    ("snapshot_unreadable", snapshot("[7]")),
    ("properties_not_object", '{"event": "$snapshot", "properties": []}'),
    ("uuid_malformed", snapshot().replace('"offset": 5', '"uuid": "nobody"')),
    ("event_not_object", "7"),
]


@pytest.mark.parametrize(("code", "bad"), BAD, ids=[f"{number}-{code}" for number, (code, _) in enumerate(BAD)])
def test_recording__bad_piece__is_told_and_spares_its_neighbour(
    project: Project, record: Record, code: str, bad: str
) -> None:
    # When it comes alone, and beside a good one
    with pytest.raises(InvalidEventError) as caught:
        record(bad)
    receipt = record(snapshot(), bad)

    # Then its fault is named, and the good one is stored
    assert caught.value.code == code
    assert (receipt.accepted, receipt.rejected) == (1, 1)
    assert len(recordings.list_chunks(project.pk, "session-1")) == 1


def test_purge__of_a_project__erases_its_recordings(project: Project, record: Record) -> None:
    # Given a recording
    record(snapshot())

    # When the project's data is erased
    purge.purge_project(project.pk)

    # Then nothing of it is left
    statement = Statement(
        "SELECT count() FROM recording_chunks WHERE project_id = %(project_id)s", {"project_id": project.pk}
    )
    assert client.run(statement).rows[0][0] == 0


@pytest.mark.parametrize("path", ["/s", "/s/"])
@pytest.mark.parametrize("wrapping", ["gzip", "base64 form", "array"])
def test_s__as_pages_send_it__is_exactly_200(live: Live, path: str, wrapping: str) -> None:
    # Given a piece of a recording in each wrapping of the web SDK
    project = live.new_project()
    event: dict[str, Any] = json.loads(snapshot(token=project.token))
    bodies = {
        "gzip": gzip.compress(json.dumps({"api_key": project.token, "batch": [event]}).encode()),
        "base64 form": b"data=" + base64.b64encode(json.dumps(event).encode()).replace(b"+", b"%2B"),
        "array": json.dumps([event]).encode(),
    }

    # When it is sent
    answer = live.request(
        "POST",
        f"{path}?ver=1.418",
        bodies[wrapping],
        headers={"Origin": "https://otter.example", "Content-Type": "text/plain"},
    )

    # Then the answer is exactly what the SDK counts as success, and its page may read it
    assert (answer.status, answer.body) == (200, {"status": "Ok"})
    assert answer.headers["access-control-allow-origin"] == "https://otter.example"
