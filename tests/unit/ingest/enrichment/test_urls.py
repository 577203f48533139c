import pytest

from apps.ingest.enrichment import urls


def test_page__address_with_campaign__is_taken_apart() -> None:
    # When
    page = urls.page("https://Otter.example:8443/chat/7?utm_source=news&x=1&gclid=abc&utm_source=second&utm_term=#top")

    # Then the first of two values counts, and an empty one says nothing
    assert page is not None
    assert (page.host, page.pathname) == ("otter.example:8443", "/chat/7")
    assert page.campaign == {"utm_source": "news", "gclid": "abc"}


@pytest.mark.parametrize(
    ("url", "host", "pathname"),
    [
        ("https://otter.example", "otter.example", "/"),
        ("https://ada:secret@otter.example/a b", "otter.example", "/a b"),
        ("http://[2001:db8::1]:80/x", "[2001:db8::1]:80", "/x"),
        ("https://münchen.example/ü", "münchen.example", "/ü"),
    ],
)
def test_page__address__gives_host_and_path(url: str, host: str, pathname: str) -> None:
    page = urls.page(url)
    assert page is not None
    assert (page.host, page.pathname) == (host, pathname)


@pytest.mark.parametrize(
    "url", ["", "/chat", "about:blank", "file:///tmp/x", "http://[broken", "https://a/?" + "a=1&" * 5_000, "x" * 9_000]
)
def test_page__no_web_address__is_left_alone(url: str) -> None:
    assert urls.page(url) is None


@pytest.mark.parametrize("name", sorted(urls.CAMPAIGN))
def test_may_have_campaign__address_with_a_parameter__is_taken_apart(name: str) -> None:
    url = f"https://a.example/?q=1&{name}=x"
    assert urls.may_have_campaign(url)
    page = urls.page(url)
    assert page is not None
    assert page.campaign == {name: "x"}
    assert all(mark in f'{{"{name}":1}}'.encode() for mark in page.marks)


@pytest.mark.parametrize(
    "url", ["https://a.example/", "https://a.example/?q=1&page=2", "https://a.example/utm_source=x"]
)
def test_may_have_campaign__address_without__is_not(url: str) -> None:
    assert not urls.may_have_campaign(url)


@pytest.mark.parametrize(
    ("referrer", "expected"),
    [
        ("https://www.google.com/search?q=otter", "www.google.com"),
        ("$direct", "$direct"),
        ("", ""),
        ("nonsense", ""),
        ("http://[broken", ""),
        ("https://a.example/" + "x" * 9_000, ""),
    ],
)
def test_domain__referrer__is_its_host(referrer: str, expected: str) -> None:
    assert urls.domain(referrer) == expected
