"""Uploads that never finish, against everything running: the others are still served."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from tests.live import Live, LiveProject

COUNT = 100
"""Three times the threads of a web process."""


@pytest.fixture
def project(live: Live) -> LiveProject:
    return live.new_project()


@pytest.fixture
def uploads(live: Live, project: LiveProject) -> Iterator[list[socket.socket]]:
    """Hold so many uploads open that stop after a few bytes; the project was made before, which is an upload too."""
    assert project.token
    url = urlsplit(live.url)
    with ExitStack() as stack:
        held = []
        for _ in range(COUNT):
            connection = socket.create_connection((url.hostname, url.port), timeout=20)
            held.append(stack.enter_context(connection))
            connection.sendall(b"POST /batch/ HTTP/1.1\r\nHost: otter\r\nContent-Length: 100000\r\n\r\n{")
        yield held


@pytest.mark.usefixtures("uploads")
def test_unfinished_uploads__hang__probes_and_senders_get_answers(live: Live, project: LiveProject) -> None:
    # When others come while they hang
    health = [live.get("/_health").status for _ in range(10)]
    answers = [project.capture({"event": "a", "distinct_id": "ada"}) for _ in range(10)]

    # Then probes are answered
    assert health == [200] * 10
    # And events are taken, or their sender is told when to come back
    assert {answer.status for answer in answers} <= {200, 503}
    for answer in answers:
        if answer.status == 503:
            assert answer.body["code"] == "too_many_slow_bodies"
            assert int({name.lower(): value for name, value in answer.headers.items()}["retry-after"]) > 0


def test_unfinished_uploads__beyond_the_bound__are_told_so(uploads: list[socket.socket]) -> None:
    # When one looks at what became of them
    told = []
    for connection in uploads:
        connection.settimeout(0.05)
        try:
            told.append(connection.recv(65_536))
        except TimeoutError:
            continue

    # Then most were told to come back, and none was dropped without a word
    assert len(told) > COUNT // 2
    assert all(answer.startswith(b"HTTP/1.1 503") and b"too_many_slow_bodies" in answer for answer in told)
