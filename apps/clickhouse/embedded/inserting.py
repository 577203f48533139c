"""INSERT with rows from the client: its blocks go from the socket into the engine without being decoded."""

from typing import TYPE_CHECKING, Final

from apps.clickhouse.embedded import packets, statements
from apps.clickhouse.embedded.answer import prepare
from apps.clickhouse.embedded.engine import Session
from apps.clickhouse.embedded.errors import EngineError
from apps.clickhouse.embedded.layout import Column, Header, UnknownLayoutError, layout_of, read_block
from apps.clickhouse.embedded.packets import Client, Query, Setting
from apps.clickhouse.embedded.pipe import SETTINGS, Inserting
from apps.clickhouse.embedded.wire import WireError

if TYPE_CHECKING:
    from apps.clickhouse.embedded.connection import Connection

NO_SUCH_COLUMN: Final = 16
GIVEN: Final = ("", "DEFAULT")
"""Kinds of default a column may have to be asked for by an INSERT without a column list."""


def answer_insert(connection: "Connection", query: Query) -> bool:
    """Take the rows of an INSERT from the client and commit them; False when the query is something else."""
    insert = statements.client_insert(query.text) if statements.first_word(query.text) == "INSERT" else None
    if insert is None:
        return False
    plain_insert = {name: Setting(value) for name, value in SETTINGS.items()}
    prepare(connection, insert.text, query.settings | plain_insert)
    session = connection.session
    header = Header(_columns(session, insert), 0)
    inserting = Inserting(session, insert.text, header.columns)
    try:
        connection.send(packets.data_start(connection.revision), header.empty_block())
        if not _receive(connection, inserting):
            return True
        inserting.finish()
    finally:
        inserting.cancel()
    return True


def _columns(session: Session, insert: statements.Insert) -> tuple[Column, ...]:
    """Find the columns the client is asked for, in the order it listed them."""
    if insert.columns is not None and insert.names is None:
        query = f"(SELECT {insert.columns} FROM {insert.target})"  # noqa: S608 - both are the client's own SQL
        columns = list(session.describe(query))
    else:
        table = session.describe(f"TABLE {insert.target}")
        if insert.names is None:
            columns = [column for column, default in table.items() if default in GIVEN]
        else:
            known = {column.name: column for column in table}
            names = [name.encode("utf-8", "surrogateescape") for name in insert.names]
            for name in names:
                if name not in known:
                    sentence = f"No such column {name.decode(errors='replace')} in table {insert.target}"
                    raise EngineError.refuse(f"{sentence}. (NO_SUCH_COLUMN_IN_TABLE)", NO_SUCH_COLUMN)
            columns = [known[name] for name in names]
    for column in columns:
        try:
            layout_of(column.type.decode("utf-8", "surrogateescape"))
        except UnknownLayoutError as exc:
            sentence = (
                f"Column {column.name.decode(errors='replace')}: {exc}; insert a String and let the table convert it."
            )
            raise EngineError.refuse(sentence) from exc
    return tuple(columns)


def _receive(connection: "Connection", inserting: Inserting) -> bool:
    """Pass the client's blocks on until the closing one; False when the client cancelled instead.

    After an error of the engine the rest is still read, or it would be taken for the next packets.
    """
    reader = connection.reader
    while True:
        kind = reader.varint()
        if kind == Client.CANCEL:
            connection.cancelled = True
            return False
        if kind != Client.DATA:
            raise WireError(f"packet number {kind} in the middle of an insert")
        start = packets.read_data_start(reader, connection.revision)
        if not start.size and reader.peek(2) == packets.EMPTY_BLOCK:
            reader.take(2)
            return True
        with reader.capture(inserting.append):
            if start.size:
                reader.skip(start.size)
            else:
                read_block(reader)
