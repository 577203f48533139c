"""The schema goes up, comes down, waits for its turn, and is finished when it was left half way."""

import os
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from clickhouse_driver import Client
from django.core.management import CommandError, call_command
from pytest_django import Settings

from apps.clickhouse import client, migrator, tables
from apps.clickhouse.embedded.testing import RunningServer, running_server
from apps.clickhouse.errors import ClickHouseUnavailableError
from apps.clickhouse.pool import make_client
from apps.clickhouse.schema_lock import SchemaLockedError, schema_lock
from apps.clickhouse.statement import Statement
from tests.processes import manage, wait_until

NAMES = sorted(path.name.removesuffix(".up.sql") for path in migrator.SCHEMA.glob("*.up.sql"))
ALL, LATER, BACK = ", ".join(NAMES), ", ".join(NAMES[1:]), ", ".join(NAMES[::-1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Run a server whose databases these tests make and drop."""
    with running_server(tmp_path_factory.mktemp("migrate"), user="baleen", password="secret") as running:
        yield running


@pytest.fixture
def database(server: RunningServer, settings: Settings, tmp_path: Path) -> Iterator[str]:
    """Point the settings at a database that does not exist yet."""
    name = f"d{tmp_path.name}".replace("-", "_")[:60]
    client.close()
    settings.CLICKHOUSE_URL = server.url.replace("/default", f"/{name}")
    settings.BALEEN_DATA_DIR = tmp_path
    client.readers.cache_clear()
    client.writers.cache_clear()
    yield name
    client.close()
    client.readers.cache_clear()
    client.writers.cache_clear()


@pytest.fixture
def admin(server: RunningServer) -> Iterator[Client]:
    """Look from outside."""
    with make_client(server.url) as connection:
        yield connection


def names_in(admin: Client, database: str) -> set[str]:
    return {row[0] for row in admin.execute("SELECT name FROM system.tables WHERE database = %(d)s", {"d": database})}


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("migrate_clickhouse", *arguments, stdout=out, no_color=True)
    return out.getvalue()


def test_migrate__no_database_yet__makes_everything(database: str, admin: Client) -> None:
    # Given
    assert migrator.pending() == NAMES

    # When
    first, second = run(), run()

    # Then
    assert first == f"Applied: {ALL}.\n"
    assert second == "Nothing to do.\n"
    assert set(tables.ALL) < names_in(admin, database)
    assert migrator.pending() == []
    assert run("--check") == "The ClickHouse schema is complete.\n"


def test_tables__columns_in_the_catalogue__are_those_of_the_server(database: str, admin: Client) -> None:
    # Given
    migrator.migrate()

    # When
    found = {table: tuple(row[0] for row in admin.execute(f"DESCRIBE {database}.{table}")) for table in tables.ALL}

    # Then
    assert found == tables.COLUMNS


def test_migrate__plan__shows_the_statements_and_changes_nothing(database: str, admin: Client) -> None:
    # When
    shown = run("--plan")

    # Then
    assert [line for line in shown.splitlines() if line.startswith("-- 000")] == [f"-- {name}" for name in NAMES]
    assert "CREATE TABLE IF NOT EXISTS events" in shown
    assert "${" not in shown
    assert names_in(admin, database) == set()
    with pytest.raises(CommandError, match=f"Pending: {ALL}"):
        run("--check")


def test_migrate__to_a_version__stops_there(database: str, admin: Client) -> None:
    # When
    assert run("--to", "1") == "Applied: 0001_events.\n"

    # Then
    assert tables.DEAD_LETTERS not in names_in(admin, database)
    assert migrator.pending() == NAMES[1:]
    assert [step.name for step in migrator.plan()] == NAMES[1:]
    assert run() == f"Applied: {LATER}.\n"


def test_migrate__to_a_version_below__says_how_to_go_down(database: str) -> None:
    # Given
    run()

    # When / Then
    with pytest.raises(CommandError, match="never rolls back"):
        run("--to", "1")
    with pytest.raises(CommandError, match="not among"):
        run("--to", "99")


def test_rollback__to_nothing__leaves_no_table(database: str, admin: Client) -> None:
    # Given
    run()
    plan = run("--rollback", "--to", "0", "--plan")

    # When
    done = run("--rollback", "--to", "0")

    # Then
    assert [line for line in plan.splitlines() if line.startswith("-- 000")] == [f"-- {name}" for name in NAMES[::-1]]
    assert done == f"Rolled back: {BACK}.\n"
    assert names_in(admin, database) == {"schema_versions"}
    assert run() == f"Applied: {ALL}.\n"
    with pytest.raises(CommandError, match="needs --to"):
        run("--rollback")


def test_migrate__stopped_half_way__is_finished_by_the_next_run(
    database: str, admin: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given: the second statement of the second migration fails
    broken = tmp_path / "schema"
    broken.mkdir()
    for file in migrator.SCHEMA.iterdir():
        text = file.read_text()
        if file.name == "0002_dead_letters.up.sql":
            text = text.replace("FROM events${LOCAL}", "FROM nowhere")
        (broken / file.name).write_text(text)
    with monkeypatch.context() as patch:
        patch.setattr(migrator, "SCHEMA", broken)
        with pytest.raises(CommandError, match=r"nowhere.*run migrate_clickhouse again"):
            run()

    # When: half of it is there
    assert tables.DEAD_LETTERS in names_in(admin, database)
    assert "events_to_dead_letters" not in names_in(admin, database)
    assert migrator.pending() == NAMES[1:]

    # Then
    assert run() == f"Applied: {LATER}.\n"
    assert "events_to_dead_letters" in names_in(admin, database)


def test_migrate__from_two_processes_at_once__runs_each_migration_once(
    database: str, admin: Client, settings: Settings, tmp_path: Path
) -> None:
    # Given: both wait for us to let go
    environment = os.environ | {
        "CLICKHOUSE_URL": settings.CLICKHOUSE_URL,
        "BALEEN_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "analytics.settings",
    }
    logs = [tmp_path / f"{number}.log" for number in range(2)]
    with schema_lock():
        processes = [manage("migrate_clickhouse", env=environment, log=log) for log in logs]
        lock = tmp_path / "clickhouse-schema.lock"
        wait_until(lambda: len(_holders(lock)) > len(processes), what="both processes")
        assert names_in(admin, database) == set()

    # When
    codes = [process.wait(60) for process in processes]

    # Then
    said = sorted(log.read_text().splitlines()[-1] for log in logs)
    assert codes == [0, 0]
    assert said == [f"Applied: {ALL}.", "Nothing to do."]
    assert admin.execute(f"SELECT version FROM {database}.schema_versions ORDER BY version") == [
        (int(name[:4]),) for name in NAMES
    ]


def _holders(path: Path) -> set[str]:
    """Name the processes that have a file open."""
    holders = set()
    for entry in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if entry.readlink() == path:
                holders.add(entry.parts[2])
        except OSError:
            continue
    return holders


def test_schema_lock__held_by_another__gives_up_and_says_where_to_look(settings: Settings, tmp_path: Path) -> None:
    # Given
    settings.BALEEN_DATA_DIR = tmp_path

    # When / Then
    with schema_lock(), pytest.raises(SchemaLockedError, match=r"clickhouse-schema\.lock"), schema_lock(wait=0.3):
        pass


def test_pending__made_by_a_newer_version__is_refused(database: str, admin: Client) -> None:
    # Given
    migrator.migrate()
    admin.execute(f"INSERT INTO {database}.schema_versions (version, md5, script) VALUES", [(99, "x", "y")])

    # When / Then
    with pytest.raises(migrator.MigrationError, match="newer version"):
        migrator.pending()


def test_pending__server_away__is_unavailable(settings: Settings) -> None:
    # Given
    settings.CLICKHOUSE_URL = "clickhouse://a:b@127.0.0.1:1/x"

    # When / Then
    with pytest.raises(ClickHouseUnavailableError):
        migrator.pending()
    with pytest.raises(CommandError, match="cannot be reached"):
        run()


CLUSTER = "main-2"


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.usefixtures("clickhouse")
def test_cluster__every_statement__parses_and_is_for_the_cluster(direction: str) -> None:
    # Given
    steps = migrator.load(direction, cluster=CLUSTER)

    # When: the engine reads the text and writes it back
    texts = [statement.rstrip(";") for step in steps for statement in step.statements]
    formatted = [
        client.run(Statement.unscoped("SELECT formatQuery(%(text)s)", {"text": text})).rows[0][0] for text in texts
    ]

    # Then
    assert all(re.search(r"ON CLUSTER `main-2`", text) for text in formatted)
    if direction == "up":
        engines = {found for text in formatted for found in re.findall(r"ENGINE = `?(\w+)", text)}
        assert engines <= {"ReplicatedReplacingMergeTree", "ReplicatedAggregatingMergeTree", "Null", "Distributed"}


@pytest.mark.usefixtures("clickhouse")
def test_cluster__down__drops_all_that_up_creates() -> None:
    # When
    up = "\n".join(text for step in migrator.load("up", cluster=CLUSTER) for text in step.statements)
    down = "\n".join(text for step in migrator.load("down", cluster=CLUSTER) for text in step.statements)

    # Then
    created = re.findall(r"^CREATE (?:TABLE|MATERIALIZED VIEW) IF NOT EXISTS (\w+)", up, re.MULTILINE)
    dropped = re.findall(r"DROP TABLE IF EXISTS (\w+)", down)
    assert sorted(created) == sorted(dropped)
    assert {f"{table}_local" for table in tables.ALL} < set(created)


def test_cluster__bad_name__is_refused() -> None:
    # When / Then
    with pytest.raises(migrator.MigrationError, match="CLICKHOUSE_CLUSTER"):
        migrator.variables("a` ; DROP")


@pytest.mark.parametrize("cluster", ["", CLUSTER])
def test_schema__every_statement__may_be_run_again(cluster: str) -> None:
    # When
    texts = [text for way in ("up", "down") for step in migrator.load(way, cluster=cluster) for text in step.statements]
    bare = [re.sub(r"--[^\n]*\n|/\*.*?\*/", "", text, flags=re.DOTALL).strip() for text in texts]

    # Then
    assert all(
        re.match(
            r"((CREATE (TABLE|MATERIALIZED VIEW) IF NOT EXISTS|DROP TABLE IF EXISTS) "
            r"|ALTER TABLE [^;]* (ADD COLUMN IF NOT EXISTS|DROP COLUMN IF EXISTS|MODIFY) )",
            text,
        )
        for text in bare
    )
