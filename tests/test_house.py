"""Rules of the house that no tool checks by itself: what is documented, how big files get, what no file may say."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands

from analytics.probes.components import COMPONENTS
from tests.settings_read import names_read

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FILE = 450
OURS = ("analytics", "apps.")
WRITTEN_BY_TOOLS = re.compile(r"^(requirements/.*\.txt|.*/package-lock\.json|.*/migrations/\d+.*\.py)$")
BINARY = {".png", ".ico", ".gz", ".woff2", ".jpg", ".bin", ".br", ".zlib", ".zst"}

# Put together here, so that this file does not hold what it looks for. A registry is chosen by whoever installs.
REGISTRIES = [re.escape(".".join(parts)) for parts in (("pypi", "org"), ("npmjs", "org"), ("pythonhosted", "org"))]
MACHINE_PATHS = [re.escape("/".join(("", *parts))) + r"\b" for parts in (("work",), ("root",), ("home", r"user"))]
UNFINISHED = [rf"\b{word}\b" for word in ("TO" + "DO", "FIX" + "ME", "XX" + "X")]
FORBIDDEN = re.compile("|".join([*REGISTRIES, *MACHINE_PATHS, *UNFINISHED]))


@cache
def _tracked() -> list[str]:
    """List the files of the repository, those about to be added with them."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    ended = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
    names = [name for name in ended.stdout.split("\0") if name and (ROOT / name).is_file()]
    assert len(names) > 100
    return names


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_apps__each_has_a_readme_of_its_own() -> None:
    # Given
    folders = [path for path in (ROOT / "apps").iterdir() if (path / "__init__.py").exists()]

    # When / Then
    assert folders
    assert [path.name for path in folders if not (path / "README.md").exists()] == []


def test_settings__each_that_the_code_reads_is_documented() -> None:
    # Given
    cells = re.findall(r"^\| (`[A-Z][^|]*) \|", _text("docs/reference/settings.md"), re.MULTILINE)
    documented = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}

    # When / Then
    assert names_read() - documented == set()
    compose = _text("docker-compose.yml")
    assert [name for name in documented - names_read() if f"${{{name}" not in compose] == []


def test_commands__each_is_documented() -> None:
    # Given
    documented = _text("docs/reference/commands.md")
    ours = [name for name, app in get_commands().items() if app.startswith(OURS)]

    # When / Then
    assert len(ours) > 4
    assert [name for name in ours if not re.search(rf"^\| `{name}[` ]", documented, re.MULTILINE)] == []


def test_components_of_readiness__are_exactly_those_documented() -> None:
    # Given
    table = _text("docs/reference/probes.md").split("## Components")[1].split("## Metrics")[0]

    # When / Then
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(COMPONENTS)


def test_makefile__every_target_in_the_documents_exists() -> None:
    # Given
    targets = set(re.findall(r"^([a-z-]+):", _text("Makefile"), re.MULTILINE))
    documents = [name for name in _tracked() if name.endswith(".md")]

    # When
    named = {target for name in documents for target in re.findall(r"(?:`|^)make ([a-z-]+)", _text(name), re.MULTILINE)}

    # Then
    assert {"run", "test"} <= named
    assert named - targets == set()


def test_makefile__every_target_is_phony_or_a_file_and_explained() -> None:
    # Given
    text = _text("Makefile")

    # When / Then
    for target in re.findall(r"^\.PHONY: ([a-z-]+)$", text, re.MULTILINE):
        assert re.search(rf"^{target}:", text, re.MULTILINE), target
    assert not re.findall(r"^([a-z-]+):(?!.*## )", text.replace("\nbrowser:", "\n"), re.MULTILINE)


def test_requirements__every_name_asked_for_is_locked() -> None:
    for source in (ROOT / "requirements").glob("*.in"):
        locked = source.with_suffix(".txt").read_text().lower().replace("_", "-")
        for line in source.read_text().splitlines():
            name = re.match(r"^([A-Za-z][\w.-]*)", line)
            if name:
                assert re.search(rf"^{re.escape(name[1].lower())}(\[[^\]]*\])?==", locked, re.MULTILINE), line
        assert "--hash=sha256:" in locked


def test_files__none_is_longer_than_a_person_reads() -> None:
    # Given
    ours = [name for name in _tracked() if name.endswith((".py", ".js", ".mjs", ".html", ".css", ".sql"))]

    # When
    lengths = {name: _text(name).count("\n") for name in ours if not WRITTEN_BY_TOOLS.match(name)}

    # Then
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_files__none_names_a_registry_a_machine_or_something_unfinished() -> None:
    # Given
    readable = [name for name in _tracked() if Path(name).suffix not in BINARY]

    # When
    found = [
        f"{name}:{number}: {match[0]}"
        for name in readable
        for number, line in enumerate(_text(name).splitlines(), start=1)
        if (match := FORBIDDEN.search(line))
    ]

    # Then
    assert found == []


def test_documents__every_relative_link_leads_somewhere() -> None:
    # Given
    documents = [name for name in _tracked() if name.endswith(".md")]

    # When
    broken = [
        f"{name}: {link}"
        for name in documents
        for link in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", _text(name))
        if not ((ROOT / name).parent / link).exists()
    ]

    # Then
    assert broken == []


def test_decisions__are_numbered_without_gaps_and_say_what_was_decided() -> None:
    # Given
    names = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("*.md"))

    # When / Then
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    for name in names:
        text = _text(f"docs/decisions/{name}")
        assert re.search(r"Date: \d{4}-\d\d-\d\d", text), name
        assert re.search(r"Status: \w+", text), name
        assert [part for part in ("## Context", "## Decision", "## Consequences") if part not in text] == [], name


def test_installed_apps__every_app_of_the_house_is_installed() -> None:
    # Given
    folders = {f"apps.{path.parent.name}" for path in (ROOT / "apps").glob("*/apps.py")}

    # When / Then
    assert folders - {config.name for config in apps.get_app_configs()} == set()


@pytest.mark.timeout(300)
def test_staircase__no_app_imports_from_above() -> None:
    # Given / When
    ended = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-cache",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    # Then
    assert ended.returncode == 0, ended.stdout
    assert "0 broken" in ended.stdout
