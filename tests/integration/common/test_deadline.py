"""The deadline for request bodies, under the real server: nobody holds a thread for longer."""

import contextlib
import http.client
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.common.late import THREADS
from tests.processes import free_port, start, stop, wait_until


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve the little application with few threads."""
    chosen = free_port()
    log = tmp_path_factory.mktemp("late") / "granian.log"
    process = start(
        *(Path(".venv/bin/python"), "-m", "granian", "--interface=wsgi", "tests.integration.common.late:application"),
        *(f"--port={chosen}", f"--blocking-threads={THREADS}", "--no-ws"),
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "analytics.settings_test"},
        log=log,
    )
    wait_until(lambda: ask(chosen) == (200, b"3"), what=f"granian ({log})")
    yield chosen
    stop(process)


def ask(port: int, body: bytes = b"abc", path: str = "/") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(connection):
        connection.request("POST", path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()


def unfinished(port: int, head: bytes = b"Content-Length: 100") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(b"POST / HTTP/1.1\r\nHost: otter\r\n" + head + b"\r\n\r\n")
    return connection


def answer_of(connection: socket.socket) -> bytes:
    with connection, contextlib.suppress(ConnectionResetError):
        return connection.recv(65_536)
    return b""


@pytest.mark.parametrize("head", [b"Content-Length: 100", b"Transfer-Encoding: chunked"])
def test_body__that_never_comes__is_408(port: int, head: bytes) -> None:
    # When a sender stops before the end of its body
    answer = answer_of(unfinished(port, head))

    # Then it is told so, and not what the application made of half a body
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"body_timeout"' in answer


def test_bodies__that_never_come__leave_threads_and_end(port: int) -> None:
    # Given more senders that never finish than there are threads
    senders = [unfinished(port) for _ in range(2 * THREADS)]

    # When someone asks without a body
    # Then that is answered while they hang
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as probe:
        probe.request("GET", "/")
        assert probe.getresponse().read() == b"0"

    # And they are all told, and bodies taken again
    answers = [answer_of(sender) for sender in senders]
    assert {answer[9:12] for answer in answers} == {b"408", b"503"}
    assert all(b"Retry-After" in answer or b"retry-after" in answer for answer in answers if answer[9:12] == b"503")
    wait_until(lambda: ask(port) == (200, b"3"), what="an answer")


def test_bodies__fed_a_byte_now_and_then__end_too(port: int) -> None:
    # Given a sender that goes on for as long as it is listened to
    sender = unfinished(port, b"Content-Length: 1000")
    sender.settimeout(0)

    # When it feeds the server byte by byte
    def is_over() -> bool:
        try:
            sender.send(b"x")
            return sender.recv(1_000) is not None
        except BlockingIOError:
            return False
        except OSError:
            return True

    # Then that has an end
    wait_until(is_over, what="the end of a body that drips")
    sender.close()
    assert ask(port) == (200, b"3")


def test_body__large_but_on_its_way__is_read_whole(port: int) -> None:
    # Given a body that takes longer than the deadline but keeps coming
    size, steps = 400_000, 20
    sender = unfinished(port, b"Content-Length: %d" % size)

    # When it arrives in pieces
    for _ in range(steps):
        sender.sendall(b"x" * (size // steps))
        time.sleep(0.1)

    # Then it is taken
    assert answer_of(sender).endswith(b"\r\n\r\n400000")


def test_neighbours__of_a_late_body__are_left_alone(port: int) -> None:
    # Given a sender that never finishes, and one from the same address that is busy
    late = unfinished(port)
    busy = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    # When the late one is cut off
    for _ in range(20):
        busy.request("POST", "/", b"abcd")
        assert busy.getresponse().read() == b"4"
        time.sleep(0.1)

    # Then the other never noticed
    busy.close()
    assert b" 408 " in answer_of(late)
