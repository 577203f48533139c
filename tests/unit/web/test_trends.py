from typing import Any

from apps.web.pages.asking import NULL, OTHER
from apps.web.pages.trends import draw


def _series(label: str, data: list[int], **extra: object) -> dict[str, Any]:
    days = ["2026-03-08", "2026-03-09"][: len(data)]
    labels = ["8-Mar-2026", "9-Mar-2026"][: len(data)]
    return {"label": label, "data": data, "days": days, "labels": labels, "count": sum(data), **extra}


def test_draw__plain_series__keeps_the_engines_numbers() -> None:
    # When
    drawing = draw([_series("paid", [1, 2])], "line", "day", unfinished=True)
    # Then
    line = drawing["series"][0]
    assert (line["name"], line["data"], line["total"], line["average"]) == ("paid", [1, 2], 3, 1.5)
    assert drawing["labels"] == ["Mar 8", "Mar 9"]
    assert drawing["titles"] == ["8-Mar-2026", "9-Mar-2026"]


def test_draw__breakdown_rest__is_named_for_people() -> None:
    # When
    drawing = draw([_series(f"paid - {NULL}", [1]), _series(OTHER, [1])], "line", "day", unfinished=False)
    # Then
    assert [line["name"] for line in drawing["series"]] == ["paid - (none)", "Other"]


def test_draw__earlier_period__shares_the_colour_of_the_present_one() -> None:
    # Given
    present = [_series("a", [1, 2], compare_label="current"), _series("b", [3, 4], compare_label="current")]
    before = [_series("a", [5, 6], compare_label="previous"), _series("b", [7, 8], compare_label="previous")]
    # When
    drawing = draw(present + before, "line", "day", unfinished=False)
    # Then
    assert [(line["name"], line["color"], line["earlier"]) for line in drawing["series"]] == [
        ("a", 0, False),
        ("b", 1, False),
        ("a (before)", 0, True),
        ("b (before)", 1, True),
    ]


def test_draw__hours__are_named_by_the_clock() -> None:
    # Given
    series = _series("a", [1]) | {"days": ["2026-03-08 06:00:00"], "labels": ["8-Mar 06:00"]}
    # When
    drawing = draw([series], "bar", "hour", unfinished=False)
    # Then
    assert (drawing["labels"], drawing["columns"]) == (["06:00"], ["2026-03-08 06:00"])


def test_draw__no_series__draws_nothing() -> None:
    assert draw([], "line", "day", unfinished=True)["series"] == []


def test_draw__days_of_several_years__name_the_year() -> None:
    # Given
    series = _series("a", [1, 2]) | {"days": ["2025-12-31", "2026-01-01"]}
    # When
    drawing = draw([series], "line", "day", unfinished=False)
    # Then
    assert drawing["labels"] == drawing["columns"] == ["Dec 31, 2025", "Jan 1, 2026"]
