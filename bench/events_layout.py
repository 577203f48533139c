"""How should events lie on disk? Ordering keys and property storage, compared over the same rows on the real engine.

    python -m bench.events_layout --rows 2000000

Prints one JSON line a figure: {layout, name, value, unit}. Times are the best of several runs, CPU is the server
process's own (insert and the merges it causes), so the figures survive a busy machine. The choice made from them is
docs/decisions/0004-events-table.md.
"""

# ruff: noqa: S608 - every word of this SQL is our own

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

from apps.clickhouse.embedded.testing import RunningServer, running_server

BLOCK = 20_000
"""Rows of one insert, as the writer sends them."""

# Three months, two projects (nine rows in ten in the first), nine event names, a person every 33 events, 17 properties
# of about 620 bytes.
SOURCE = """
CREATE TABLE source ENGINE = MergeTree ORDER BY received_us AS
WITH
    rand(1) AS r1, rand(2) AS r2, rand(3) AS r3, rand(4) AS r4, rand(5) AS r5,
    intDiv({rows}, 33) AS people,
    intDiv(r1 % people * (r2 % 1000), 1000) AS person,
    toInt64(1788000000000000) + toInt64(number) * intDiv(7776000000000, {rows}) AS received
SELECT
    if(r5 % 10 = 0, 2, 1) AS project_id,
    toString(generateUUIDv4()) AS uuid,
    ['$pageview', '$pageview', '$pageview', '$autocapture', '$ai_generation', '$ai_generation', 'chat started',
     'message sent', 'message sent', 'answer rated', 'user signed up', '$pageleave'][r3 % 12 + 1] AS event,
    concat('person-', toString(person)) AS distinct_id,
    toString(reinterpretAsUUID(sipHash128(person))) AS person_id,
    received - r4 % 5000000 AS timestamp_us,
    received AS received_us,
    concat(
        '{{"$lib":"web","$lib_version":"1.298.', toString(r1 % 9),
        '","$session_id":"', toString(cityHash64(person, intDiv(received, 1800000000))),
        '","$current_url":"https://otter.example/chat/', toString(r1 % 5000),
        '","$host":"otter.example","$pathname":"/chat/', toString(r1 % 5000),
        '","$browser":"', ['Chrome', 'Safari', 'Firefox', 'Edge'][r2 % 4 + 1],
        '","$os":"', ['Mac OS X', 'Windows', 'Linux', 'iOS', 'Android'][r2 % 5 + 1],
        '","$device_type":"', ['Desktop', 'Mobile'][r2 % 2 + 1],
        '","$ai_model":"', ['gpt-4o', 'deepseek-chat', 'claude-sonnet', 'qwen3-32b', 'kimi-k2'][r3 % 5 + 1],
        '","$ai_provider":"', ['openai', 'deepseek', 'anthropic'][r3 % 3 + 1],
        '","$ai_input_tokens":', toString(r4 % 2000), ',"$ai_output_tokens":', toString(r5 % 800),
        ',"$ai_latency":', toString(r4 % 10000 / 1000), ',"$ai_is_error":', if(r5 % 100 = 0, 'true', 'false'),
        ',"plan":"', ['free', 'pro'][r1 % 2 + 1],
        '","topic":"', ['coding', 'writing', 'research', 'cooking'][r2 % 4 + 1],
        '","$user_agent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/131.',
        toString(r1 % 20),
        '"}}'
    ) AS properties,
    concat(toString(intDiv(received, 1000000)), '-', toString(intDiv(number, 100) % 50)) AS entry
FROM numbers({rows})
"""

JSON_TEXT = "CAST(properties.`{key}`, 'Nullable(String)')"
# What a raw JSON value (a String table's JSONExtractRaw, a Map's value) means as text.
RAW_TEXT = (
    "if(startsWith({v}, '\"'), "
    "if(position({v}, '\\\\') = 0, substring({v}, 2, length({v}) - 2), JSONExtractString({v})), "
    "nullIf({v}, ''))"
)
BUCKETS = (
    "map_serialization_version = 'with_buckets', map_serialization_version_for_zero_level_parts = 'basic', "
    "map_buckets_strategy = 'constant', max_buckets_in_map = 32, map_buckets_min_avg_size = 0"
)
EVERYTHING = (
    "SELECT project_id, event, timestamp, person_id, uuid, distinct_id, toJSONString(properties), received_at, entry"
)
PARTS = "SELECT sum(bytes_on_disk), count() FROM system.parts WHERE table = 'events' AND active"
DISTINCT_ORDER = "(project_id, event, toDate(timestamp), cityHash64(distinct_id), uuid)"


@dataclass(frozen=True)
class Layout:
    """One way to keep events: how properties are stored, converted and read, and the order of rows."""

    name: str
    kind: str = "String"
    convert: str = "properties"
    text: str = RAW_TEXT.replace("{v}", "JSONExtractRaw(properties, '{key}')")
    number: str = "toFloat64OrNull({text})"
    order: str = DISTINCT_ORDER
    event: str = "LowCardinality(String)"
    settings: str = ""

    def read(self, key: str) -> str:
        """Give SQL for the text of a property."""
        return self.text.replace("{key}", key)

    def read_number(self, key: str) -> str:
        """Give SQL for the number in a property."""
        return self.number.replace("{text}", self.read(key)).replace("{key}", key)


