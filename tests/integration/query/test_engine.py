"""What a question may cost, and what the engine's failures become."""

import pytest

from apps.clickhouse.statement import Setting, Statement
from apps.query import engine
from apps.query.errors import QueryError, QueryTimeoutError, QueryTooLargeError

pytestmark = pytest.mark.usefixtures("stack")


@pytest.mark.parametrize(
    ("sql", "settings", "error", "status"),
    [
        (
            "SELECT max(sipHash64(number)) FROM numbers(9999999999)",
            {"max_execution_time": 0.2},
            QueryTimeoutError,
            504,
        ),
        ("SELECT uniqExact(number) FROM numbers(3000000)", {"max_memory_usage": 2_000_000}, QueryTooLargeError, 422),
        ("SELECT number FROM numbers(2000)", {"max_result_rows": 1000}, QueryTooLargeError, 422),
    ],
)
def test_question__beyond_a_limit__says_so(
    sql: str, settings: dict[str, Setting], error: type[QueryError], status: int
) -> None:
    """Each limit is set low here, so that the test need not wait."""
    # When
    with pytest.raises(error) as caught:
        engine.ask(Statement(sql, {"project_id": 1}, settings), tag="test")

    # Then
    assert caught.value.status == status
    assert "FROM" not in caught.value.detail


def test_pattern_path__names_the_filter_the_engine_complains_about() -> None:
    query = {
        "series": [{"properties": [{"key": "a", "operator": "regex", "value": ["ok", "(?=x)"]}]}],
        "properties": [{"key": "b", "operator": "exact", "value": "(?=x)"}],
    }
    assert engine.pattern_path(query, "cannot compile (?=x)", "query") == "query.series.0.properties.0.value"
    assert engine.pattern_path(query, "something else", "query") is None
