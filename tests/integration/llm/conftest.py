"""Fixtures of the llm tests."""

import pytest

from apps.llm import selectors
from tests.factories.accounts import Cast, make_cast


@pytest.fixture
def cast(db: None, project_id: int) -> Cast:
    return make_cast(project_id=project_id)


@pytest.fixture(autouse=True)
def _forget_prices() -> None:
    selectors.forget_prices()
