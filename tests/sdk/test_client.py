import gzip
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from baleen import Baleen


@dataclass
class Receiver:
    """A real HTTP server that answers as told and remembers the bodies."""

    answers: list[int] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for body in self.bodies for event in body["batch"]]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = gzip.decompress(self.rfile.read(int(self.headers["Content-Length"])))
            status = state.answers.pop(0) if state.answers else 200
            if status == 200:
                state.bodies.append(json.loads(body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def test_capture__several_events__arrive_in_order_with_their_fields(receiver: Receiver) -> None:
    # Given
    with Baleen("phc_test", receiver.url, flush_at=2) as baleen:
        # When
        for index in range(5):
            baleen.capture(f"step {index}", "ada", {"n": index}, timestamp=datetime(2026, 1, 1, tzinfo=UTC))
    # Then
    assert [event["event"] for event in receiver.events] == [f"step {index}" for index in range(5)]
    assert receiver.bodies[0]["api_key"] == "phc_test"
    first = receiver.events[0]
    assert first["distinct_id"] == "ada"
    assert first["timestamp"] == "2026-01-01T00:00:00+00:00"
    assert first["properties"] == {"n": 0, "$lib": "baleen-python"}
    assert len({event["uuid"] for event in receiver.events}) == 5


def test_delivery__server_says_503_then_200__batch_is_resent_once(receiver: Receiver) -> None:
    # Given
    receiver.answers = [503]
    # When
    with Baleen("phc_test", receiver.url) as baleen:
        baleen.capture("kept", "ada")
    # Then
    assert [event["event"] for event in receiver.events] == ["kept"]
    assert baleen.dropped == 0


def test_delivery__server_refuses_for_good__events_are_counted_as_dropped(receiver: Receiver) -> None:
    # Given
    receiver.answers = [401]
    # When
    with Baleen("phc_wrong", receiver.url) as baleen:
        baleen.capture("lost", "ada")
    # Then
    assert receiver.events == []
    assert baleen.dropped == 1


def test_capture__queue_is_full__drops_and_counts(receiver: Receiver) -> None:
    # Given a server that will not take anything soon
    receiver.answers = [503] * 100
    baleen = Baleen("phc_test", receiver.url, max_queue=3, flush_at=1)
    # When
    ids = [baleen.capture("event", "ada") for _ in range(20)]
    # Then
    assert ids.count(None) == baleen.dropped > 0
    baleen.shutdown(timeout=0.1)


def test_capture__odd_properties__never_raises(receiver: Receiver) -> None:
    # Given
    with Baleen("phc_test", receiver.url) as baleen:
        # When
        baleen.capture("odd", "ada", {"when": datetime(2026, 1, 1, tzinfo=UTC), "what": {1, 2}, "how": object})
    # Then
    assert receiver.events[0]["properties"]["when"] == "2026-01-01 00:00:00+00:00"


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_capture__after_fork__child_delivers_its_own_events(receiver: Receiver) -> None:
    # Given a client that has already started its thread
    baleen = Baleen("phc_test", receiver.url)
    baleen.capture("parent", "ada")
    baleen.flush()
    # When
    child = os.fork()
    if child == 0:
        baleen.capture("child", "ada")
        os._exit(0 if baleen.flush() else 1)
    _, status = os.waitpid(child, 0)
    # Then
    assert os.waitstatus_to_exitcode(status) == 0
    assert [event["event"] for event in receiver.events] == ["parent", "child"]
    baleen.shutdown()


def test_client__bad_host_or_key__says_so_at_once() -> None:
    with pytest.raises(ValueError, match="host must start with"):
        Baleen("phc_test", "baleen.example")
    with pytest.raises(ValueError, match="project_key is empty"):
        Baleen("")
