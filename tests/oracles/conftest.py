"""Projects for random worlds: only numbers, since nothing here touches the metadata."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from apps.accounts.contracts import ProjectContext
from apps.query import runner
from apps.query.schema import RefreshMode
from tests.conftest import Stack

Json = Any

_numbers: Iterator[int] = count(500_000_000)


@pytest.fixture(autouse=True)
def _stores(stack: Stack) -> None:
    """Every oracle is held against the real engine."""


def new_project(timezone: str = "UTC", week_start_day: int = 0) -> ProjectContext:
    """Give a project no other example has used."""
    number = next(_numbers)
    return ProjectContext(number, 1, "Oracle", f"phc_{number}", timezone, week_start_day)


def answer(project: ProjectContext, query: dict[str, Any]) -> Json:
    """Ask in process, past the cache."""
    return runner.run(project, query, mode=RefreshMode.FORCE_BLOCKING)["results"]
