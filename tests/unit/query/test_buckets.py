from datetime import UTC, datetime

import pytest

from apps.query.dates import Interval, Period
from apps.query.errors import QueryTooLargeError
from apps.query.kinds import buckets


def _period(width: int) -> Period:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Period(moment, moment, Interval.HOUR, (moment,) * width)


def test_answer__of_as_many_points_as_may_be__has_room() -> None:
    buckets.demand_room(25, _period(20_000))


def test_answer__of_one_line_more__is_refused_with_what_to_narrow() -> None:
    # When
    with pytest.raises(QueryTooLargeError, match="fewer values, a shorter range or longer intervals") as refusal:
        buckets.demand_room(26, _period(20_000))
    # Then
    assert refusal.value.status == 422
    assert refusal.value.attr == "query.interval"
