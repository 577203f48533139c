"""The tether runs as a process of its own, so the tests run it as one."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from analytics.supervisor import tether
from tests.processes import wait_until

TETHER = [sys.executable, "-I", "-S", tether.__file__]
SLEEPER = "import time; print('running', flush=True); time.sleep(60)"


def _start(run_dir: Path, *arguments: str, code: str = SLEEPER, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*TETHER, "thing", str(run_dir), *arguments, "--", sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | environment,
        start_new_session=True,
    )


def test_tether__a_program_ends__keeps_its_exit_code(tmp_path: Path) -> None:
    # Given / When
    process = _start(tmp_path, code="raise SystemExit(7)")
    process.communicate(timeout=20)

    # Then
    assert process.returncode == 7


def test_tether__waits_for_a_file__starts_once_it_exists(tmp_path: Path) -> None:
    # Given
    marker = tmp_path / "marker"
    process = _start(tmp_path, "--wait-for", f"file:{marker}", code="print(open('/proc/self/cmdline').read())")
    wait_until((tmp_path / "thing.pid").read_text, what="the lock")
    assert process.poll() is None

    # When
    marker.touch()
    output, _ = process.communicate(timeout=20)

    # Then
    assert b"cmdline" in output
    assert process.returncode == 0


def test_tether__waits_for_a_port__starts_once_somebody_listens(tmp_path: Path) -> None:
    # Given
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        process = _start(tmp_path, "--wait-for", f"port:{port}", code="print('there')")
        wait_until((tmp_path / "thing.pid").read_text, what="the lock")
        assert process.poll() is None

        # When
        listener.listen()
        output, _ = process.communicate(timeout=20)

    # Then
    assert output == b"there\n"


def test_tether__program_left_by_an_earlier_supervisor__is_ended_first(tmp_path: Path) -> None:
    # Given
    earlier = _start(tmp_path)
    assert earlier.stdout is not None
    earlier.stdout.readline()

    # When
    later = _start(tmp_path, code="print('mine')")
    output, _ = later.communicate(timeout=30)

    # Then
    earlier.communicate(timeout=20)
    assert earlier.returncode == -signal.SIGTERM
    assert f"pid {earlier.pid}".encode() in output
    assert output.endswith(b"mine\n")


def test_tether__owner_is_dead_but_its_child_lives__the_group_is_killed(tmp_path: Path) -> None:
    # Given a child of the program that holds the lock though the program itself was killed.
    nested = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], close_fds=False)"
    earlier = _start(tmp_path, code=f"import subprocess, sys; print({nested}.pid, flush=True); input()")
    assert earlier.stdout is not None
    child = int(earlier.stdout.readline())
    earlier.kill()
    earlier.wait()
    assert _is_alive(child)

    # When
    later = _start(tmp_path, code="print('mine')")
    output, _ = later.communicate(timeout=40)

    # Then
    earlier.communicate()
    assert output.endswith(b"mine\n")
    wait_until(lambda: not _is_alive(child), what="the child's end")


def test_tether__supervisor_is_another_process__refuses_to_start(tmp_path: Path) -> None:
    # Given a supervisor that died between fork and exec: the parent is somebody else by now.
    process = _start(tmp_path, code="print('never')", BALEEN_SUPERVISOR_PID="1")

    # When
    output, errors = process.communicate(timeout=20)

    # Then
    assert process.returncode == 1
    assert output == b""
    assert b"supervisor is gone" in errors


def test_tether__lock__is_held_as_long_as_the_program_runs(tmp_path: Path) -> None:
    # Given
    process = _start(tmp_path)
    assert process.stdout is not None
    process.stdout.readline()
    with (tmp_path / "thing.pid").open() as file:
        # When / Then
        assert not tether.try_lock(file.fileno())
        assert file.read() == str(process.pid)
        process.kill()
        process.communicate()
        assert tether.try_lock(file.fileno())
        fcntl.flock(file, fcntl.LOCK_UN)


def _is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1]
    except FileNotFoundError:
        return False
