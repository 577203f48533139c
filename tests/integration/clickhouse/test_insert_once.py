"""An event handed over twice is stored once, over several months and over a server killed with -9."""

import contextlib
import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings as django_settings

from apps.clickhouse import client, migrator, selectors, tables
from apps.clickhouse.embedded.testing import RunningServer, running_server
from apps.clickhouse.errors import ClickHouseError, QueryTypeError
from apps.clickhouse.statement import Statement
from tests.processes import wait_until

DAY = 86_400_000_000
START = 1_767_225_600_000_000  # 2026-01-01


def block(
    project_id: int, numbers: Sequence[int], *, properties: str = "{}", entry: str = "1-0"
) -> dict[str, list[object]]:
    """Make one block of events, ten days apart, so that a few of them span several monthly partitions."""
    count = len(numbers)
    return {
        "project_id": [project_id] * count,
        "uuid": [str(UUID(int=(project_id << 64) + number)) for number in numbers],
        "event": ["seen"] * count,
        "distinct_id": [f"p{number % 7}" for number in numbers],
        "person_id": [str(UUID(int=number % 7)) for number in numbers],
        "timestamp_us": [START + number * 10 * DAY for number in numbers],
        "received_us": [START] * count,
        "properties": [properties] * count,
        "entry": [entry] * count,
    }


def counts(project_id: int) -> tuple[int, int, int]:
    """Give rows, different ids and months."""
    statement = Statement(
        "SELECT count(), uniqExact(uuid), uniqExact(toYYYYMM(timestamp)) FROM events WHERE project_id = %(project_id)s",
        {"project_id": project_id},
    )
    ((rows, ids, months),) = client.run(statement).rows
    return rows, ids, months


@pytest.mark.usefixtures("clickhouse")
def test_insert__same_token_twice_over_many_months__is_stored_once(project_id: int) -> None:
    # Given
    rows = block(project_id, range(40))

    # When
    for _ in range(3):
        client.insert(tables.EVENTS_LANDING, rows, token=f"{project_id}-a")

    # Then
    assert counts(project_id) == (40, 40, 13)


@pytest.mark.usefixtures("clickhouse")
def test_insert__same_token_other_rows__keeps_the_first_of_each_month(project_id: int) -> None:
    # Given: a token is remembered with the month of the rows
    january, april = range(3), range(9, 12)
    client.insert(tables.EVENTS_LANDING, block(project_id, january), token=f"{project_id}-a")

    # When
    others = block(project_id, [*january, *april]) | {"event": ["other"] * 6}
    client.insert(tables.EVENTS_LANDING, others, token=f"{project_id}-a")

    # Then
    assert counts(project_id) == (6, 6, 2)


@pytest.mark.usefixtures("clickhouse")
def test_insert__other_token_same_rows__is_another_insert_until_merged(project_id: int) -> None:
    # When: what a token cannot know, the table's key does, once its parts are merged
    client.insert(tables.EVENTS_LANDING, block(project_id, range(5)), token=f"{project_id}-a")
    client.insert(tables.EVENTS_LANDING, block(project_id, range(5)), token=f"{project_id}-b")
    client.insert(tables.EVENTS_LANDING, block(project_id, range(5)))
    client.command("OPTIMIZE TABLE events FINAL")

    # Then
    assert counts(project_id) == (5, 5, 2)


@pytest.mark.usefixtures("clickhouse")
def test_insert__one_bad_id__stores_nothing_of_its_block(project_id: int) -> None:
    # Given
    rows = block(project_id, range(5))
    rows["uuid"][3] = "no uuid"

    # When
    with pytest.raises(QueryTypeError):
        client.insert(tables.EVENTS_LANDING, rows, token=f"{project_id}-a")

    # Then: and the token is free again
    rows["uuid"][3] = str(UUID(int=(project_id << 64) + 3))
    client.insert(tables.EVENTS_LANDING, rows, token=f"{project_id}-a")
    assert counts(project_id) == (5, 5, 2)