def json_layout(name: str, kind: str, **reading: str) -> Layout:
    """Make a layout of the JSON type."""
    return Layout(name, kind, f"CAST(properties, '{kind}')", **{"text": JSON_TEXT} | reading)


def map_layout(name: str, settings: str) -> Layout:
    """Make a layout of a Map from keys to raw JSON values."""
    kind = "Map(String, String)"
    convert = f"CAST(JSONExtractKeysAndValuesRaw(properties), '{kind}')"
    return Layout(name, kind, convert, RAW_TEXT.replace("{v}", "properties['{key}']"), settings=settings)


STORAGE = (
    Layout("String"),
    json_layout("JSON", "JSON(max_dynamic_paths = 256)"),
    json_layout(
        "JSON, typed reads",
        "JSON(max_dynamic_paths = 256)",
        text="properties.`{key}`.:String",
        number="properties.`{key}`.:Float64",
    ),
    json_layout("JSON, 8 paths", "JSON(max_dynamic_paths = 8)"),
    map_layout("Map", "map_serialization_version = 'basic'"),
    map_layout("Map, 32 buckets", BUCKETS),
)
ORDERS = (
    Layout("order event-day-distinct"),
    Layout("order event-day-person", order="(project_id, event, toDate(timestamp), person_id, timestamp, uuid)"),
    Layout("order day-event-distinct", order="(project_id, toDate(timestamp), event, cityHash64(distinct_id), uuid)"),
    Layout("order day-event-person", order="(project_id, toDate(timestamp), event, person_id, timestamp, uuid)"),
    Layout("order event-time", order="(project_id, event, timestamp, uuid)"),
    Layout("event a String", event="String"),
)


def queries(layout: Layout) -> dict[str, str]:
    """Give the questions a dashboard asks, over all rows of the larger project unless said otherwise."""
    scope = "project_id = 1"
    model, browser, latency = layout.read("$ai_model"), layout.read("$browser"), layout.read_number("$ai_latency")
    return {
        "trend by $ai_model": (
            f"SELECT toDate(timestamp) AS day, {model} AS value, count() FROM events "
            f"WHERE {scope} AND event = '$pageview' GROUP BY day, value"
        ),
        "mean of a number, filtered": (
            f"SELECT toDate(timestamp) AS day, avg({latency}) FROM events "
            f"WHERE {scope} AND event = '$ai_generation' AND {browser} = 'Chrome' GROUP BY day"
        ),
        "all events by $browser": f"SELECT {browser} AS value, count() FROM events WHERE {scope} GROUP BY value",
        "3-step funnel": (
            "SELECT level, count() FROM (SELECT person_id, "
            "windowFunnel(1209600000000)(toUInt64(toUnixTimestamp64Micro(timestamp)), "
            "event = 'user signed up', event = 'chat started', event = 'answer rated') AS level FROM events "
            f"WHERE {scope} AND event IN ('user signed up', 'chat started', 'answer rated') "
            "GROUP BY person_id) GROUP BY level"
        ),
        "daily people": (
            "SELECT toDate(timestamp) AS day, uniqExact(person_id) FROM events "
            f"WHERE {scope} AND event = '$pageview' GROUP BY day"
        ),
        "daily people, FINAL": (
            "SELECT toDate(timestamp) AS day, uniqExact(person_id) FROM events FINAL "
            f"WHERE {scope} AND event = '$pageview' GROUP BY day "
            "SETTINGS do_not_merge_across_partitions_select_final = 1"
        ),
        "one event, one week": (
            f"SELECT count() FROM events WHERE {scope} AND event = 'message sent' "
            "AND timestamp >= toDateTime('2026-11-10', 'UTC')"
        ),
        "any event, one day, by hour": (
            f"SELECT toStartOfHour(timestamp) AS hour, count() FROM events WHERE {scope} "
            "AND timestamp >= toDateTime('2026-11-10', 'UTC') AND timestamp < toDateTime('2026-11-11', 'UTC') "
            "GROUP BY hour"
        ),
        "newest 50, all columns": f"SELECT * FROM events WHERE {scope} ORDER BY timestamp DESC LIMIT 50",
        "newest 50 of the last day": (
            f"SELECT * FROM events WHERE {scope} AND timestamp > (SELECT max(timestamp) FROM events) - INTERVAL 1 DAY "
            "ORDER BY timestamp DESC LIMIT 50"
        ),
        "events of 20 log entries": (
            "SELECT entry, uuid FROM events WHERE entry IN (SELECT DISTINCT entry FROM source LIMIT 20) FORMAT Null"
        ),
    }


