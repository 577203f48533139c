"""The stage of these tests."""

import pytest

from tests.factories.accounts import Cast, make_cast


@pytest.fixture
def cast(db: None) -> Cast:
    """Give Ada, Grace, Ben and Vera of Acme, and Eve who is outside."""
    return make_cast()
