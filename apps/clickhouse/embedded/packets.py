"""The packets of ClickHouse's native protocol: those a client sends, read; those a server sends, written.

Source: ClickHouse's src/Server/TCPHandler.cpp, src/Interpreters/ClientInfo.cpp and src/Core/ProtocolDefines.h.
Revision 54453 is the newest whose blocks are byte for byte what chDB's Native format writes: from 54454 on
every column carries a serialization flag.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from apps.clickhouse.embedded.errors import EngineError
from apps.clickhouse.embedded.wire import Reader, WireError, string, varint

REVISION: Final = 54453
DISPLAY_NAME: Final = "baleen"
"""What this server calls itself in its greeting."""
MAX_NAME: Final = 1 << 16
MAX_VALUE: Final = 1 << 22
MAX_QUERY: Final = 1 << 28

TEMPORARY_TABLES: Final = 50264
BLOCK_INFO: Final = 51903
CLIENT_INFO: Final = 54032
SERVER_TIMEZONE: Final = 54058
QUOTA_KEY: Final = 54060
SERVER_DISPLAY_NAME: Final = 54372
VERSION_PATCH: Final = 54401
CLIENT_WRITE_INFO: Final = 54420
SETTINGS_AS_STRINGS: Final = 54429
INTERSERVER_SECRET: Final = 54441
OPENTELEMETRY: Final = 54442
FORWARDED_FOR: Final = 54443
REFERER: Final = 54447
DISTRIBUTED_DEPTH: Final = 54448
INITIAL_QUERY_START_TIME: Final = 54449
PARALLEL_REPLICAS: Final = 54453

IMPORTANT_SETTING: Final = 1
TCP, HTTP = 1, 2
COMPLETE_STAGE: Final = 2
OVERFLOWS, BUCKET = 1, 2
NO_BLOCK_INFO: Final = b"\x01\x00\x02\xff\xff\xff\xff\x00"
EMPTY_BLOCK: Final = b"\x00\x00"
LIMIT_NOT_APPLIED: Final = b"\x00\x00\x01"
"""No limit applied, no rows before it, and both of these known: an old client computes them itself otherwise."""


class Client(IntEnum):
    """What a client may send."""

    HELLO = 0
    QUERY = 1
    DATA = 2
    CANCEL = 3
    PING = 4
    TABLES_STATUS = 5


class Server(IntEnum):
    """What the server may send."""

    HELLO = 0
    DATA = 1
    EXCEPTION = 2
    PROGRESS = 3
    PONG = 4
    END_OF_STREAM = 5
    PROFILE_INFO = 6


@dataclass(frozen=True, slots=True)
class Hello:
    """Who connects, and how new its protocol is."""

    client: str
    revision: int
    database: str
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a query; unknown ones are skipped unless the client calls them important."""

    value: str
    important: bool = False


@dataclass(slots=True)
class Query:
    """One query as the client asked it."""

    query_id: str
    settings: dict[str, Setting] = field(default_factory=dict)
    stage: int = COMPLETE_STAGE
    compressed: bool = False
    text: str = ""


def read_hello(reader: Reader) -> Hello:
    """Read the first packet of a connection, its type included."""
    kind = reader.varint()
    if kind != Client.HELLO:
        raise WireError(f"the first packet is number {kind}, not Hello")
    client = reader.string(MAX_NAME)
    reader.varint()
    reader.varint()
    revision = reader.varint()
    return Hello(client, revision, reader.string(MAX_NAME), reader.string(MAX_NAME), reader.string(MAX_NAME))


def read_query(reader: Reader, revision: int, setting_type: Callable[[str], str | None]) -> Query:
    """Read a Query packet after its type."""
    query = Query(reader.string(MAX_NAME))
    if revision >= CLIENT_INFO:
        _skip_client_info(reader, revision)
    while name := reader.string(MAX_NAME):
        if revision >= SETTINGS_AS_STRINGS:
            important = bool(reader.varint() & IMPORTANT_SETTING)
            query.settings[name] = Setting(reader.string(MAX_VALUE), important)
        else:
            query.settings[name] = Setting(_typed_value(reader, name, setting_type(name)))
    if revision >= INTERSERVER_SECRET:
        reader.raw_string(MAX_NAME)
    query.stage = reader.varint()
    query.compressed = bool(reader.varint())
    query.text = reader.string(MAX_QUERY)
    return query


