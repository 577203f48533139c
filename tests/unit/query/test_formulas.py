"""Formulas over series: what they give, and what is no formula."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.query.errors import InvalidQueryError
from apps.query.kinds.formulas import parse

DEEP = "(" * 40 + "A" + ")" * 40
SERIES = {"A": [6.0, 0.0], "B": [3.0, 0.0], "C": [0.5, 2.0]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A", (6, 0)),
        ("A+B", (9, 0)),
        ("a + b", (9, 0)),
        ("A+2*B", (12, 0)),
        ("(A+2)*B", (24, 0)),
        ("A/B", (2, 0)),
        ("A/0", (0, 0)),
        ("(A/3600)/B", (6 / 3600 / 3, 0)),
        ("A-B-C", (2.5, -2)),
        ("A/B/2", (1, 0)),
        ("-A + 10", (4, 10)),
        ("--A", (6, 0)),
        ("1.5 * C", (0.75, 3)),
        (".5*A ", (3, 0)),
    ],
)
def test_formula__point_by_point__gives_these_numbers(text: str, expected: tuple[float, ...]) -> None:
    assert parse(text, 3, "f").points(SERIES, 2) == pytest.approx(expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "A+",
        "A B",
        "2A",
        "(A",
        "A)",
        "A**B",
        "A;B",
        "D",
        "A%B",
        "AB",
        "__import__('os')",
        "A" * 301,
        "(" * 40 + "A" + ")" * 40,
        "-" * 40 + "A",
    ],
)
def test_formula__that_is_none__is_refused_by_its_field(text: str) -> None:
    with pytest.raises(InvalidQueryError) as caught:
        parse(text, 3, "query.trendsFilter.formula")
    assert caught.value.attr == "query.trendsFilter.formula"


@given(st.text(max_size=60))
def test_formula__any_text__is_read_or_refused(text: str) -> None:
    try:
        formula = parse(text, 26, "f")
    except InvalidQueryError:
        return
    assert len(formula.points({letter: [1.0] for letter in formula.letters}, 1)) == 1
