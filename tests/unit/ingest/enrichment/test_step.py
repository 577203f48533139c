from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from apps.common.errors import UnavailableError
from apps.ingest import controls
from apps.ingest.controls import Controls
from apps.ingest.controls.rules import Action, IpPolicy, MaskRule
from apps.ingest.enrichment import enrich, places
from apps.ingest.enrichment.places import Places
from tests.factories.batches import make_batch, read_batch
from tests.factories.geo import LONDON_IP, OSAKA_IP, write_database
from tests.unit.ingest.enrichment.test_agents import CHROME, IPHONE

GPTBOT = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.1; +https://openai.com/gptbot)"


def enriched(properties: dict[str, Any], *, ip: str = "", user_agent: str = "") -> dict[str, Any]:
    """Give one event's properties after the step."""
    batch = make_batch(properties, ip=ip, user_agent=user_agent)
    enrich(batch)
    return read_batch(batch)[0]


@pytest.fixture
def geo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Places(write_database(tmp_path / "city.mmdb"))
    monkeypatch.setattr(places, "places", lambda: database)


def test_enrich__header_of_a_browser__names_client() -> None:
    assert enriched({"a": 1}, user_agent=CHROME) == {
        "a": 1,
        "$browser": "Chrome",
        "$browser_version": 126,
        "$os": "Mac OS X",
        "$os_version": "10.15.7",
        "$device_type": "Desktop",
    }


def test_enrich__raw_user_agent__wins_over_header() -> None:
    said = enriched({"$raw_user_agent": IPHONE}, user_agent=CHROME)
    assert (said["$browser"], said["$os"], said["$device_type"]) == ("Mobile Safari", "iOS", "Mobile")


def test_enrich__sender_named_its_client__is_believed() -> None:
    # Given a sender that knows its browser but not its system, though a version
    sent = {"$browser": "Otter", "$device_type": "Fridge", "$os_version": "3"}

    # When / Then
    assert enriched(sent, user_agent=CHROME) == {**sent, "$os": "Mac OS X"}


@pytest.mark.parametrize(
    "sent",
    [{"$lib": "posthog-python"}, {"$lib": "posthog-node"}, {"$is_server": True}, {"$lib": "web", "$is_server": True}],
    ids=["python", "node", "is-server", "server-side-web"],
)
def test_enrich__server_sender__its_own_address_and_agent_say_nothing(sent: dict[str, Any], geo: None) -> None:
    assert enriched(sent, ip=LONDON_IP, user_agent=CHROME) == sent


def test_enrich__server_sender_that_names_the_visitor__is_read(geo: None) -> None:
    # Given a server that passes on what its visitor's browser said
    sent = {"$lib": "posthog-python", "$ip": LONDON_IP, "$raw_user_agent": IPHONE}

    # When
    said = enriched(sent, ip=OSAKA_IP, user_agent="posthog-python/7.1")

    # Then
    assert (said["$ip"], said["$geoip_city_name"], said["$browser"]) == (LONDON_IP, "London", "Mobile Safari")


def test_enrich__bot__is_flagged_not_dropped() -> None:
    # Given
    batch = make_batch({"$raw_user_agent": GPTBOT}, {"$raw_user_agent": GPTBOT, "$is_bot": False})

    # When
    enrich(batch)

    # Then the sender may know better
    assert batch.refusals == [None, None]
    assert read_batch(batch) == [
        {"$raw_user_agent": GPTBOT, "$is_bot": True, "$bot_name": "GPTBot", "$bot_category": "ai-crawler"},
        {"$raw_user_agent": GPTBOT, "$is_bot": False},
    ]


def test_enrich__url__gives_host_path_and_campaign_once() -> None:
    url = "https://otter.example/chat?utm_source=news&utm_medium=mail&gclid=g"
    assert enriched({"$current_url": url, "utm_medium": "mine", "$set_once": {"utm_source": "x"}, "gclid": None}) == {
        "$current_url": url,
        "utm_medium": "mine",
        "$set_once": {"utm_source": "x"},
        "$host": "otter.example",
        "$pathname": "/chat",
        "utm_source": "news",
        "gclid": "g",
    }


def test_enrich__host_and_path_told__stay() -> None:
    sent = {"$current_url": "https://otter.example/chat", "$host": "h", "$pathname": "/p"}
    assert enriched(sent) == sent


def test_enrich__referrer__gives_its_domain() -> None:
    assert enriched({"$referrer": "https://www.google.com/"})["$referring_domain"] == "www.google.com"
    assert enriched({"$referrer": "$direct"})["$referring_domain"] == "$direct"
    assert enriched({"$referrer": "https://a.example/", "$referring_domain": "b"})["$referring_domain"] == "b"


def test_enrich__address_of_the_request__is_kept_and_looked_up(geo: None) -> None:
    said = enriched({}, ip=LONDON_IP)
    assert (said["$ip"], said["$geoip_city_name"], said["$geoip_country_code"]) == (LONDON_IP, "London", "GB")


def test_enrich__ip_property__wins_over_request(geo: None) -> None:
    said = enriched({"$ip": OSAKA_IP}, ip=LONDON_IP)
    assert (said["$ip"], said["$geoip_city_name"]) == (OSAKA_IP, "Osaka")


@pytest.mark.parametrize("disabled", [True, "true"])
def test_enrich__geoip_disabled__address_without_place(disabled: object, geo: None) -> None:
    assert enriched({"$geoip_disable": disabled}, ip=LONDON_IP) == {"$geoip_disable": disabled, "$ip": LONDON_IP}