def _typed_value(reader: Reader, name: str, type_name: str | None) -> str:
    """Read a setting in the form of revisions before 54429, where only the setting's type tells its length."""
    if type_name is None:
        raise EngineError.refuse(f"Unknown setting {name}: its length cannot be told in this protocol revision.", 115)
    if type_name.startswith(("UInt", "Int", "Bool", "Seconds", "Milliseconds", "MaxThreads", "NonZero")):
        return str(reader.varint())
    return reader.string(MAX_VALUE)


def _skip_client_info(reader: Reader, revision: int) -> None:
    if reader.byte() == 0:
        return
    for _ in range(3):  # initial user, query id and address
        reader.raw_string(MAX_NAME)
    if revision >= INITIAL_QUERY_START_TIME:
        reader.uint64()
    interface = reader.byte()
    _skip_interface(reader, revision, interface)
    if revision >= QUOTA_KEY:
        reader.raw_string(MAX_NAME)
    if revision >= DISTRIBUTED_DEPTH:
        reader.varint()
    if revision >= VERSION_PATCH and interface == TCP:
        reader.varint()
    if revision >= OPENTELEMETRY and reader.byte():
        reader.take(24)
        reader.raw_string(MAX_NAME)
        reader.byte()
    if revision >= PARALLEL_REPLICAS:
        for _ in range(3):
            reader.varint()


def _skip_interface(reader: Reader, revision: int, interface: int) -> None:
    if interface == TCP:
        for _ in range(3):  # system user, host, client name
            reader.raw_string(MAX_NAME)
        for _ in range(3):  # version and revision of the client
            reader.varint()
    elif interface == HTTP:
        reader.byte()
        reader.raw_string(MAX_NAME)
        for since in (FORWARDED_FOR, REFERER):
            if revision >= since:
                reader.raw_string(MAX_NAME)


@dataclass(frozen=True, slots=True)
class DataStart:
    """What stands before a block: the external table's name, and the block's length where the client tells it."""

    name: str = ""
    size: int = 0


def read_data_start(reader: Reader, revision: int) -> DataStart:
    """Read a Data packet after its type up to its block.

    The block info has a field that means something only between the servers of a cluster (`bucket_num`). A client
    that knows this server by the name in its greeting may say there how many bytes the block has, so that nobody has to
    measure it.
    """
    name = reader.string(MAX_NAME) if revision >= TEMPORARY_TABLES else ""
    size = -1
    if revision >= BLOCK_INFO:
        while number := reader.varint():
            if number not in (OVERFLOWS, BUCKET):
                raise WireError(f"unknown field {number} in a block's info")
            if number == OVERFLOWS:
                reader.skip(1)
            else:
                size = int.from_bytes(reader.take(4), "little", signed=True)
    return DataStart(name, max(0, size))


def hello(revision: int, version: tuple[int, int, int], timezone: str, display_name: str) -> bytes:
    """Write the server's answer to a good Hello."""
    major, minor, patch = version
    packet = varint(Server.HELLO) + string("ClickHouse") + varint(major) + varint(minor) + varint(REVISION)
    if revision >= SERVER_TIMEZONE:
        packet += string(timezone)
    if revision >= SERVER_DISPLAY_NAME:
        packet += string(display_name)
    if revision >= VERSION_PATCH:
        packet += varint(patch)
    return packet


def exception(error: EngineError) -> bytes:
    """Write an exception with ClickHouse's number and message, without a stack trace or nested ones."""
    code = struct.pack("<i", error.code)
    return varint(Server.EXCEPTION) + code + string("DB::Exception") + string(error.message) + string("") + b"\x00"


def data_start(revision: int) -> bytes:
    """Everything of a Data packet that stands before its block."""
    packet = varint(Server.DATA)
    if revision >= TEMPORARY_TABLES:
        packet += b"\x00"
    return packet + NO_BLOCK_INFO if revision >= BLOCK_INFO else packet


def progress(
    revision: int, *, read: tuple[int, int] = (0, 0), total_rows: int = 0, written: tuple[int, int] = (0, 0)
) -> bytes:
    """Write rows and bytes read and written since the last progress packet, and rows newly known to be read."""
    packet = varint(Server.PROGRESS) + varint(read[0]) + varint(read[1]) + varint(total_rows)
    if revision >= CLIENT_WRITE_INFO:
        packet += varint(written[0]) + varint(written[1])
    return packet


def profile_info(rows: int, blocks: int, size: int) -> bytes:
    """Write what the result itself amounts to."""
    return varint(Server.PROFILE_INFO) + varint(rows) + varint(blocks) + varint(size) + LIMIT_NOT_APPLIED


PONG: Final = varint(Server.PONG)
END_OF_STREAM: Final = varint(Server.END_OF_STREAM)
