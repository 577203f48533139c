"""Visitors without cookies: one id a day for the same visitor, another the next, and nothing kept that tells who."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import time_machine

from apps.ingest import timestamps
from apps.ingest.contracts import LogEntry
from apps.ingest.controls import cookieless, tallies
from apps.ingest.controls.contracts import Controls
from apps.ingest.controls.cookieless import SENTINEL
from tests.conftest import Stack

# Valkey keeps its own time, so the salts' end must lie ahead of it.
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
ZONE = "Etc/GMT-1"
VISITOR = {
    "$cookieless_mode": True,
    "$raw_user_agent": "Mozilla/5.0",
    "$host": "shop.example.co.uk",
    "$timezone": ZONE,
    "$device_id": None,
    "distinct_id": SENTINEL,
    "$pathname": "/",
}


@pytest.fixture(autouse=True)
def clock(stack: Stack) -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as travelling:
        yield travelling


def visit(project_id: int, **changes: Any) -> tuple[LogEntry, cookieless.Judgement]:  # noqa: ANN401 - JSON values
    ip, at = changes.pop("ip", "203.0.113.7"), changes.pop("at", NOON) - timedelta(days=changes.pop("days_ago", 0))
    event, on = changes.pop("event", "$pageview"), changes.pop("on", True)
    raw = msgspec.json.encode(VISITOR | changes)
    sent = LogEntry(project_id, 0, "/e/", ["uuid"], [event], [SENTINEL], [timestamps.to_us(at)], [raw])
    sent.ip, sent.user_agent = ip, "UA"
    return sent, cookieless.apply(sent, Controls(project_id, cookieless=on))


def identity(project_id: int, **changes: Any) -> tuple[str, str]:  # noqa: ANN401 - as visit()
    sent, judgement = visit(project_id, **changes)
    assert list(judgement.rows) == [0]
    return sent.distinct_ids[0], msgspec.json.decode(sent.properties[0])["$session_id"]


def test_visitor__seen_twice_in_a_day__is_one(project_id: int) -> None:
    # Given / When
    first, again = identity(project_id), identity(project_id, **{"$pathname": "/prices"})
    # Then
    assert first == again
    assert first[0].startswith("cookieless_")


def test_visitor__nothing_that_tells_who__is_left(project_id: int) -> None:
    # Given / When
    sent, _ = visit(project_id, **{"$ip": "203.0.113.9", "$user_id": "u", "$cookieless_extra": "x"})
    # Then
    assert (sent.ip, sent.user_agent) == ("", "")
    kept = msgspec.json.decode(sent.properties[0])
    assert kept == {
        "$cookieless_mode": True,
        "$host": "shop.example.co.uk",
        "$timezone": ZONE,
        "$pathname": "/",
        "distinct_id": sent.distinct_ids[0],
        "$session_id": kept["$session_id"],
    }


@pytest.mark.parametrize(
    "changes",
    [{"ip": "203.0.113.8"}, {"$raw_user_agent": "Other"}, {"$host": "other.co.uk"}, {"$cookieless_extra": "tenant"}],
    ids=str,
)
def test_visitor__another_in_any_way__is_another(project_id: int, changes: dict[str, Any]) -> None:
    # Given / When / Then
    assert identity(project_id)[0] != identity(project_id, **changes)[0]


def test_visitor__on_another_page_of_the_same_owner__is_the_same(project_id: int) -> None:
    # Given / When / Then
    assert identity(project_id)[0] == identity(project_id, **{"$host": "www.example.co.uk:8443"})[0]


def test_visitor__of_another_project__is_another(project_id: int) -> None:
    # Given / When / Then
    assert identity(project_id)[0] != identity(project_id + 500_000)[0]


def test_visitor__the_next_day_where_they_are__is_another(project_id: int, clock: time_machine.Traveller) -> None:
    # Given
    today = identity(project_id)
    # When
    evening, after_midnight = NOON.replace(hour=22, minute=59), NOON.replace(hour=23, minute=1)
    clock.move_to(after_midnight)
    # Then
    assert identity(project_id, at=evening)[0] == today[0]
    assert identity(project_id, at=after_midnight)[0] != today[0]


def test_session__half_an_hour_idle__is_another(project_id: int) -> None:
    # Given
    who, session = identity(project_id)
    key = f"baleen:cookieless:session:{project_id}:{who}"
    # When
    left = tallies.valkey().ttl(key)
    tallies.valkey().delete(key)
    # Then
    assert 0 < left <= 1_800
    assert identity(project_id)[1] != session


def test_salt__of_a_day__is_gone_a_day_after_the_day_is_over_everywhere(project_id: int) -> None:
    # Given
    identity(project_id)
    # When
    ends = tallies.valkey().expiretime(f"baleen:cookieless:salt:{NOON:%Y-%m-%d}")
    # Then
    assert datetime.fromtimestamp(ends, UTC) == NOON + timedelta(days=2)


@pytest.mark.parametrize(
    "changes",
    [
        {"on": False},
        {"event": "$identify"},
        {"event": "$create_alias"},
        {"event": "$merge_dangerously"},
        {"$host": None},
        {"$timezone": None},
        {"$timezone": "Nowhere/Land"},
        {"$timezone": "../../etc/passwd"},
        {"$timezone": "a" * 300},
        {"ip": ""},
        {"days_ago": 3},
        {"$cookieless_mode": False},
    ],
    ids=str,
)
def test_event__that_cannot_be_counted_so__is_left_out(project_id: int, changes: dict[str, Any]) -> None:
    # Given / When
    _, judgement = visit(project_id, **changes)
    # Then
    assert list(judgement.rows) == []
    assert not judgement.rejections


@pytest.mark.parametrize("mode", ["yes", 1, None])
def test_event__whose_mode_is_no_boolean__is_refused(project_id: int, mode: object) -> None:
    # Given / When
    _, judgement = visit(project_id, **{"$cookieless_mode": mode})
    # Then
    assert list(judgement.rows) == []
    codes = [rejection.code for rejection in judgement.rejections]
    assert codes == ([] if mode is None else ["cookieless_mode_not_boolean"])


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("a.b.example.co.uk", "example.co.uk"),
        ("EXAMPLE.com:443", "example.com"),
        ("localhost:3000", "localhost"),
        ("192.0.2.1:80", "192.0.2.1"),
        ("[::1]:80", "[::1]:80"),
        ("", ""),
    ],
)
def test_root_domain__of_a_host__is_what_somebody_registered(host: str, expected: str) -> None:
    # Given / When / Then
    assert cookieless.root_domain(host) == expected
