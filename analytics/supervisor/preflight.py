"""What can be known to fail before anything starts, each said in one sentence."""

import errno
import fcntl
import os
import shutil
import socket
from collections.abc import Iterable
from pathlib import Path

from analytics.supervisor import tether

NEEDED_FREE_BYTES = 256 * 1024 * 1024

MAX_PORT = 65_535


class PreflightError(Exception):
    """The stack cannot start; the message is one sentence for the operator."""


def claim(run_dir: Path) -> int:
    """Take the data directory for this supervisor and give the descriptor that holds it."""
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(run_dir / "up.pid", os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError as exc:
        raise PreflightError(f"Cannot write to the data directory {run_dir.parent}: permission denied.") from exc
    except OSError as exc:
        raise PreflightError(f"Cannot use the data directory {run_dir.parent}: {exc.strerror}.") from exc
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        owner = os.pread(descriptor, 20, 0).decode() or "unknown"
        os.close(descriptor)
        raise PreflightError(
            f"Another `manage.py up` (pid {owner}) already runs on the data directory {run_dir.parent}; "
            "stop it or choose another BALEEN_DATA_DIR."
        ) from exc
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor


def check_port(host: str, port: int) -> None:
    """Refuse a port that somebody else listens on, and what is no port or host."""
    if not 1 <= port <= MAX_PORT:
        raise PreflightError(f"{port} is no port; choose one from 1 to {MAX_PORT} with --port or BALEEN_PORT.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as exc:
        raise PreflightError(f"{host!r} is no address of this machine; choose another with --host.") from exc
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                reason = f"Port {port} is already in use"
            elif exc.errno == errno.EACCES:
                reason = f"Port {port} may only be opened by root"
            else:
                reason = f"Cannot listen on {host}:{port} ({exc.strerror})"
            raise PreflightError(f"{reason}; choose another with --port or BALEEN_PORT.") from exc


def end_leftovers(names: Iterable[str], run_dir: Path) -> None:
    """End what a killed supervisor left running, so that it holds neither data nor ports."""
    for name in names:
        path = run_dir / f"{name}.pid"
        if path.exists():
            descriptor = os.open(path, os.O_RDWR)
            tether.obtain(name, path, descriptor)
            os.close(descriptor)


def check_store(name: str, port: int, run_dir: Path) -> None:
    """Refuse when a stranger listens where an embedded store must."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as exc:
            raise PreflightError(
                f"Port {port}, where this instance keeps its {name}, is used by another program; stop that program or "
                f"write another {name}_port into {run_dir.parent / 'instance.json'}."
            ) from exc


def check_disk(data_dir: Path) -> None:
    """Refuse to start on a disk so full that the event log could not be written."""
    free = shutil.disk_usage(data_dir).free
    if free < NEEDED_FREE_BYTES:
        raise PreflightError(
            f"Only {free // 2**20} MB are free for the data directory {data_dir}; make room for at least "
            f"{NEEDED_FREE_BYTES // 2**20} MB."
        )
