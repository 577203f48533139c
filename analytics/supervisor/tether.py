"""Start one program so that it can neither outlive its supervisor nor run twice.

Run by path as `python -I -S tether.py NAME RUN_DIR [--wait-for WHAT]... -- COMMAND...`, it

1. asks the kernel to end the program when the supervisor dies, however it dies (Linux; prctl(2), PR_SET_PDEATHSIG);
2. takes the lock `RUN_DIR/NAME.pid`, ending the owner left by an earlier supervisor; the lock lives as long as the
   program does, since it is inherited through exec;
3. waits for files to exist or loopback ports to answer (`file:PATH`, `port:NUMBER`), then becomes the program.

Standard library only, a few milliseconds, and nothing of it remains in memory after exec.
"""

import ctypes
import fcntl
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1
GRACE_SECONDS = 10.0
PAUSE_SECONDS = 0.05


def say(message: str) -> None:
    """Write one line to where the program's own lines go."""
    sys.stdout.write(f"{message}\n")
    sys.stdout.flush()


def die_with_parent() -> None:
    """End this process when its supervisor ends; where the kernel cannot, the lock does at the next start."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    supervisor = os.environ.get("BALEEN_SUPERVISOR_PID")
    if supervisor and os.getppid() != int(supervisor):
        raise SystemExit("The supervisor is gone.")


def try_lock(descriptor: int) -> bool:
    """Take the lock if it is free."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def locks_within(descriptor: int, seconds: float) -> bool:
    """Wait for the lock."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if try_lock(descriptor):
            return True
        time.sleep(PAUSE_SECONDS)
    return try_lock(descriptor)


def ask_to_end(pid: int) -> bool:
    """Send SIGTERM; False when nobody is there to hear it."""
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return False
    return True


def obtain(name: str, path: Path, descriptor: int) -> None:
    """Get the lock, first ending a program that an earlier supervisor left behind with it."""
    if try_lock(descriptor):
        return
    owner = int(path.read_text() or "0")
    if owner > 1:
        say(f"An earlier {name} (pid {owner}) still runs; ending it.")
        if not locks_within(descriptor, GRACE_SECONDS if ask_to_end(owner) else 0):
            with suppress(ProcessLookupError):
                # The program leads a process group of its own: its children go with it.
                os.killpg(owner, signal.SIGKILL)
    if not locks_within(descriptor, GRACE_SECONDS):
        raise SystemExit(f"Another {name} holds {path} and does not end.")


def own(descriptor: int) -> None:
    """Sign the lock with our process id and keep it through exec."""
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    os.set_inheritable(descriptor, True)  # noqa: FBT003 - the function takes no keyword


def is_there(what: str) -> bool:
    """Tell whether a `file:` exists or a `port:` answers."""
    kind, _, value = what.partition(":")
    if kind == "file":
        return Path(value).exists()
    try:
        socket.create_connection(("127.0.0.1", int(value)), timeout=1).close()
    except OSError:
        return False
    return True


def main(arguments: list[str]) -> None:
    """Do the three steps, then become the program."""
    split = arguments.index("--")
    (name, run_dir, *waits), command = arguments[:split], arguments[split + 1 :]
    die_with_parent()
    path = Path(run_dir) / f"{name}.pid"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    obtain(name, path, descriptor)
    own(descriptor)
    for what in waits:
        if what != "--wait-for":
            while not is_there(what):
                time.sleep(PAUSE_SECONDS)
    os.execvp(command[0], command)  # noqa: S606 - becoming the program is the point, no shell is involved


if __name__ == "__main__":
    main(sys.argv[1:])
