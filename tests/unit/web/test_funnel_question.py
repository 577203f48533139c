import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from apps.query.schema import parse_query
from apps.query.schema.funnels import FunnelsQuery
from apps.web.pages.funnel_question import MAX_STEPS, UNITS, FunnelQuestion
from apps.web.pages.ranges import PRESETS, Range

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
QUESTIONS = st.builds(
    FunnelQuestion,
    steps=st.lists(TEXT, min_size=2, max_size=MAX_STEPS).map(tuple),
    range=st.sampled_from([Range(name) for name in PRESETS]),
    window=st.integers(1, 1000),
    unit=st.sampled_from(sorted(UNITS)),
    breakdown=TEXT,
)


@given(QUESTIONS)
def test_funnel_question__any__survives_its_address(question: FunnelQuestion) -> None:
    assert FunnelQuestion.read(QueryDict(question.address())) == question


@given(QUESTIONS)
def test_funnel_question__any__is_a_query_of_the_public_schema(question: FunnelQuestion) -> None:
    # When
    parsed = parse_query(question.query())
    # Then
    assert isinstance(parsed, FunnelsQuery)
    assert [node.event or "" for node in parsed.series] == list(question.steps)


@pytest.mark.parametrize(
    ("address", "window"),
    [("window=3", 3), ("window=0", 1), ("window=-4", 14), ("window=99999", 1000), ("window=x", 14), ("", 14)],
)
def test_funnel_question__window_of_any_text__lies_within_bounds(address: str, window: int) -> None:
    assert FunnelQuestion.read(QueryDict(address)).window == window


@pytest.mark.parametrize(("address", "complete"), [("", False), ("step=a", False), ("step=a&step=b", True)])
def test_funnel_question__fewer_than_two_steps__asks_nothing(address: str, *, complete: bool) -> None:
    assert FunnelQuestion.read(QueryDict(address)).is_complete is complete
