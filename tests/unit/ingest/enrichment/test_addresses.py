import pytest

from apps.ingest.enrichment import addresses


@pytest.mark.parametrize(
    ("text", "full", "truncated", "is_public"),
    [
        ("81.2.69.142", "81.2.69.142", "81.2.69.0", True),
        (" 81.2.69.142 ", "81.2.69.142", "81.2.69.0", True),
        ("::ffff:81.2.69.142", "81.2.69.142", "81.2.69.0", True),
        ("2001:240:1:2:3::7", "2001:240:1:2:3::7", "2001:240:1::", True),
        ("fe80::1%eth0", "fe80::1", "fe80::", False),
        ("10.1.2.3", "10.1.2.3", "10.1.2.0", False),
        ("127.0.0.1", "127.0.0.1", "127.0.0.0", False),
        ("224.0.0.1", "224.0.0.1", "224.0.0.0", False),
    ],
)
def test_read__address__is_known_in_full_and_shortened(
    text: str, full: str, truncated: str, *, is_public: bool
) -> None:
    assert addresses.read(text) == addresses.Address(full, truncated, is_public)


@pytest.mark.parametrize("text", ["", "unknown", "81.2.69", "81.2.69.142:443", "999.1.1.1", "x" * 10_000])
def test_read__anything_else__is_no_address(text: str) -> None:
    assert addresses.read(text) is None