def test_enrich__place_told_by_sender__is_believed(geo: None) -> None:
    said = enriched({"$geoip_city_name": "Atlantis"}, ip=LONDON_IP)
    assert (said["$geoip_city_name"], said["$geoip_country_code"]) == ("Atlantis", "GB")


def test_enrich__private_address__has_no_place(geo: None) -> None:
    assert enriched({}, ip="10.1.2.3") == {"$ip": "10.1.2.3"}


def test_enrich__capture_internal__address_is_not_told(geo: None) -> None:
    assert enriched({"capture_internal": True, "$ip": LONDON_IP}, ip=OSAKA_IP)["$ip"] == "127.0.0.1"


@pytest.fixture
def ruled(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let every project have certain rules."""

    def rule(**rules: Any) -> None:  # noqa: ANN401 - whatever Controls takes
        monkeypatch.setattr(controls, "for_project", lambda project_id: Controls(project_id, **rules))

    return rule


@pytest.mark.parametrize(
    ("policy", "sent", "expected"),
    [
        (IpPolicy.KEEP, {}, LONDON_IP),
        (IpPolicy.KEEP, {"$ip": OSAKA_IP}, OSAKA_IP),
        (IpPolicy.KEEP, {"$ip": "odd"}, "odd"),
        (IpPolicy.TRUNCATE, {}, "81.2.69.0"),
        (IpPolicy.TRUNCATE, {"$ip": "2001:240:1:2::7"}, "2001:240:1::"),
        (IpPolicy.TRUNCATE, {"$ip": "odd"}, None),
        (IpPolicy.TRUNCATE, {"$ip": {"v4": "81.2.69.142"}}, None),
        (IpPolicy.DROP, {}, None),
        (IpPolicy.DROP, {"$ip": LONDON_IP}, None),
        (IpPolicy.DROP, {"$ip": ["81.2.69.142"]}, None),
    ],
)
def test_enrich__ip_policy__decides_what_is_stored(
    policy: IpPolicy, sent: dict[str, Any], expected: str | None, ruled: Callable[..., None]
) -> None:
    ruled(ip_policy=policy)
    assert enriched(sent, ip=LONDON_IP).get("$ip") == expected


@pytest.mark.parametrize("policy", [IpPolicy.TRUNCATE, IpPolicy.DROP])
def test_enrich__address_not_stored__is_looked_up_all_the_same(
    policy: IpPolicy, geo: None, ruled: Callable[..., None]
) -> None:
    ruled(ip_policy=policy)
    assert enriched({}, ip=LONDON_IP)["$geoip_city_name"] == "London"


def test_enrich__property_the_project_denies_or_masks__is_not_added(geo: None, ruled: Callable[..., None]) -> None:
    # Given a project that wants no places, and browsers only masked
    ruled(denied_properties=("$geoip_*",), masking=(MaskRule("$browser", Action.HASH),))

    # When / Then
    assert enriched({"a": 1}, ip=LONDON_IP, user_agent=CHROME) == {
        "a": 1,
        "$ip": LONDON_IP,
        "$browser_version": 126,
        "$os": "Mac OS X",
        "$os_version": "10.15.7",
        "$device_type": "Desktop",
    }


def test_enrich__project_denies_all_that_would_be_added__the_event_stays_as_it_came(ruled: Callable[..., None]) -> None:
    ruled(denied_properties=("$*",))
    assert enriched({"a": 1}, ip=LONDON_IP, user_agent=CHROME) == {"a": 1}


@pytest.mark.django_db
def test_enrich__rules_cannot_be_read__the_writer_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a database that is away
    def away(project_id: int) -> Controls:
        raise OperationalError(project_id)

    monkeypatch.setattr(controls, "for_project", away)

    # When / Then
    with pytest.raises(UnavailableError):
        enrich(make_batch({"a": 1}))


def test_enrich__nothing_to_say__leaves_the_text_as_it_came() -> None:
    # Given an event of a server and one of a browser that told everything
    full = {
        "$browser": "Chrome", "$os": "Linux", "$device_type": "Desktop", "$raw_user_agent": CHROME,
        "$current_url": "https://a.example/?q=1", "$host": "a.example", "$pathname": "/",
    }  # fmt: skip
    batch = make_batch({"$lib": "posthog-python", "a": 1}, full)
    before = list(batch.properties)

    # When
    enrich(batch)

    # Then
    assert batch.changes == [None, None]
    batch.change_properties()
    assert batch.properties == before


@pytest.mark.parametrize("odd", [7, True, [], ["x"], {"a": 1}, 1.5, "", "\x00"], ids=repr)
def test_enrich__well_known_property_of_another_type__is_left_alone(odd: object, geo: None) -> None:
    # Given
    names = (
        "$ip", "$raw_user_agent", "$browser", "$os", "$device_type", "$current_url", "$host", "$pathname",
        "$referrer", "$referring_domain", "$lib", "$is_server", "$geoip_disable", "capture_internal", "$is_bot",
    )  # fmt: skip

    # When each stands alone, no event breaks the batch or loses another's property
    batch = make_batch(*({name: odd, "mine": 1} for name in names), ip=LONDON_IP, user_agent=CHROME)
    enrich(batch)

    # Then
    assert [properties["mine"] for properties in read_batch(batch)] == [1] * len(names)


def test_enrich__same_events_again__same_result(geo: None) -> None:
    sent = {"$current_url": "https://a.example/?utm_source=x", "$referrer": "https://b.example/"}
    assert enriched(sent, ip=LONDON_IP, user_agent=CHROME) == enriched(sent, ip=LONDON_IP, user_agent=CHROME)
