from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from apps.query.schema import PathsQuery, parse_query
from apps.web.pages.path_question import KINDS, STEPS, PathQuestion
from apps.web.pages.paths import draw
from apps.web.pages.ranges import PRESETS, Range

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(str.strip)
QUESTIONS = st.builds(
    PathQuestion,
    kind=st.sampled_from(sorted(KINDS)),
    start=TEXT,
    end=TEXT,
    steps=st.sampled_from(STEPS),
    range=st.sampled_from([Range(name) for name in PRESETS]),
)


@given(QUESTIONS)
def test_path_question__any__survives_its_address(question: PathQuestion) -> None:
    assert PathQuestion.read(QueryDict(question.address())) == question


@given(QUESTIONS)
def test_path_question__any__is_a_query_of_the_public_schema(question: PathQuestion) -> None:
    # When
    parsed = parse_query(question.query())
    # Then
    assert isinstance(parsed, PathsQuery)
    assert parsed.pathsFilter is not None
    assert (parsed.pathsFilter.startPoint or "", parsed.pathsFilter.endPoint or "") == (question.start, question.end)


@pytest.mark.parametrize("address", ["", "kind=dreams&steps=1", "steps=11", "steps=five", "steps=%00", "range=never"])
def test_path_question__senseless_address__is_the_default(address: str) -> None:
    assert PathQuestion.read(QueryDict(address)) == PathQuestion()


def _edge(source: str, target: str, value: int) -> dict[str, Any]:
    return {"source": source, "target": target, "value": value, "average_conversion_time": 61_000.0}


def test_draw__edges__are_nodes_by_step_and_links_between_them() -> None:
    # When
    drawing = draw([_edge("1_/a_b", "2_/c", 3), _edge("2_/c", "3_/a_b", 1)])
    # Then
    assert [(node["name"], node["label"], node["depth"], node["color"]) for node in drawing["nodes"]] == [
        ("1_/a_b", "/a_b", 0, 0),
        ("2_/c", "/c", 1, 1),
        ("3_/a_b", "/a_b", 2, 0),
    ]
    assert [(link["step"], link["from"], link["to"], link["value"], link["seconds"]) for link in drawing["links"]] == [
        (1, "/a_b", "/c", 3, 61),
        (2, "/c", "/a_b", 1, 61),
    ]
