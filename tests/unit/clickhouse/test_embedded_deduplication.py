"""Which noted blocks are struck out before the engine starts."""

from pathlib import Path

import pytest

from apps.clickhouse.embedded.deduplication import mend


def table(path: Path, parts: list[str], *logs: str) -> Path:
    """Make a table's directory as the engine does."""
    directory = path / "store" / "abc" / "abc-def"
    (directory / "deduplication_logs").mkdir(parents=True)
    for part in [*parts, "detached", "tmp_insert_all_9_9_0"]:
        (directory / part).mkdir()
    for number, log in enumerate(logs, 1):
        (directory / "deduplication_logs" / f"deduplication_log_{number}.txt").write_text(log)
    return directory / "deduplication_logs" / f"deduplication_log_{len(logs)}.txt"


@pytest.mark.parametrize(
    ("parts", "noted"),
    [
        (["all_1_1_0"], "all_1_1_0"),
        (["all_1_8_2"], "all_5_5_0"),
        (["202611_1_3_1_9"], "202611_2_2_0"),
        (["a4f0_7_7_0_12"], "a4f0_7_7_0"),
        ([], "a_name_of_another_version"),
    ],
)
def test_block__whose_rows_are_in_a_part__stays(tmp_path: Path, parts: list[str], noted: str) -> None:
    log = table(tmp_path, parts, f"1\t{noted}\tblock\n")

    assert mend(tmp_path) == 0
    assert log.read_text() == f"1\t{noted}\tblock\n"


@pytest.mark.parametrize(
    ("parts", "noted"),
    [([], "all_1_1_0"), (["all_2_9_1"], "all_1_1_0"), (["202610_1_1_0"], "202611_1_1_0"), ([], "all_9_9_0")],
)
def test_block__whose_rows_are_nowhere__is_struck_out(tmp_path: Path, parts: list[str], noted: str) -> None:
    log = table(tmp_path, parts, f"1\t{noted}\tblock\n")

    assert mend(tmp_path) == 1
    assert log.read_text() == f"1\t{noted}\tblock\n2\t{noted}\tblock\n"
    assert mend(tmp_path) == 0


def test_block__dropped_or_noted_again_in_a_later_file__counts_as_its_last_line_says(tmp_path: Path) -> None:
    log = table(
        tmp_path,
        ["all_3_3_0"],
        "1\tall_1_1_0\ta\n1\tall_2_2_0\tb\n",
        "2\tall_1_1_0\ta\n2\tall_2_2_0\tb\n1\tall_3_3_0\tb\n",
    )
    before = log.read_text()

    assert mend(tmp_path) == 0
    assert log.read_text() == before


@pytest.mark.parametrize("text", ["", "1\tall_1_1_0\ttorn", "nonsense\n", "\udcff\n"])
def test_log__that_cannot_be_understood__is_left_to_the_engine(tmp_path: Path, text: str) -> None:
    log = table(tmp_path, [], "")
    log.write_bytes(text.encode("utf-8", "surrogateescape"))

    assert mend(tmp_path) == 0
    assert log.read_bytes() == text.encode("utf-8", "surrogateescape")


def test_directory__without_tables__is_fine(tmp_path: Path) -> None:
    assert mend(tmp_path) == 0
