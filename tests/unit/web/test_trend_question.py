import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from apps.query.schema import parse_query
from apps.query.schema.trends import TrendsQuery
from apps.web.pages.ranges import CUSTOM, PRESETS, Range
from apps.web.pages.trend_question import CHARTS, INTERVALS, MATHS, MAX_SERIES, MEASURING, Series, TrendQuestion

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SERIES = st.builds(Series, TEXT, st.sampled_from(sorted(MATHS))).flatmap(
    lambda series: (
        TEXT.map(lambda name: Series(series.event, series.math, name)) if series.math in MEASURING else st.just(series)
    )
)
QUESTIONS = st.builds(
    TrendQuestion,
    series=st.lists(SERIES, min_size=1, max_size=MAX_SERIES).map(tuple),
    range=st.sampled_from([*(Range(name) for name in PRESETS), Range(CUSTOM, "2026-01-01", "2026-02-01")]),
    interval=st.sampled_from(sorted(INTERVALS)),
    breakdown=TEXT,
    chart=st.sampled_from(sorted(CHARTS)),
    compare=st.booleans(),
)


@given(QUESTIONS)
def test_trend_question__any__survives_its_address(question: TrendQuestion) -> None:
    assert TrendQuestion.read(QueryDict(question.address())) == question


@given(QUESTIONS)
def test_trend_question__any__is_a_query_of_the_public_schema(question: TrendQuestion) -> None:
    # When
    parsed = parse_query(question.query())
    # Then
    assert isinstance(parsed, TrendsQuery)
    assert [node.event or "" for node in parsed.series] == [series.event for series in question.series]


@given(st.text(max_size=200))
def test_trend_question__any_address__is_read_without_complaint(address: str) -> None:
    # When
    question = TrendQuestion.read(QueryDict(address))
    # Then
    assert 1 <= len(question.series) <= MAX_SERIES


@pytest.mark.parametrize(("name", "interval"), [("today", "hour"), ("24h", "hour"), ("30d", "day")])
def test_trend_question__short_range_without_interval__is_shown_by_the_hour(name: str, interval: str) -> None:
    assert TrendQuestion.read(QueryDict(f"range={name}")).interval == interval


@pytest.mark.parametrize(
    ("series", "title"),
    [
        (Series(), "All events"),
        (Series("paid", "dau"), "paid, users"),
        (Series("paid", "sum", "amount"), "paid, sum of amount"),
    ],
)
def test_series__by_its_math__has_a_title(series: Series, title: str) -> None:
    assert series.title == title
