"""What a shape remembers of objects, and when it begins anew."""

import json

import pytest

from apps.clickhouse.native import shapes
from apps.clickhouse.native.reader import Objects, Reader
from apps.clickhouse.native.shapes import Shape, UnfitError


def text(**members: object) -> bytes:
    """Write an object."""
    return json.dumps(members).encode()


def test_read__objects_as_learned__gives_a_piece_a_path() -> None:
    # Given
    shape = Shape()
    shape.learn([{"a": "x", "n": 1, "$set": {"b": True}}, {"a": "y", "n": 2}])

    # When
    pieces = shape.read([text(a="1", n=5), text(a="2", n=6, **{"$set": {"b": False}})])

    # Then
    assert {piece.path for piece in pieces} == {"a", "n", "$set.b"}


@pytest.mark.parametrize(
    "odd",
    [
        text(a="x"),
        text(a="x", n=1.5),
        text(a=1, n=1),
        text(a="x", n=1, more=1),
        text(a="x", n=1 << 63),
        b'{"a": "x", "n": 1, "a": "y"}',
        b'{"a": "x", "n": 1, "n" : 2}',
        b'{"a": "\\"", "n": 1, "n": 2}',
        b'{"a": "x", "n": 1}, {"a": "x", "n": 1}',
        b'{"a": "x", "n": 1',
        b"[]",
    ],
)
def test_read__one_object_that_does_not_fit__refuses_all(odd: bytes) -> None:
    shape = Shape()
    shape.learn([{"a": "x", "n": 1}])

    with pytest.raises(UnfitError):
        shape.read([text(a="y", n=2), odd])


def test_read__quotes_and_backslashes_in_texts__are_no_repeated_keys() -> None:
    shape = Shape()
    shape.learn([{"a": "x"}])

    (piece,) = shape.read([text(a='"'), text(a="\\"), text(a='\\"\\\\"'), text(a="é")])

    assert piece.values == [("String", b'\x01"\x01\\\x05\\"\\\\"\x02\xc3\xa9')]


def test_reader__objects_never_resemble_each_other__begins_anew_after_long(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a kind of objects that changed its keys too often to be learned
    monkeypatch.setattr(shapes, "_MOST_TIMES_LEARNED", 3)
    monkeypatch.setattr(shapes, "_LONG_ENOUGH", 10)
    reader = Reader()
    for number in range(12):
        reader.read(["kind"] * 20, Objects([text(**{f"k{number}": row}) for row in range(20)]))

    # When its keys settle
    settled = [text(a=row) for row in range(20)]
    splits = [reader.read(["kind"] * 20, Objects(settled)) for _ in range(3)]

    # Then it is known again, and every object was taken all along
    assert [split.rows for split in splits] == [list(range(20))] * 3
    assert not reader._shapes["kind"].is_spent
    assert reader._shapes["kind"].read(settled)
