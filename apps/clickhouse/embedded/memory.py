"""Gives memory back that loading the engine needed and running it does not.

Relocating a library of half a gigabyte touches pages of code and symbol tables all over the file. They are clean
copies of the file, so they may go: whatever is needed again comes back from the page cache.
"""

import ctypes
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

MADV_DONTNEED: Final = 4
MAPPING: Final = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r-.p \S+ \S+ [1-9]\d* +(/.*\.so[.\d]*)$")
WRITTEN: Final = re.compile(r"(?:Private_Dirty|Shared_Dirty|Anonymous): +([1-9]\d*) kB")


def drop_clean_pages(smaps: Path = Path("/proc/self/smaps")) -> None:
    """Drop the pages of loaded libraries that were never written; Linux only, elsewhere nothing happens."""
    with suppress(OSError, AttributeError):
        lines = smaps.read_text().splitlines()
        madvise = ctypes.CDLL(None, use_errno=True).madvise
        madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        for start, end in clean_mappings(lines):
            madvise(start, end - start, MADV_DONTNEED)


def clean_mappings(lines: list[str]) -> list[tuple[int, int]]:
    """Find the address ranges of read-only mappings of libraries without a single written page.

    A relocated page is a written one although its mapping is read-only by now: dropping it would undo the relocation.
    """
    found: list[tuple[int, int]] = []
    current: tuple[int, int] | None = None
    for line in [*lines, "0-0 ---p 0 0:0 0"]:
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            if current:
                found.append(current)
            mapping = MAPPING.match(line)
            current = (int(mapping[1], 16), int(mapping[2], 16)) if mapping else None
        elif WRITTEN.match(line):
            current = None
    return found
