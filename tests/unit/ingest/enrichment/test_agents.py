import crawleruseragents
import pytest

from apps.ingest.enrichment import agents

CHROME = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
    "Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
    "Mobile/15E148 Safari/604.1"
)
IPAD = IPHONE.replace("iPhone;", "iPad;").replace("CPU iPhone OS", "CPU OS")
ANDROID = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 "
    "Mobile Safari/537.36"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 "
    "Safari/537.36 Edg/125.0.0.0"
)
FIREFOX = "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"
PLAYSTATION = "Mozilla/5.0 (PlayStation; PlayStation 5/6.00) AppleWebKit/605.1.15 (KHTML, like Gecko)"
TV = "Mozilla/5.0 (SMART-TV; Linux; Tizen 5.0) AppleWebKit/538.1 (KHTML, like Gecko) Version/5.0 TV Safari/538.1"


@pytest.mark.parametrize(
    ("user_agent", "browser", "version", "system", "system_version", "device"),
    [
        (CHROME, "Chrome", 126, "Mac OS X", "10.15.7", "Desktop"),
        (IPHONE, "Mobile Safari", 17.5, "iOS", "17.5", "Mobile"),
        (IPAD, "Mobile Safari", 17.5, "iOS", "17.5", "Tablet"),
        (ANDROID, "Chrome", 125, "Android", "14", "Mobile"),
        (ANDROID.replace("Mobile ", ""), "Chrome", 125, "Android", "14", "Tablet"),
        (EDGE, "Microsoft Edge", 125, "Windows", "10", "Desktop"),
        (FIREFOX, "Firefox", 127, "Linux", None, "Desktop"),
        (TV, "Safari", 5, "Tizen", "5.0", "TV"),
    ],
    ids=["chrome", "iphone", "ipad", "android", "android-tablet", "edge", "firefox", "tv"],
)
def test_read__browser__is_named_as_the_web_sdk_names_it(
    user_agent: str, browser: str, version: float, system: str, system_version: str | None, device: str
) -> None:
    # When
    agent = agents.read(user_agent)

    # Then
    assert agent.browser == {"$browser": browser, "$browser_version": version}
    assert agent.os.get("$os") == system
    assert agent.os.get("$os_version") == system_version
    assert agent.device_type == device
    assert agent.bot == {}


def test_read__console__is_told_from_a_computer() -> None:
    assert agents.read(PLAYSTATION).device_type == "Console"


@pytest.mark.parametrize(
    ("user_agent", "name", "category"),
    [
        ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.1; +openai)", "GPTBot", "ai-crawler"),
        ("Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)", "ClaudeBot", "ai-crawler"),
        ("Mozilla/5.0 (compatible; PerplexityBot/1.0; +perplexity)", "PerplexityBot", "ai-crawler"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot", "search-engine"),
        (CHROME.replace("Chrome/", "HeadlessChrome/"), "HeadlessChrome", "browser-automation"),
    ],
    ids=["gptbot", "claudebot", "perplexitybot", "googlebot", "headless"],
)  # fmt: skip
def test_read__bot__is_flagged_and_has_no_browser(user_agent: str, name: str, category: str) -> None:
    # When
    agent = agents.read(user_agent)

    # Then
    assert agent.bot == {"$is_bot": True, "$bot_name": name, "$bot_category": category}
    assert (agent.browser, agent.os, agent.device_type) == ({}, {}, "")
    assert agents.read_header(user_agent) == agent


def test_read__every_example_of_the_list__is_a_bot() -> None:
    # Given the user agents that the list of bots gives as examples
    examples = [text for bot in crawleruseragents.CRAWLER_USER_AGENTS_DATA for text in bot.get("instances", [])[:1]]

    # Then
    assert len(examples) > 500
    assert [text for text in examples if not agents.read(text).bot] == []


@pytest.mark.parametrize(
    "header", ["posthog-python/7.1.0", "python-requests/2.32", "curl/8.1", "Go-http-client/2.0", "okhttp/4"]
)
def test_read_header__http_library__says_nothing_of_a_person(header: str) -> None:
    assert agents.read_header(header) == agents.SAYS_NOTHING


def test_read_header__crawler_that_is_no_browser__is_flagged() -> None:
    assert (agents.read_header("CCBot/2.0 (https://commoncrawl.org/faq/)").bot)["$bot_category"] == "ai-crawler"


def test_read__same_library_as_property__is_a_bot() -> None:
    assert (agents.read("python-requests/2.32").bot)["$bot_category"] == "http-library"


@pytest.mark.parametrize(
    "text", ["", "\x00", "Mozilla/5.0", "(" * 50_000, "Mozilla/5.0 (" + "a" * 100_000, "Ж" * 2_000]
)
def test_read__any_text__is_answered(text: str) -> None:
    assert isinstance(agents.read(text), agents.Agent)
    assert isinstance(agents.read_header(text), agents.Agent)
