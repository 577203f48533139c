"""The one stream of lines an operator reads: each line under the name of the program that wrote it."""

import sys
import zlib
from typing import TextIO

COLORS = (36, 32, 35, 34, 33, 96, 92, 95)
WIDTH = 10


class Console:
    """Prints whole lines, prefixed and, on a terminal, coloured by program."""

    def __init__(self, stream: TextIO | None = None, *, colored: bool | None = None) -> None:
        self.stream = stream or sys.stdout
        self.colored = self.stream.isatty() if colored is None else colored
        self._partial: dict[str, bytes] = {}

    def feed(self, name: str, data: bytes) -> None:
        """Take output as it comes out of a pipe and print the lines that are complete."""
        *lines, rest = (self._partial.pop(name, b"") + data).split(b"\n")
        for line in lines:
            self.line(name, line.decode(errors="replace").rstrip("\r"))
        if rest:
            self._partial[name] = rest

    def flush(self, name: str) -> None:
        """Print what a program left without a line end."""
        rest = self._partial.pop(name, b"")
        if rest:
            self.line(name, rest.decode(errors="replace"))

    def line(self, name: str, text: str) -> None:
        """Print one line."""
        prefix = f"{name:<{WIDTH}} |"
        if self.colored:
            prefix = f"\033[{COLORS[zlib.crc32(name.encode()) % len(COLORS)]}m{prefix}\033[0m"
        try:
            self.stream.write(f"{prefix} {text}\n")
            self.stream.flush()
        except (BrokenPipeError, OSError):
            # Whoever read our lines is gone; that is no reason to stop serving.
            self.stream = open("/dev/null", "w", encoding="utf-8")  # noqa: PTH123, SIM115 - lives as long as we do
