"""Debian's clickhouse-client (18.16, protocol revision 54412) works against the embedded server.

It speaks another revision than clickhouse-driver: settings in their binary form, no settings flags, no write
counters in progress packets. Runs where the program is installed (`apt-get install clickhouse-client`).
"""

import shutil
import subprocess
from collections.abc import Callable

import pytest

from apps.clickhouse.embedded.testing import RunningServer

PROGRAM = shutil.which("clickhouse-client")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="clickhouse-client is not installed")

Ask = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def ask(embedded: RunningServer) -> Ask:
    """Run clickhouse-client with a query, some input and more options."""

    def run(query: str, *options: str, rows: str = "", compression: int = 0) -> "subprocess.CompletedProcess[str]":
        where = ["--host", embedded.host, "--port", str(embedded.port), "--database", "shop"]
        who = ["--user", "ada", "--password", "s3cret", f"--compression={compression}"]
        return subprocess.run(
            [str(PROGRAM), *where, *who, *options, "--query", query],
            input=rows,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_old_client__selects__and_formats_the_result_itself(ask: Ask) -> None:
    sql = "SELECT toDateTime(86400, 'Asia/Tokyo') AS t, toLowCardinality('x') AS l, [1, 2] AS a, NULL AS n"

    done = ask(f"{sql} FORMAT TSVWithNamesAndTypes")

    assert done.stdout.splitlines() == [
        "t\tl\ta\tn",
        "DateTime(\\'Asia/Tokyo\\')\tLowCardinality(String)\tArray(UInt8)\tNullable(Nothing)",
        "1970-01-02 09:00:00\tx\t[1,2]\t\\N",
    ]
    assert done.returncode == 0


def test_old_client__inserts_from_its_input__and_reads_it_back(ask: Ask) -> None:
    ask("CREATE TABLE old (a UInt64, b Nullable(String), c LowCardinality(String)) ENGINE = MergeTree ORDER BY a")

    piped = ask("INSERT INTO old FORMAT CSV", rows="1,x,y\n2,\\N,z\n")
    typed = ask("INSERT INTO old (a, c) VALUES (3, 'w')")

    assert (piped.returncode, typed.returncode) == (0, 0), piped.stderr + typed.stderr
    assert ask("SELECT * FROM old ORDER BY a").stdout == "1\tx\ty\n2\t\\N\tz\n3\t\\N\tw\n"
    assert ask("DROP TABLE old").returncode == 0


def test_old_client__with_settings__has_them_in_force(ask: Ask) -> None:
    names = ("max_threads", "max_execution_time", "count_distinct_implementation")
    sql = "SELECT " + ", ".join(f"getSetting('{name}')" for name in names)

    done = ask(sql, "--max_threads=3", "--max_execution_time=7", "--count_distinct_implementation=uniq")

    assert done.stdout == "3\t7\tuniq\n"


def test_old_client__asking_wrongly__gets_clickhouses_code(ask: Ask) -> None:
    absent = ask("SELECT * FROM absent")
    late = ask("SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1", "--max_execution_time=1")

    assert absent.returncode == 60
    assert "DB::Exception" in absent.stderr
    assert late.returncode == 159


def test_old_client__with_compression__is_told_what_to_change(ask: Ask) -> None:
    done = ask("SELECT 1", compression=1)

    assert done.returncode == 48
    assert "connect with compression turned off" in done.stderr


def test_old_client__with_progress__shows_rows_read(ask: Ask) -> None:
    done = ask("SELECT sum(number) FROM numbers(10000000)", "--progress")

    assert done.stdout == "49999995000000\n"
    assert "10.00 million rows" in done.stderr
