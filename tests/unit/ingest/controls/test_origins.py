"""Which pages may send."""

import pytest

from apps.ingest.controls.origins import Origins, clean


@pytest.mark.parametrize(
    ("entry", "origin", "expected"),
    [
        ("example.com", "https://example.com", True),
        ("example.com", "http://EXAMPLE.com:8080", True),
        ("example.com", "https://evil-example.com", False),
        ("example.com", "https://example.com.evil.net", False),
        ("example.com", "https://app.example.com", False),
        ("*.example.com", "https://app.example.com", True),
        ("*.example.com", "https://a.b.example.com", True),
        ("*.example.com", "https://example.com", False),
        ("*.example.com", "https://badexample.com", False),
        ("https://example.com", "https://example.com", True),
        ("https://example.com", "http://example.com", False),
        ("https://example.com", "https://example.com:8443", False),
        ("https://example.com:8443", "https://example.com:8443", True),
        ("localhost:3000", "http://localhost:3000", True),
        ("localhost:3000", "http://localhost:3001", False),
        ("[::1]:3000", "http://[::1]:3000", True),
        ("null", "null", True),
        ("example.com", "null", False),
        ("*", "https://anything.example", True),
        ("example.com", "https://example.com:notaport", False),
        ("example.com", "garbage", False),
        ("example.com", "https://[", False),
    ],
)
def test_origins__an_entry_and_an_origin__match_or_not(entry: str, origin: str, expected: bool) -> None:  # noqa: FBT001 - a case
    # Given
    cleaned = clean(entry)
    assert cleaned is not None
    # When / Then
    assert Origins([cleaned]).allow(origin) is expected


def test_origins__none_named__let_all_in() -> None:
    # Given / When / Then
    assert Origins([]).allow("https://anywhere.example")


@pytest.mark.parametrize("text", ["", "exa mple.com", "https://", "example.com/path", "*example.com", "a..b", "x:y"])
def test_clean__what_is_no_origin__is_none(text: str) -> None:
    # Given / When / Then
    assert clean(text) is None
