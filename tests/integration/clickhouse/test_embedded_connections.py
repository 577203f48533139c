"""Who gets in, how many, and what happens to those who do not speak the protocol."""

import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import NetworkError, ServerException

from apps.clickhouse.embedded.testing import RunningServer, free_port, running_server, stop


def raw(server: RunningServer) -> socket.socket:
    """Open a bare socket to the server."""
    return socket.create_connection((server.host, server.port), 20)


def everything(sock: socket.socket) -> bytes:
    """Read until the server closes."""
    pieces = []
    while True:
        try:
            piece = sock.recv(65536)
        except ConnectionResetError:
            break
        if not piece:
            break
        pieces.append(piece)
    return b"".join(pieces)


def text(value: str) -> bytes:
    """Encode a short string of the protocol."""
    return bytes([len(value)]) + value.encode()


def hello(user: str = "ada", password: str = "s3cret", revision: int = 54453) -> bytes:  # noqa: S107 - made up
    """Encode the first packet of a client."""
    number = bytearray()
    while revision >= 0x80:
        number.append(revision & 0x7F | 0x80)
        revision >>= 7
    number.append(revision)
    return b"\x00" + text("test") + b"\x01\x01" + bytes(number) + text("shop") + text(user) + text(password)


@pytest.mark.parametrize(
    ("user", "password"),
    [("ada", "wrong"), ("ada", ""), ("eve", "s3cret"), ("", ""), ("ben", "s3cret"), ("ada", "s3cret ")],
)
def test_password__that_is_wrong__is_refused_as_clickhouse_does(
    connect: Callable[..., Client], user: str, password: str
) -> None:
    with pytest.raises(ServerException, match="Authentication failed") as caught:
        connect(user=user, password=password).execute("SELECT 1")

    assert caught.value.code == 516


def test_database__that_does_not_exist__is_refused(connect: Callable[..., Client]) -> None:
    with pytest.raises(ServerException) as caught:
        connect(database="absent").execute("SELECT 1")

    assert caught.value.code == 81


def test_ping__answers(client: Client) -> None:
    client.connection.force_connect()

    assert client.connection.ping() is True


def test_compression__asked_for__is_refused_with_a_sentence(embedded: RunningServer) -> None:
    # Given the bytes of a query with the compression flag set, and a compressed block after it
    query = b"\x01" + text("") + b"\x00" + text("") + text("") + b"\x02\x01" + text("SELECT 1")
    frame = b"\x02\x00" + os.urandom(16) + b"\x82" + struct.pack("<II", 20, 10) + os.urandom(11)

    # When
    with closing(raw(embedded)) as sock:
        sock.sendall(hello() + query + frame)
        answer = everything(sock)

    # Then
    assert b"Compression is not supported" in answer
    assert struct.pack("<i", 48) in answer


@pytest.mark.parametrize("seed", range(20))
def test_garbage__instead_of_a_greeting__ends_that_connection_only(
    embedded: RunningServer, client: Client, seed: int
) -> None:
    noise = random.Random(seed).randbytes(5000)  # noqa: S311 - repeatable noise, no secret
    with closing(raw(embedded)) as sock:
        sock.settimeout(20)
        try:
            sock.sendall(noise)
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        everything(sock)

    assert client.execute("SELECT 1") == [(1,)]


@pytest.mark.parametrize("seed", range(20))
def test_garbage__after_a_greeting__ends_that_connection_only(
    embedded: RunningServer, client: Client, seed: int
) -> None:
    generator = random.Random(seed)  # noqa: S311 - repeatable noise, no secret
    kind = bytes([generator.choice([1, 1, 1, 2, 5, 6, 77])])
    with closing(raw(embedded)) as sock:
        sock.settimeout(20)
        try:
            sock.sendall(hello() + kind + generator.randbytes(generator.randrange(3000)))
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        everything(sock)

    assert client.execute("SELECT 1") == [(1,)]


@pytest.mark.parametrize("cut", range(0, 60, 3))
def test_insert__cut_anywhere__leaves_nothing(
    embedded: RunningServer, client: Client, table: Callable[..., str], cut: int
) -> None:
    # Given the bytes of an insert of three rows
    name = table("a UInt8, b String")
    sql = f"INSERT INTO shop.{name} VALUES"
    query = b"\x01" + text("") + b"\x00" + text("") + text("") + b"\x02\x00" + text(sql)
    end = b"\x02\x00" + b"\x01\x00\x02\xff\xff\xff\xff\x00" + b"\x00\x00"
    block = b"\x02\x03" + text("a") + text("UInt8") + b"\x01\x02\x03" + text("b") + text("String") + text("x") * 3
    rows = b"\x02\x00" + b"\x01\x00\x02\xff\xff\xff\xff\x00" + block

    # When they end before the closing block does
    with closing(raw(embedded)) as sock:
        sock.sendall(hello() + query + end + (rows + end)[:cut])
        sock.shutdown(socket.SHUT_WR)
        everything(sock)

    # Then
    complete = len(rows + end) <= cut
    assert client.execute(f"SELECT count() FROM {name}") == [(3 if complete else 0,)]


