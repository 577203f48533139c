import fcntl
import os
import socket
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


def test_check_store__our_own_store_was_left_running__is_left_to_the_tether(tmp_path: Path) -> None:
    # Given
    with (tmp_path / "valkey.pid").open("w") as lock, socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        fcntl.flock(lock, fcntl.LOCK_EX)

        # When / Then
        preflight.check_store("valkey", port, tmp_path)

        # And once the lock is free, whoever listens is a stranger.
        fcntl.flock(lock, fcntl.LOCK_UN)
        with pytest.raises(preflight.PreflightError):
            preflight.check_store("valkey", port, tmp_path)