def main(arguments: list[str]) -> None:
    """Run the chosen comparison and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=4)
    parser.add_argument("--only", default="", help="names of layouts to run, with | between")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="baleen-bench-") as directory, _server(Path(directory)) as server:
        bench = _Bench(server, options.rows, options.repeat)
        bench.fill_source()
        for layout in STORAGE + ORDERS:
            if not options.only or layout.name in options.only.split("|"):
                bench.run(layout)


@contextmanager
def _server(directory: Path) -> Iterator[RunningServer]:
    """Run the engine and point the settings at it, before Django reads them."""
    os.environ |= {"BALEEN_DATA_DIR": str(directory), "BALEEN_LOG_LEVEL": "WARNING"}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "analytics.settings")
    with running_server(directory / "clickhouse", user="bench", password=token_hex(), database="bench") as server:
        os.environ["CLICKHOUSE_URL"] = server.url
        yield server


class _Bench:
    """One server, one set of source rows, any number of layouts."""

    def __init__(self, server: RunningServer, rows: int, repeat: int) -> None:
        from apps.clickhouse import client  # noqa: PLC0415 - settings know the address only now
        from apps.clickhouse.statement import Statement  # noqa: PLC0415 - as above

        self._client, self._statement = client, Statement
        self._server, self._rows, self._repeat = server, rows, repeat

    def fill_source(self) -> None:
        """Make the rows every layout takes in."""
        self._command(SOURCE.format(rows=self._rows))

    def run(self, layout: Layout) -> None:
        """Fill a table of this layout and ask everything of it."""
        self._command("DROP TABLE IF EXISTS events SYNC")
        extra = f", {layout.settings}" if layout.settings else ""
        self._command(f"""
            CREATE TABLE events (
                project_id UInt64, event {layout.event}, timestamp DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
                person_id UUID, uuid UUID, distinct_id String CODEC(ZSTD(1)), properties {layout.kind} CODEC(ZSTD(1)),
                received_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
                inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1)), entry String CODEC(ZSTD(1)),
                INDEX entry_filter entry TYPE bloom_filter(0.01) GRANULARITY 1
            ) ENGINE = ReplacingMergeTree(inserted_at) PARTITION BY toYYYYMM(timestamp) ORDER BY {layout.order}
            SETTINGS non_replicated_deduplication_window = 10000{extra}""")
        before = self._cpu()
        self._command(f"""
            INSERT INTO events
                (project_id, event, timestamp, person_id, uuid, distinct_id, properties, received_at, entry)
            SELECT project_id, event, fromUnixTimestamp64Micro(timestamp_us, 'UTC'), toUUID(person_id), toUUID(uuid),
                distinct_id, {layout.convert}, fromUnixTimestamp64Micro(received_us, 'UTC'), entry
            FROM source ORDER BY received_us
            SETTINGS max_insert_threads = 1, max_block_size = {BLOCK}, min_insert_block_size_rows = {BLOCK},
                min_insert_block_size_bytes = 0, optimize_on_insert = 0,
                json_type_escape_dots_in_keys = 1, type_json_skip_duplicated_paths = 1,
                input_format_try_infer_dates = 0, input_format_try_infer_datetimes = 0""")
        inserted = self._cpu()
        self._print(layout, "parts before merging", self._ask(PARTS)[0][1], "parts")
        for name in ("daily people", "daily people, FINAL"):
            self._print(layout, f"{name}, before merging", self._cost(queries(layout)[name])[1] * 1000, "ms CPU")
        read = self._cpu()
        self._settle()
        merged = self._cpu()
        self._print(layout, "insert CPU", (inserted - before) / self._rows * 1e6, "us/row")
        self._print(layout, "merge CPU", (merged - read) / self._rows * 1e6, "us/row")
        self._print(layout, "disk", self._ask(PARTS)[0][0] / self._rows, "bytes/row")
        uuid = self._ask("SELECT toString(uuid) FROM events LIMIT 1")[0][0]
        by_uuid = {"one event by uuid": f"SELECT * FROM events WHERE project_id = 1 AND uuid = '{uuid}'"}
        for name, sql in (queries(layout) | by_uuid).items():
            wall, cpu = self._cost(sql.replace("SELECT *", EVERYTHING))
            self._print(layout, name, wall * 1000, "ms")
            self._print(layout, f"{name}, CPU", cpu * 1000, "ms")

    def _settle(self) -> None:
        """Merge as far as a month is merged when it is over."""
        self._command("OPTIMIZE TABLE events FINAL")
        while self._ask("SELECT count() FROM system.merges WHERE table = 'events'")[0][0]:
            time.sleep(0.1)

    def _cost(self, sql: str) -> tuple[float, float]:
        """Ask several times; the best time by the clock and the mean time of the processor, in seconds."""
        self._ask(sql)
        walls, before = [], self._cpu()
        for _ in range(self._repeat):
            started = time.perf_counter()
            self._ask(sql)
            walls.append(time.perf_counter() - started)
        return min(walls), (self._cpu() - before) / self._repeat

    def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        return self._client.run(self._statement.unscoped(sql)).rows

    def _command(self, sql: str) -> None:
        self._client.command(sql, timeout=600)

    def _cpu(self) -> float:
        fields = Path(f"/proc/{self._server.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def _print(layout: Layout, name: str, value: float, unit: str) -> None:
        print(json.dumps({"layout": layout.name, "name": name, "value": round(value, 2), "unit": unit}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