def test_http__on_this_port__gets_a_sentence(embedded: RunningServer) -> None:
    with closing(raw(embedded)) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

        assert b"native protocol, not HTTP" in everything(sock)


def test_cluster_packets__are_refused(embedded: RunningServer) -> None:
    with closing(raw(embedded)) as sock:
        sock.sendall(hello() + b"\x05\x00")

        assert b"packet number 5 is not understood" in everything(sock)


def test_half_open_sockets__do_not_keep_clients_out(embedded: RunningServer, client: Client) -> None:
    silent = [raw(embedded) for _ in range(150)]
    try:
        assert client.execute("SELECT 1") == [(1,)]
    finally:
        for sock in silent:
            sock.close()


def test_connections__over_the_limit__are_refused_until_one_leaves(tmp_path: Path) -> None:
    with running_server(tmp_path, max_connections=2) as server:
        first, second, third = (Client(server.host, server.port) for _ in range(3))
        first.execute("SELECT 1")
        second.execute("SELECT 1")

        with pytest.raises(ServerException, match="Too many") as caught:
            third.execute("SELECT 1")
        assert caught.value.code == 202

        first.disconnect()
        deadline = time.monotonic() + 20
        while True:
            try:
                assert third.execute("SELECT 3") == [(3,)]
                break
            except ServerException:
                assert time.monotonic() < deadline
        second.disconnect()
        third.disconnect()


def test_client__of_a_restarted_server__reconnects(tmp_path: Path) -> None:
    port = free_port()
    client = Client("127.0.0.1", port)
    with running_server(tmp_path, port=port):
        client.execute("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
        client.execute("INSERT INTO t VALUES", [(1,)])

    with pytest.raises(NetworkError):
        client.execute("SELECT a FROM t")
    with running_server(tmp_path, port=port):
        assert client.execute("SELECT a FROM t") == [(1,)]
        client.disconnect()


def test_stop__with_statements_under_way__ends_them_and_the_process(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        # Given an idle client, and one whose statement never ends
        idle, busy = Client(server.host, server.port), Client(server.host, server.port)
        idle.execute("SELECT 1")
        errors: list[Exception] = []

        def ask() -> None:
            try:
                busy.execute("SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1")
            except Exception as exc:  # noqa: BLE001 - the test looks at it
                errors.append(exc)

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        while idle.execute("SELECT count() FROM system.processes") == [(1,)]:
            time.sleep(0.02)

        # When
        code = stop(server.process, 30)

        # Then the client is told, and the process ends by itself
        thread.join(20)
        assert code == 0
        assert isinstance(errors[0], ServerException)
        assert errors[0].code == 394
        idle.disconnect()


def test_stop__in_the_middle_of_an_insert__drops_it_and_ends_the_process(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        # Given a client that has sent half an insert and waits
        client = Client(server.host, server.port)
        client.execute("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
        client.connection.send_query("INSERT INTO t VALUES")
        client.connection.send_external_tables(None)
        client.receive_sample_block()

        # When
        code = stop(server.process, 30)

        # Then
        assert code == 0
        client.disconnect()
    with running_server(tmp_path, port=server.port) as server:
        assert client.execute("SELECT count() FROM t") == [(0,)]
        client.disconnect()


def test_start__of_a_reader_without_a_password__is_refused(tmp_path: Path) -> None:
    refused = start("--path", tmp_path, "--port", 0, "--reader", "ben")

    assert refused.returncode == 1
    assert "password of its own" in refused.stderr


def start(*arguments: object) -> "subprocess.CompletedProcess[str]":
    """Run the server's command until it ends by itself."""
    command = [sys.executable, "-m", "apps.clickhouse.embedded", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_start__on_a_path_in_use__is_refused_with_one_sentence(tmp_path: Path) -> None:
    with running_server(tmp_path):
        second = start("--path", tmp_path, "--port", free_port())

    assert second.returncode == 1
    assert second.stderr.splitlines() == [f"The ClickHouse directory {tmp_path} is in use by another process."]


def test_start__on_a_port_in_use__is_refused_with_one_sentence(embedded: RunningServer, tmp_path: Path) -> None:
    second = start("--path", tmp_path, "--port", embedded.port)

    assert second.returncode == 1
    assert second.stderr.splitlines() == [
        f"Port {embedded.port} on 127.0.0.1 cannot be used for ClickHouse: Address already in use."
    ]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org"])  # noqa: S104 - that is what is refused
def test_start__beyond_loopback__is_refused(tmp_path: Path, host: str) -> None:
    refused = start("--path", tmp_path, "--port", 0, "--host", host)

    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1


def test_start__in_a_place_that_cannot_be_written__is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    refused = start("--path", tmp_path / "file" / "below", "--port", 0)

    assert refused.returncode == 1
    assert "cannot be written" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_interrupt__at_the_keyboard__ends_the_process(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        server.process.send_signal(signal.SIGINT)

        assert server.process.wait(30) == 0
