"""A server of its own for the tests of the embedded ClickHouse, so that they may fill, cancel and break things."""

import itertools
from collections.abc import Callable, Iterator

import pytest
from clickhouse_driver import Client

from apps.clickhouse.embedded.testing import RunningServer, running_server

_tables = itertools.count()


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Run one embedded server for the whole run."""
    path = tmp_path_factory.mktemp("embedded")
    with running_server(
        path, user="ada", password="s3cret", database="shop", reader="ben", reader_password="look"
    ) as server:
        yield server


@pytest.fixture
def connect(embedded: RunningServer) -> Iterator[Callable[..., Client]]:
    """Open clients that are closed when the test ends."""
    clients: list[Client] = []

    def open_client(**options: object) -> Client:
        client = Client(
            **{
                "host": embedded.host,
                "port": embedded.port,
                "user": "ada",
                "password": "s3cret",
                "database": "shop",
                **options,
            }
        )
        clients.append(client)
        return client

    yield open_client
    for client in clients:
        client.disconnect()


@pytest.fixture
def client(connect: Callable[..., Client]) -> Client:
    """Give one client."""
    return connect()


@pytest.fixture
def table(client: Client) -> Iterator[Callable[..., str]]:
    """Create tables that go away when the test ends: `table("a UInt8", "ENGINE = Memory")` gives the name."""
    names: list[str] = []

    def create(columns: str, engine: str = "ENGINE = MergeTree ORDER BY tuple()") -> str:
        name = f"t{next(_tables)}"
        client.execute(f"CREATE TABLE {name} ({columns}) {engine}")
        names.append(name)
        return name

    yield create
    client.disconnect()
    for name in names:
        client.execute(f"DROP TABLE IF EXISTS {name}")
