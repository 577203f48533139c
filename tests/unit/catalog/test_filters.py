"""The filter language: what is read, what is refused, and that values never become text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.catalog.filters.binding import Bindings
from apps.catalog.filters.errors import FilterError
from apps.catalog.filters.operators import Operator
from apps.catalog.filters.schema import NO_FILTER, FilterGroup, PropertyFilter, parse
from apps.catalog.filters.sql import condition
from apps.clickhouse.statement import Statement


@pytest.mark.parametrize("raw", [None, [], {}])
def test_filters__nothing__lets_everything_through(raw: object) -> None:
    assert condition(parse(raw, "properties"), Bindings(1)) == "true"
    assert parse(raw, "properties") == NO_FILTER


def test_filters__list__all_must_hold() -> None:
    group = parse([{"key": "a", "value": 1}, {"key": "b", "value": [True, 2.0, "x"], "type": "event"}], "properties")
    assert group == FilterGroup(
        is_all=True,
        filters=(
            PropertyFilter("a", Operator.EXACT, ("1",)),
            PropertyFilter("b", Operator.EXACT, ("true", "2", "x")),
        ),
    )


@pytest.mark.parametrize(
    ("raw", "attr", "code"),
    [
        ("x", "p", "invalid_filter"),
        ([1], "p.0", "invalid_filter"),
        ([{"value": 1}], "p.0.key", "invalid_filter"),
        ([{"key": "k" * 401, "value": 1}], "p.0.key", "invalid_filter"),
        ([{"key": "\ud800", "value": 1}], "p.0.key", "invalid_filter"),
        ([{"key": "a", "value": "\ud800"}], "p.0.value", "invalid_filter"),
        ([{"key": "a", "value": []}], "p.0.value", "invalid_filter"),
        ([{"key": "a", "value": [1, [2]]}], "p.0.value.1", "invalid_filter"),
        ([{"key": "a", "value": ["x"] * 1001}], "p.0.value", "invalid_filter"),
        ([{"key": "a", "value": "x" * 8193}], "p.0.value", "invalid_filter"),
        ([{"key": "a", "value": "x" * 1001, "operator": "regex"}], "p.0.value", "invalid_filter"),
        ([{"key": "a", "value": float("inf"), "operator": "gt"}], "p.0.value", "invalid_filter"),
        ([{"key": "a", "value": True, "operator": "gt"}], "p.0.value", "invalid_filter"),
        ([{"key": "a", "value": 1, "operator": ["exact"]}], "p.0.operator", "invalid_filter"),
        ([{"key": "a", "value": 1, "operator": "near"}], "p.0.operator", "invalid_filter"),
        ([{"key": "a", "value": 1, "operator": "between"}], "p.0.value", "invalid_filter"),
        ([{"key": "a", "value": [2, 1], "operator": "between"}], "p.0.value", "invalid_filter"),
        ([{"key": "a", "value": [1, "x"], "operator": "not_between"}], "p.0.value.1", "invalid_filter"),
        ([{"key": "a", "value": "soon", "operator": "is_date_before"}], "p.0.value", "invalid_filter"),
        ([{"key": "a", "value": "2026-02-30", "operator": "is_date_exact"}], "p.0.value", "invalid_filter"),
        ([{"key": "a", "value": 1, "type": "group"}], "p.0.group_type_index", "invalid_filter"),
        ([{"key": "a", "value": 1, "type": "group", "group_type_index": 5}], "p.0.group_type_index", "invalid_filter"),
        ([{"key": "a", "value": 1, "type": "session"}], "p.0.key", "not_supported"),
        ([{"key": "selector", "value": "a", "type": "element"}], "p.0.key", "not_supported"),
        ([{"key": "properties", "value": "a", "type": "event_metadata"}], "p.0.key", "not_supported"),
        ([{"key": "a", "value": 1, "type": "cohort"}], "p.0.type", "not_supported"),
        ([{"key": "a", "value": 1, "type": ["event"]}], "p.0.type", "invalid_filter"),
        ({"type": "AND", "values": {}}, "p.values", "invalid_filter"),
        ({"type": "AND", "values": [{"type": "NOR", "values": []}]}, "p.values.0.type", "invalid_filter"),
        ({"type": "AND", "values": [], "negate": True}, "p.negate", "invalid_filter"),
    ],
)
def test_filters__that_are_wrong__name_the_part_at_fault(raw: object, attr: str, code: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(raw, "p")
    assert (caught.value.attr, caught.value.code, caught.value.status) == (attr, code, 400)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["key", "value", "operator", "type", "values"]), inner)
    ),
    max_leaves=12,
)


@given(JSON)
def test_filters__any_json__is_read_or_refused(raw: object) -> None:
    try:
        group = parse(raw, "p")
    except FilterError as error:
        named = error.attr or ""
    else:
        named = "p"
        bindings = Bindings(7)
        Statement(f"SELECT {condition(group, bindings)} WHERE project_id = %(project_id)s", bindings.values).render()
    assert named.startswith("p")


@given(st.sampled_from(list(Operator)), st.text(min_size=1, max_size=40))
def test_sql__any_value__is_bound_and_not_written(operator: Operator, value: str) -> None:
    raw = {
        "key": "plain",
        "value": 5 if operator.value in {"gt", "gte", "lt", "lte"} else value,
        "operator": operator.value,
    }
    try:
        group = parse([raw], "p")
    except FilterError:
        return
    bindings = Bindings(7)
    text = condition(group, bindings)
    blank = Bindings(7)
    other = condition(parse([raw | {"value": 6 if isinstance(raw["value"], int) else "other"}], "p"), blank)
    assert text == other


def test_bindings__equal_values__share_a_parameter() -> None:
    bindings = Bindings(7)
    assert bindings.bind("a") == bindings.bind("a")
    assert bindings.bind(1) != bindings.bind(True)  # noqa: FBT003 - equal in Python, different in SQL
    assert bindings.values["project_id"] == 7
