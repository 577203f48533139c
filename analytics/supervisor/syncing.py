"""Puts the event log on disk once a second, instead of Valkey's own `appendfsync everysec`.

While its own sync is slow, Valkey answers without having written at all, for up to two seconds (`flushAppendOnlyFile`
in its aof.c): a kill -9 then loses what was acknowledged. With `appendfsync no` it hands every command to the system
before it answers, which only a failing machine can lose, and at most the last second of it: that part is done here.
"""

import contextlib
import os
import threading
import time
from pathlib import Path
from typing import Final

PERIOD_SECONDS: Final = 1.0


def sync(directory: Path) -> int:
    """Put the append-only files in a directory on disk and give their number; there are two while one is rewritten."""
    done = 0
    for path in directory.glob("*.incr.aof"):
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fdatasync(descriptor) if hasattr(os, "fdatasync") else os.fsync(descriptor)
            finally:
                os.close(descriptor)
            done += 1
    return done


def start(directory: Path) -> threading.Thread:
    """Keep doing that for as long as this process lives."""
    thread = threading.Thread(target=_run, args=(directory,), name="syncing", daemon=True)
    thread.start()
    return thread


def _run(directory: Path) -> None:
    while True:
        # What the disk refuses, Valkey hears too when it writes, and says so in its readiness.
        with contextlib.suppress(OSError):
            sync(directory)
        time.sleep(PERIOD_SECONDS)
