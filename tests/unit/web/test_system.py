import pytest

from apps.ingest.selectors import Slice
from apps.web.pages.system import drain_seconds, draw


def slices(*flows: tuple[int, int]) -> list[Slice]:
    """Make slices of so many requests acknowledged and written, ten events each."""
    return [Slice(number * 10, came * 10, went * 10, came, went, 0) for number, (came, went) in enumerate(flows)]


@pytest.mark.parametrize(
    ("entries", "flows", "seconds"),
    [
        (0, [(5, 5)] * 6, 0),
        # In a minute 60 came and 180 went: 2 a second fewer.
        (600, [(10, 30)] * 6, 300),
        (600, [(30, 30)] * 6, None),
        (600, [(30, 0)] * 6, None),
        # Nothing is being written any more.
        (600, [(10, 90)] * 4 + [(10, 0)] * 2, None),
        # What was longer ago than a minute does not count.
        (100, [(0, 500)] * 10 + [(10, 20)] * 6, 100),
    ],
)
def test_drain_seconds__flows__follow_from_the_last_minute(
    entries: int, flows: list[tuple[int, int]], seconds: float | None
) -> None:
    assert drain_seconds(entries, slices(*flows)) == seconds


def test_draw__two_flows__stand_on_one_scale() -> None:
    # Given / When
    curves = draw(slices((0, 0), (10, 5), (20, 10)))

    # Then
    assert curves.acknowledged == "0.0,59.0 150.0,30.0 300.0,1.0"
    assert curves.written == "0.0,59.0 150.0,44.5 300.0,30.0"
    assert (curves.most, curves.acknowledged_now, curves.written_now) == (20, 20, 10)


def test_draw__nothing_flowed__is_a_line_at_the_bottom() -> None:
    assert draw(slices((0, 0), (0, 0))).written == "0.0,59.0 300.0,59.0"
