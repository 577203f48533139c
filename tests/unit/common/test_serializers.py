"""Strict input: nothing is ignored, nothing is bent into another type."""

import pytest
from rest_framework import serializers

from apps.common.serializers import MomentField, StrictSerializer, SwitchField, TextField, WholeField


class _Inner(StrictSerializer):
    on = SwitchField()


class _Outer(StrictSerializer):
    name = TextField(required=False, allow_null=True, max_length=5)
    count = WholeField(required=False, min_value=0)
    at = MomentField(required=False)
    inner = _Inner(required=False)
    made = serializers.CharField(read_only=True)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"nam": "x"}, "nam"),
        ({"made": "x"}, "made"),
        ({"inner": {"on": True, "of": 1}}, "inner"),
        ({5: "x"}, "5"),
        ({"name": 5}, "name"),
        ({"name": True}, "name"),
        ({"name": {}}, "name"),
        ({"name": "abcdef"}, "name"),
        ({"count": "1"}, "count"),
        ({"count": 1.0}, "count"),
        ({"count": False}, "count"),
        ({"count": None}, "count"),
        ({"count": -1}, "count"),
        ({"inner": {"on": "true"}}, "inner"),
        ({"inner": {"on": 1}}, "inner"),
        ({"inner": []}, "inner"),
        ({"at": 1}, "at"),
        ({"at": "soon"}, "at"),
        ({"at": "2026-13-22T00:00:00Z"}, "at"),
    ],
)
def test_input__that_is_not_what_was_asked_for__is_refused_by_name(data: dict[object, object], field: str) -> None:
    # Given
    serializer = _Outer(data=data)

    # When
    valid = serializer.is_valid()

    # Then
    assert not valid
    assert [str(name) for name in serializer.errors] == [field]


def test_moment__without_a_zone__is_utc() -> None:
    # Given
    serializers_ = [_Outer(data={"at": text}) for text in ("2026-11-22", "2026-11-22T00:00", "2026-11-22T00:00:00Z")]

    # When
    valid = [each.is_valid() for each in serializers_]

    # Then
    assert valid == [True] * 3
    assert {each.validated_data["at"].isoformat() for each in serializers_} == {"2026-11-22T00:00:00+00:00"}


def test_input__as_asked_for__is_taken_as_it_is() -> None:
    # Given
    serializer = _Outer(data={"name": "abc", "count": 3, "at": "2026-11-22T10:00:00+02:00", "inner": {"on": False}})

    # When
    valid = serializer.is_valid()

    # Then
    assert valid, serializer.errors
    assert serializer.validated_data["at"].isoformat() == "2026-11-22T08:00:00+00:00"
    assert {name: serializer.validated_data[name] for name in ("name", "count", "inner")} == {
        "name": "abc",
        "count": 3,
        "inner": {"on": False},
    }
