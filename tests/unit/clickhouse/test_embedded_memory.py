"""Which mappings may be dropped."""

from pathlib import Path

from apps.clickhouse.embedded.memory import clean_mappings, drop_clean_pages

SMAPS = """\
7f0000000000-7f0000001000 r-xp 00000000 08:01 42                         /lib/engine.so
Rss:                  64 kB
Private_Dirty:         0 kB
Anonymous:             0 kB
7f0000001000-7f0000002000 r--p 00001000 08:01 42                         /lib/engine.so
Rss:                  64 kB
Private_Dirty:        64 kB
Anonymous:            64 kB
7f0000002000-7f0000003000 r--p 00002000 08:01 42                         /lib/engine.so.2600
Private_Dirty:         0 kB
7f0000003000-7f0000004000 rw-p 00003000 08:01 42                         /lib/engine.so
Private_Dirty:         0 kB
7f0000004000-7f0000005000 r--p 00000000 08:01 43                         /data/table.bin
Private_Dirty:         0 kB
7f0000005000-7f0000006000 rw-p 00000000 00:00 0                          [heap]
Private_Dirty:         0 kB
7f0000006000-7f0000007000 r-xp 00000000 08:01 44                         /lib/last.so
Private_Dirty:         0 kB
"""


def test_clean_mappings__are_those_of_libraries_without_a_written_page() -> None:
    assert clean_mappings(SMAPS.splitlines()) == [
        (0x7F0000000000, 0x7F0000001000),
        (0x7F0000002000, 0x7F0000003000),
        (0x7F0000006000, 0x7F0000007000),
    ]


def test_drop_clean_pages__of_this_process__leaves_it_running(tmp_path: Path) -> None:
    drop_clean_pages()
    drop_clean_pages(tmp_path / "absent")

    assert sum(range(1000)) == 499500