@pytest.mark.usefixtures("clickhouse")
@pytest.mark.parametrize(
    "unreadable",
    ['{"a": "\\ud800"}', '{"a": 1e400}', "[1]", "", '{"a": ' * 2000 + "1" + "}" * 2000, '{"a": 1} x', '{"a": NaN}'],
    ids=["surrogate", "too large a number", "list", "nothing", "too deep", "trailing", "nan"],
)
def test_insert__unreadable_properties__keeps_the_event_and_tells(project_id: int, unreadable: str) -> None:
    # Given
    rows = block(project_id, range(3), properties='{"plan": "pro"}')
    rows["properties"][1] = unreadable
    rows["received_us"] = [wait_for_now()] * 3

    # When
    for _ in range(2):
        client.insert(tables.EVENTS_LANDING, rows, token=f"{project_id}-a")

    # Then
    parameters = {"project_id": project_id}
    stored = client.run(
        Statement(
            "SELECT toJSONString(properties), unreadable_properties FROM events "
            "WHERE project_id = %(project_id)s ORDER BY timestamp",
            parameters,
        )
    )
    assert stored.rows == [('{"plan":"pro"}', ""), ("{}", unreadable), ('{"plan":"pro"}', "")] or not unreadable
    assert counts(project_id) == (3, 3, 1)
    letters = client.run(
        Statement("SELECT code, event, payload FROM dead_letters WHERE project_id = %(project_id)s", parameters)
    )
    assert letters.rows == ([("unreadable_properties", "seen", unreadable[:65536])] if unreadable else [])


def wait_for_now() -> int:
    """Give the present moment: dead letters older than a month are dropped at once."""
    ((now,),) = client.run(Statement.unscoped("SELECT toUnixTimestamp64Micro(now64(6))")).rows
    moment: int = now
    return moment


@pytest.mark.usefixtures("clickhouse")
def test_list_written__of_entries__names_what_is_stored(project_id: int) -> None:
    # Given
    first, second = f"{project_id}-1", f"{project_id}-2"
    client.insert(tables.EVENTS_LANDING, block(project_id, range(3), entry=first))
    client.insert(tables.EVENTS_LANDING, block(project_id, range(3, 5), entry=second))

    # When
    written = selectors.list_written([first, f"{project_id}-3"])

    # Then
    assert written == {(first, str(UUID(int=(project_id << 64) + number))) for number in range(3)}
    assert selectors.list_written([]) == set()


@contextlib.contextmanager
def own_server(path: Path) -> Iterator[RunningServer]:
    """Run a server these tests may kill, with the schema in place, and point the client at it."""
    client.close()
    with running_server(path, user="baleen", password="secret", database="baleen") as server:
        django_settings.CLICKHOUSE_URL = server.url
        client.readers.cache_clear()
        client.writers.cache_clear()
        migrator.migrate()
        yield server
        client.close()


@pytest.fixture
def _address() -> Iterator[None]:
    """Put the address back."""
    before = django_settings.CLICKHOUSE_URL
    yield
    django_settings.CLICKHOUSE_URL = before
    client.readers.cache_clear()
    client.writers.cache_clear()


@pytest.mark.usefixtures("_address")
def test_insert__server_killed_in_between__is_stored_once(tmp_path: Path) -> None:
    # Given
    rows = block(1, range(40))
    with own_server(tmp_path) as server:
        client.insert(tables.EVENTS_LANDING, rows, token="a")
        server.process.kill()
        server.process.wait()

    # When
    with own_server(tmp_path):
        client.insert(tables.EVENTS_LANDING, rows, token="a")
        client.insert(tables.EVENTS_LANDING, block(1, range(40, 50)), token="b")

        # Then
        assert counts(1) == (50, 50, 17)


@pytest.mark.usefixtures("_address")
def test_insert__server_killed_while_inserting__recovers_by_token_and_look_up(tmp_path: Path) -> None:
    # Given: blocks flow until the server is killed under them
    sent = [
        block(1, range(n * 200, n * 200 + 200), properties=json.dumps({"n": n}), entry=f"{n}-0") for n in range(120)
    ]
    for rows in sent:
        rows["timestamp_us"] = [START + n * DAY for n in range(200)]
    acknowledged: list[int] = []
    with own_server(tmp_path) as server:

        def flow() -> None:
            for number, rows in enumerate(sent):
                try:
                    client.insert(tables.EVENTS_LANDING, rows, token=f"t{number}")
                except ClickHouseError:
                    return
                acknowledged.append(number)

        thread = threading.Thread(target=flow)
        thread.start()
        wait_until(lambda: len(acknowledged) >= 3, what="the first inserts")
        server.process.kill()
        thread.join(30)

    # When: all that is in doubt goes in again as the writer does it
    with own_server(tmp_path):
        last = len(acknowledged)
        before = counts(1)
        client.insert(tables.EVENTS_LANDING, sent[last], token=f"t{last}")
        written = selectors.list_written([f"{last}-0"])
        missing = [i for i, uuid in enumerate(sent[last]["uuid"]) if (f"{last}-0", uuid) not in written]
        client.insert(
            tables.EVENTS_LANDING,
            {name: [values[i] for i in missing] for name, values in sent[last].items()},
            token="more",
        )

        # Then
        assert 3 <= last < len(sent)
        assert before[1] >= last * 200
        assert counts(1)[:2] == ((last + 1) * 200, (last + 1) * 200)
