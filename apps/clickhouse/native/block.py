"""A block of rows whose columns are packed already, and how it gets into the driver's stream.

Source: clickhouse-driver's streams/native.py, of which this is the same without the packing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from clickhouse_driver import defines
from clickhouse_driver.block import BlockInfo, ColumnOrientedBlock
from clickhouse_driver.protocol import ClientPacketTypes
from clickhouse_driver.varint import write_varint
from clickhouse_driver.writer import write_binary_str, write_binary_uint8

NO_CUSTOM_SERIALIZATION = 0


class Block(NamedTuple):
    """Rows of one insert: how many, and the bytes of each column, its prefix first."""

    rows: int
    columns: Mapping[str, Sequence[bytes]]


def send_block(connection: Any, block: Block, columns: Sequence[tuple[str, str]]) -> None:  # noqa: ANN401 - untyped
    """Send a block as the server announced it: these columns by name and type."""
    revision, out = connection.server_info.used_revision, connection.block_out
    write_varint(ClientPacketTypes.DATA, connection.fout)
    if revision >= defines.DBMS_MIN_REVISION_WITH_TEMPORARY_TABLES:
        write_binary_str("", connection.fout)
    # The stream's own writer: one that compresses when the connection does.
    sink = out.fout
    if revision >= defines.DBMS_MIN_REVISION_WITH_BLOCK_INFO:
        BlockInfo().write(sink)
    write_varint(len(columns), sink)
    write_varint(block.rows, sink)
    for name, kind in columns:
        write_binary_str(name, sink)
        write_binary_str(kind, sink)
        if revision >= defines.DBMS_MIN_REVISION_WITH_CUSTOM_SERIALIZATION:
            write_binary_uint8(NO_CUSTOM_SERIALIZATION, sink)
        for piece in block.columns[name]:
            sink.write(piece)
    out.finalize()


def send_end(connection: Any) -> None:  # noqa: ANN401 - as above
    """Say that no more blocks come."""
    connection.send_data(ColumnOrientedBlock())
