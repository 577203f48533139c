from typing import Any

from apps.web.pages.funnels import walk


def _steps(*counts: int, **extra: object) -> list[dict[str, Any]]:
    return [
        {
            "name": f"step {index}",
            "custom_name": None,
            "count": count,
            "median_conversion_time": 60.0 if index else None,
            "average_conversion_time": 90.0 if index else None,
            **extra,
        }
        for index, count in enumerate(counts)
    ]


def test_walk__plain_funnel__counts_conversion_from_the_first_and_the_previous_step() -> None:
    # When
    bars = [step.bars[0] for step in walk(_steps(200, 100, 25))]
    # Then
    assert [bar.count for bar in bars] == [200, 100, 25]
    assert [bar.from_first for bar in bars] == [1, 0.5, 0.125]
    assert [bar.from_previous for bar in bars] == [1, 0.5, 0.25]
    assert [bar.lost for bar in bars] == [0, 100, 75]
    assert [(bar.top, bar.height) for bar in bars] == [(0, 100), (50, 50), (87.5, 12.5)]


def test_walk__breakdown__puts_the_values_side_by_side() -> None:
    # Given
    groups = [_steps(10, 5, breakdown_value=("pro",)), _steps(4, 0, breakdown_value=[""])]
    # When
    steps = walk(groups)
    # Then
    assert [[(bar.name, bar.count, bar.color) for bar in step.bars] for step in steps] == [
        [("pro", 10, 0), ("(empty)", 4, 1)],
        [("pro", 5, 0), ("(empty)", 0, 1)],
    ]


def test_walk__nobody_came_so_far__divides_by_nothing() -> None:
    assert [step.bars[0].from_previous for step in walk(_steps(1, 0, 0))] == [1, 0, 0]


def test_walk__nobody_entered__has_no_steps() -> None:
    assert walk([]) == []
