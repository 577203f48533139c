"""What the compose file gives to clickhouse-server, asked of the same engine."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from apps.clickhouse import client
from apps.clickhouse.statement import Statement

FOLDER = Path(__file__).resolve().parents[3] / "deploy" / "clickhouse"
LOGS = {"query_log", "part_log"}


def _root(name: str) -> ET.Element:
    return ET.fromstring((FOLDER / name / "baleen.xml").read_text())  # noqa: S314 - a file of this repository


@pytest.mark.usefixtures("clickhouse")
def test_profile__every_setting_is_one_the_engine_knows() -> None:
    # Given
    names = {element.tag for element in _root("users.d").findall("profiles/default/*")}

    # When
    known = client.run(
        Statement.unscoped("SELECT name FROM system.settings WHERE name IN %(names)s", {"names": tuple(names)})
    )

    # Then
    assert names
    assert {row[0] for row in known.rows} == names


@pytest.mark.usefixtures("clickhouse")
def test_server__every_bound_is_one_the_engine_knows() -> None:
    # Given
    names = {
        element.tag for element in _root("config.d") if element.text and element.text.strip().replace(".", "").isdigit()
    }

    # When
    known = client.run(
        Statement.unscoped("SELECT name FROM system.server_settings WHERE name IN %(names)s", {"names": tuple(names)})
    )

    # Then
    assert len(names) == 3
    assert {row[0] for row in known.rows} == names


def test_system_logs__are_off_or_kept_for_days() -> None:
    for element in _root("config.d"):
        if element.tag.endswith("_log"):
            ttl = element.findtext("ttl")
            assert element.get("remove") == "1" or (element.tag in LOGS and ttl and "INTERVAL" in ttl), element.tag
