import os
from pathlib import Path

import pytest
import structlog

from apps.ingest.enrichment import places
from apps.ingest.enrichment.places import Places
from tests.factories.geo import LONDON, LONDON_IP, OSAKA_IP, UNKNOWN_IP, write_database


@pytest.fixture(autouse=True)
def _looks_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "LOOK_AGAIN_SECONDS", 0.0)


def opened(path: Path) -> Places:
    database = Places(path)
    database.refresh()
    return database


def test_find__known_address__gives_what_posthog_calls_it(tmp_path: Path) -> None:
    # Given
    database = opened(write_database(tmp_path / "city.mmdb"))

    # When
    place = database.find(LONDON_IP)

    # Then
    assert place == {
        "$geoip_city_name": "London",
        "$geoip_country_name": "United Kingdom",
        "$geoip_country_code": "GB",
        "$geoip_continent_name": "Europe",
        "$geoip_continent_code": "EU",
        "$geoip_postal_code": "SW1",
        "$geoip_latitude": 51.5,
        "$geoip_longitude": -0.125,
        "$geoip_accuracy_radius": 20,
        "$geoip_time_zone": "Europe/London",
        "$geoip_subdivision_1_code": "ENG",
        "$geoip_subdivision_1_name": "England",
    }
    assert database.find(OSAKA_IP) == {
        "$geoip_city_name": "Osaka",
        "$geoip_country_name": "Japan",
        "$geoip_country_code": "JP",
    }


def test_find__unknown_address__gives_nothing(tmp_path: Path) -> None:
    assert opened(write_database(tmp_path / "city.mmdb")).find(UNKNOWN_IP) == {}


def test_refresh__file_replaced__new_one_answers(tmp_path: Path) -> None:
    # Given a database that was asked before
    path = write_database(tmp_path / "city.mmdb")
    database = opened(path)
    database.find(LONDON_IP)

    # When a newer one takes its place, in place and not by renaming
    path.write_bytes(write_database(tmp_path / "new.mmdb", london={**LONDON, "postal": {"code": "SW9"}}).read_bytes())
    os.utime(path, ns=(1, 1))
    database.refresh()

    # Then
    assert database.find(LONDON_IP)["$geoip_postal_code"] == "SW9"


def test_refresh__file_damaged_later__old_one_goes_on(tmp_path: Path) -> None:
    # Given
    path = write_database(tmp_path / "city.mmdb")
    database = opened(path)

    # When half of it is overwritten, as by a copy that was cut short
    path.write_bytes(path.read_bytes()[:100])
    with structlog.testing.capture_logs() as logs:
        database.refresh()
        database.refresh()

    # Then it is told once, and nothing stops
    assert [line["event"] for line in logs] == ["geo.database_unreadable"]
    assert database.find(LONDON_IP)["$geoip_city_name"] == "London"


def test_refresh__file_missing__is_told_once_and_found_later(tmp_path: Path) -> None:
    # Given
    path = tmp_path / "city.mmdb"

    # When
    with structlog.testing.capture_logs() as logs:
        database = opened(path)
        database.refresh()

    # Then
    assert [(line["event"], line["log_level"]) for line in logs] == [("geo.database_missing", "warning")]
    assert database.find(LONDON_IP) == {}

    # When it comes
    write_database(path)
    database.refresh()

    # Then
    assert database.find(LONDON_IP)["$geoip_city_name"] == "London"


@pytest.mark.parametrize("content", [b"", b"not a database", os.urandom(4096)], ids=["empty", "text", "noise"])
def test_refresh__no_database__is_told_and_finds_nothing(tmp_path: Path, content: bytes) -> None:
    # Given
    path = tmp_path / "city.mmdb"
    path.write_bytes(content)

    # When
    with structlog.testing.capture_logs() as logs:
        database = opened(path)

    # Then
    assert [line["event"] for line in logs] == ["geo.database_unreadable"]
    assert database.find(LONDON_IP) == {}


def test_describe__odd_record__gives_what_can_be_read() -> None:
    odd = {"country": "GB", "city": {"names": ["London"]}, "subdivisions": ["x", {"iso_code": 7}], "location": None}
    assert places.describe(odd) == {"$geoip_subdivision_2_code": 7}
