import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from analytics.supervisor import preflight


def test_claim__directory_is_free__notes_our_pid(tmp_path: Path) -> None:
    # Given / When
    descriptor = preflight.claim(tmp_path / "run")

    # Then
    assert (tmp_path / "run" / "up.pid").read_text() == str(os.getpid())
    os.close(descriptor)


def test_claim__another_supervisor_holds_it__names_its_pid(tmp_path: Path) -> None:
    # Given
    descriptor = preflight.claim(tmp_path)

    # When
    with pytest.raises(preflight.PreflightError, match=f"pid {os.getpid()}.*already runs"):
        preflight.claim(tmp_path)

    # Then
    os.close(descriptor)
    os.close(preflight.claim(tmp_path))


def test_claim__data_directory_is_a_file__says_so(tmp_path: Path) -> None:
    # Given
    (tmp_path / "data").touch()

    # When / Then
    with pytest.raises(preflight.PreflightError, match="Cannot use the data directory"):
        preflight.claim(tmp_path / "data" / "run")


def test_check_port__somebody_listens__names_port_and_flag() -> None:
    # Given
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        # When / Then
        with pytest.raises(preflight.PreflightError, match=f"Port {port} is already in use.*--port"):
            preflight.check_port("127.0.0.1", port)


@pytest.mark.parametrize("port", [0, -1, 65_536, 99_999])
def test_check_port__number_that_is_no_port__names_the_flag(port: int) -> None:
    with pytest.raises(preflight.PreflightError, match=f"{port} is no port.*--port"):
        preflight.check_port("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a" * 300, "..."])
def test_check_port__host_nobody_knows__names_the_flag(host: str) -> None:
    with pytest.raises(preflight.PreflightError, match=r"no address.*--host"):
        preflight.check_port(host, 8000)


def test_check_port__address_of_another_machine__says_it_cannot_listen() -> None:
    # Given an address reserved for documentation, which no machine has.
    # When / Then
    with pytest.raises(preflight.PreflightError, match=r"Cannot listen on 192\.0\.2\.1"):
        preflight.check_port("192.0.2.1", 8000)


def test_check_disk__nearly_full__says_how_much_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a need no disk can meet, since filling a real one would harm its neighbours.
    monkeypatch.setattr(preflight, "NEEDED_FREE_BYTES", 2**60)

    # When / Then
    with pytest.raises(preflight.PreflightError, match="make room"):
        preflight.check_disk(tmp_path)


def test_check_store__a_stranger_listens__names_port_and_file(tmp_path: Path) -> None:
    # Given
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        # When / Then
        with pytest.raises(preflight.PreflightError, match=f"Port {port}.*valkey.*instance.json"):
            preflight.check_store("valkey", port, tmp_path / "run")


def test_end_leftovers__a_killed_supervisor_left_a_program__ends_it(tmp_path: Path) -> None:
    # Given a program that listens and holds its lock, as a tethered one does.
    code = (
        "import fcntl, os, socket, sys, time; lock = open(sys.argv[1], 'w'); fcntl.flock(lock, fcntl.LOCK_EX)\n"
        "lock.write(str(os.getpid())); lock.flush(); s = socket.create_server(('127.0.0.1', 0))\n"
        "print(s.getsockname()[1], flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "web.pid")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as left:
        assert left.stdout is not None
        port = int(left.stdout.readline())
        with pytest.raises(preflight.PreflightError):
            preflight.check_port("127.0.0.1", port)

        # When
        preflight.end_leftovers(["welcome", "web"], tmp_path)

        # Then
        preflight.check_port("127.0.0.1", port)
        assert left.wait(10) == -signal.SIGTERM
