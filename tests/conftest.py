"""Fixtures every test may ask for. Services are real: a Valkey, the ClickHouse engine, each started once a run."""

import itertools
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings

from tests.live import Live, run_live

_project_ids = itertools.count(1_000_000)
_LONGEST_NAME = 60


@dataclass(frozen=True)
class Stack:
    """The stores of this run, listening where the settings say they listen."""

    data_dir: Path
    clickhouse_url: str
    redis_url: str

    @property
    def environment(self) -> dict[str, str]:
        """What a subprocess needs in order to speak to the same stores."""
        return os.environ | {
            "BALEEN_DATA_DIR": str(self.data_dir),
            "CLICKHOUSE_URL": self.clickhouse_url,
            "REDIS_URL": self.redis_url,
            "DJANGO_SETTINGS_MODULE": "analytics.settings",
        }


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """Run a real Valkey server and give its URL."""
    from tests.processes import run_valkey

    with run_valkey(settings.BALEEN_DATA_DIR / "valkey", settings.REDIS_URL) as url:
        yield url


@pytest.fixture(scope="session")
def clickhouse() -> Iterator[str]:
    """Run the embedded ClickHouse server, with the schema in place, and give its URL."""
    from apps.clickhouse import client, migrator
    from tests.processes import run_clickhouse

    stored, guest = settings.CLICKHOUSE_URL, settings.CLICKHOUSE_READER_URL
    with run_clickhouse(settings.BALEEN_DATA_DIR / "clickhouse", stored, guest) as url:
        migrator.migrate()
        yield url
        client.close()


@pytest.fixture(scope="session")
def stack(valkey: str, clickhouse: str) -> Stack:
    """Give both stores together."""
    return Stack(settings.BALEEN_DATA_DIR, clickhouse, valkey)


@pytest.fixture(scope="session")
def live() -> Iterator[Live]:
    """Run a whole Baleen, as `make run` would, and give its address and its owner's key."""
    with run_live(settings.BALEEN_DATA_DIR / "live") as running:
        yield running


@pytest.fixture
def project_id() -> int:
    """Give a project number no other test of this run has used, since ClickHouse rows outlive a test's transaction."""
    return next(_project_ids)


@pytest.fixture(autouse=True)
def _forget_tokens() -> None:
    """Drop what this process remembers of tokens, rules and persons: each test's rows are rolled back, it is not."""
    from apps.accounts import selectors
    from apps.ingest.controls.selectors import forget
    from apps.people.memory import memory

    selectors.forget_tokens()
    forget()
    memory.forget()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a long or binary value by its argument: such text may differ between processes that collect the tests."""
    if isinstance(val, bytes) or (isinstance(val, str) and len(val) > _LONGEST_NAME):
        return argname
    return None


def pytest_sessionfinish() -> None:
    """Throw this run's data directory away."""
    if settings.configured and "baleen-test-" in str(settings.BALEEN_DATA_DIR):
        shutil.rmtree(settings.BALEEN_DATA_DIR, ignore_errors=True)
