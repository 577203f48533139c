"""A block of rows whose columns are packed already, and how it gets into the driver's stream.

Source: clickhouse-driver's streams/native.py, of which this is the same without the packing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from clickhouse_driver import defines
from clickhouse_driver.block import BlockInfo, ColumnOrientedBlock
from clickhouse_driver.protocol import ClientPacketTypes
from clickhouse_driver.varint import write_varint
from clickhouse_driver.writer import write_binary_str

from apps.clickhouse.embedded import packets
from apps.clickhouse.embedded.wire import string, varint

NO_CUSTOM_SERIALIZATION: Final = b"\x00"


class Block(NamedTuple):
    """Rows of one insert: how many, and the bytes of each column, its prefix first."""

    rows: int
    columns: Mapping[str, Sequence[bytes]]


def send_block(connection: Any, block: Block, columns: Sequence[tuple[str, str]]) -> None:  # noqa: ANN401 - untyped
    """Send a block as the server announced it: these columns by name and type."""
    server, out = connection.server_info, connection.block_out
    revision = server.used_revision
    mark = NO_CUSTOM_SERIALIZATION if revision >= defines.DBMS_MIN_REVISION_WITH_CUSTOM_SERIALIZATION else b""
    pieces = [varint(len(columns)), varint(block.rows)]
    for name, kind in columns:
        pieces += [string(name), string(kind), mark, *block.columns[name]]
    write_varint(ClientPacketTypes.DATA, connection.fout)
    if revision >= defines.DBMS_MIN_REVISION_WITH_TEMPORARY_TABLES:
        write_binary_str("", connection.fout)
    # The stream's own writer: one that compresses when the connection does.
    sink = out.fout
    if revision >= defines.DBMS_MIN_REVISION_WITH_BLOCK_INFO:
        info = BlockInfo()
        if server.display_name == packets.DISPLAY_NAME:
            # The embedded server passes on what it need not measure.
            info.bucket_num = sum(map(len, pieces))
        info.write(sink)
    for piece in pieces:
        sink.write(piece)
    out.finalize()


def send_end(connection: Any) -> None:  # noqa: ANN401 - as above
    """Say that no more blocks come."""
    connection.send_data(ColumnOrientedBlock())
