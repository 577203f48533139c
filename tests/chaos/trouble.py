"""What goes wrong, at random: processes are killed or hang, and the disk is full for a while."""

import random
import shutil
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.chaos.stack import WRITER_TIMEOUT, Stack

PIECE = bytes(1 << 20)
MEAN_PAUSE = 3.0
FULL_SECONDS = 8.0


@dataclass
class Trouble:
    """Makes trouble for a running stack until told to stop, always the same for the same seed."""

    stack: Stack
    chance: random.Random
    seconds: float
    done: Counter[str] = field(default_factory=Counter)
    story: list[str] = field(default_factory=list)

    def make(self) -> None:
        """Make trouble for so many seconds; the disk fills half way through."""
        started = time.monotonic()
        is_filled = not self.stack.is_small
        victims = self._victims()
        while (passed := time.monotonic() - started) < self.seconds:
            if not is_filled and passed >= self.seconds / 2:
                self._fill_disk()
                is_filled = True
                continue
            victim = self.chance.choice(victims)
            if victim != "valkey" and self.chance.random() < 0.2:
                self._hang(victim)
            else:
                self._kill(victim)
            time.sleep(self.chance.expovariate(1 / MEAN_PAUSE))

    def _victims(self) -> list[str]:
        writers = sorted(path.stem for path in (self.stack.data_dir / "run").glob("writer*.pid"))
        # As often as they matter: what holds events, then what moves them.
        return ["valkey", "clickhouse", "web", *writers, "valkey", "clickhouse", *writers, "worker"]

    def _kill(self, name: str) -> None:
        if self.stack.signal(name, signal.SIGKILL):
            self._note(f"killed {name}")

    def _hang(self, name: str) -> None:
        """Let a process stand still, now and then for longer than a writer is waited for."""
        if not self.stack.signal(name, signal.SIGSTOP):
            return
        seconds = self.chance.uniform(0.5, WRITER_TIMEOUT + 4)
        self._note(f"paused {name}", f"for {seconds:.1f} s")
        threading.Timer(seconds, self.stack.signal, (name, signal.SIGCONT)).start()

    def _fill_disk(self) -> None:
        """Take the last byte, kill what holds events while there is none, then make room again."""
        filler = self.stack.data_dir / "filler"
        self._note("filled the disk")
        end = time.monotonic() + FULL_SECONDS
        with filler.open("wb", buffering=0) as file:
            while time.monotonic() < end:
                _write_all(file)
                time.sleep(0.05)
                if self.chance.random() < 0.02:
                    self._kill(self.chance.choice(["valkey", "clickhouse", "writer"]))
        filler.unlink()
        self._note("made room", f"{shutil.disk_usage(self.stack.data_dir).free >> 20} MB")

    def _note(self, what: str, more: str = "") -> None:
        self.done[what] += 1
        self.story.append(f"{time.strftime('%H:%M:%S')} {what} {more}".rstrip())


def _write_all(file: object) -> None:
    piece = PIECE
    while piece:
        try:
            file.write(piece)  # type: ignore[attr-defined]
        except OSError:
            piece = piece[: len(piece) // 2]
