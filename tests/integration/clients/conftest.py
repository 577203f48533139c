"""A provider of models that the clients under test call."""

from collections.abc import Iterator

import pytest

from tests.providers import ProviderServer, run_provider


@pytest.fixture(scope="session")
def provider() -> Iterator[ProviderServer]:
    """Run the provider for all clients."""
    with run_provider() as running:
        yield running
