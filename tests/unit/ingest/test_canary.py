from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from apps.ingest import canary
from apps.ingest.canary import flight
from apps.ingest.canary.state import judge
from apps.ingest.protocols.posthog import TOKEN_LENGTH

NOW = 1_000_000.0


@pytest.fixture(autouse=True)
def _limits(settings: Settings) -> None:
    settings.BALEEN_CANARY_SECONDS, settings.BALEEN_CANARY_LATE_SECONDS = 60, 180


@pytest.mark.parametrize(
    ("noted", "started", "link", "words"),
    [
        # On time, whatever the newest flight is still waiting for.
        ({"sent": "999950", "seconds": "0.3", "tried": "999950"}, 0, "", "sent 50 s ago, took 0.3 s"),
        ({"sent": "999850", "seconds": "0.3", "tried": "999990", "link": "writer"}, 0, "", "sent 150 s ago"),
        # A process that has just started gives the first one its time.
        ({}, NOW - 100, "", "not sent yet"),
        ({"sent": "900000", "seconds": "0.3", "tried": "900000"}, NOW - 100, "", "sent 100000 s ago"),
        # Late.
        ({}, NOW - 200, "jobs", "ever arrived, none is being sent"),
        ({"sent": "999000", "seconds": "0.3", "tried": "999000"}, 0, "jobs", "1000 s, none is being sent"),
        (
            {"sent": "999000", "seconds": "0.3", "tried": "999990", "link": "web", "detail": "No web."},
            0,
            "web",
            "for 1000 s: No web.",
        ),
        ({"tried": "999990", "link": "log", "detail": "Full."}, 0, "log", "no test event has ever arrived: Full."),
    ],
)
def test_judge__what_was_noted__gives_the_verdict(noted: dict[str, str], started: float, link: str, words: str) -> None:
    # Given / When
    verdict = judge(noted, now=NOW, started=started)

    # Then
    assert verdict.link == link
    assert verdict.is_late == bool(link)
    assert words in verdict.detail


def test_judge__switched_off__is_never_late(settings: Settings) -> None:
    settings.BALEEN_CANARY_SECONDS = 0
    assert not judge({}, now=NOW, started=0).is_late


def test_event_id__a_whole_day__has_sixty_names() -> None:
    # Given
    start = datetime(2026, 11, 22, tzinfo=UTC)

    # When
    names = [flight.event_id(start + timedelta(minutes=minute)) for minute in range(24 * 60)]

    # Then two in a row are never the same
    assert len(set(names)) == 60
    assert all(len(set(names[place : place + 60])) == 60 for place in range(0, len(names) - 60, 7))


def test_key__of_another_secret__is_another(settings: Settings) -> None:
    # Given
    canary.key.cache_clear()
    ours = canary.key()
    settings.SECRET_KEY = "another"
    canary.key.cache_clear()

    # When
    theirs = canary.key()
    canary.key.cache_clear()

    # Then
    assert ours != theirs
    assert len(ours) <= TOKEN_LENGTH
