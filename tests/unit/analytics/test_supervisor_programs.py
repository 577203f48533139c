import shlex
import stat
from pathlib import Path

import pytest

from analytics import env
from analytics.supervisor import valkey
from analytics.supervisor.programs import Options, list_programs

OPTIONS = Options(host="127.0.0.1", port=8123, web_workers=2)


@pytest.fixture
def addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> env.Addresses:
    for name in ("CLICKHOUSE_URL", "REDIS_URL", "DATABASE_URL", "BALEEN_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BALEEN_DATA_DIR", str(tmp_path))
    return env.addresses()


def test_list_programs__nothing_configured__starts_stores_first_and_web_late(addresses: env.Addresses) -> None:
    # Given / When
    names = [program.name for program in list_programs(addresses, OPTIONS)]

    # Then
    assert names == ["valkey", "clickhouse", "prepare", "writer", "worker", "web", "welcome"]


def test_list_programs__several_writers__each_has_a_name_of_its_own(addresses: env.Addresses) -> None:
    # Given / When
    programs = list_programs(addresses, Options(host="127.0.0.1", port=8123, web_workers=1, writers=3))

    # Then
    writers = [program for program in programs if program.command[-1] == "write_events"]
    assert [program.name for program in writers] == ["writer", "writer-2", "writer-3"]
    assert len({program.wait_for for program in writers}) == 1


@pytest.mark.parametrize(
    ("variable", "url", "left_out"),
    [
        ("REDIS_URL", "redis://cache:6379/0", "valkey"),
        ("CLICKHOUSE_URL", "clickhouse://u:p@store:9000/db", "clickhouse"),
    ],
)
def test_list_programs__store_runs_elsewhere__is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, addresses: env.Addresses, variable: str, url: str, left_out: str
) -> None:
    # Given
    monkeypatch.setenv(variable, url)

    # When
    programs = {program.name: program for program in list_programs(env.addresses(), OPTIONS)}

    # Then
    assert left_out not in programs
    assert [what.split(":")[0] for what in programs["web"].wait_for] == ["port", "file"]


def test_list_programs__passwords__are_on_no_command_line(addresses: env.Addresses) -> None:
    # Given
    secrets = [url.split("@")[0].rpartition(":")[2] for url in (addresses.clickhouse_url, addresses.redis_url)]

    # When
    lines = [shlex.join(program.command) for program in list_programs(addresses, OPTIONS)]

    # Then
    assert all(len(secret) > 20 for secret in secrets)
    assert not [line for line in lines for secret in (*secrets, addresses.secret_key) if secret in line]


def test_write_configuration__file__is_readable_by_its_owner_only(addresses: env.Addresses) -> None:
    # Given / When
    valkey.write_configuration(addresses)

    # Then
    path = valkey.path(addresses)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert 'maxmemory-policy "noeviction"' in text
    assert 'bind "127.0.0.1"' in text
    assert 'appendfsync "no"' in text


@pytest.mark.parametrize(("chosen", "told", "is_ours"), [("everysec", "no", True), ("always", "always", False)])
def test_append_only_directory__fsync__is_named_when_the_sync_is_ours(
    addresses: env.Addresses, monkeypatch: pytest.MonkeyPatch, chosen: str, told: str, *, is_ours: bool
) -> None:
    # Given
    monkeypatch.setenv("BALEEN_LOG_FSYNC", chosen)

    # When / Then
    assert valkey.settings(addresses)["appendfsync"] == told
    assert (valkey.append_only_directory(addresses) is not None) == is_ours


def test_settings__unknown_fsync__names_the_choices(addresses: env.Addresses, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given
    monkeypatch.setenv("BALEEN_LOG_FSYNC", "sometimes")

    # When / Then
    with pytest.raises(SystemExit, match="everysec, always"):
        valkey.settings(addresses)


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:8123"), ("::", "http://127.0.0.1:8123"), ("::1", "http://[::1]:8123")],
)
def test_options__url__is_one_a_browser_here_can_open(host: str, url: str) -> None:
    # Given / When / Then
    assert Options(host=host, port=8123, web_workers=1).url == url
