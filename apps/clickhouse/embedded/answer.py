"""Answering one query: which way its statement goes through the engine, and the packets that come back."""

from contextlib import closing, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from apps.clickhouse.embedded import packets, statements
from apps.clickhouse.embedded.engine import MARKER, NOT_STREAMABLE, literal
from apps.clickhouse.embedded.errors import EngineError
from apps.clickhouse.embedded.layout import Column, Header, UnknownLayoutError, header_of, retype, split_blocks
from apps.clickhouse.embedded.packets import Query, Setting
from apps.clickhouse.embedded.reporting import Report

if TYPE_CHECKING:
    from apps.clickhouse.embedded.connection import Connection

LOOKS: Final = frozenset({"SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS", "CHECK"})
PARAMETER: Final = "param_"
ZONELESS: Final = b"DateTime"
SYNTAX_ERROR: Final = 62
UNKNOWN_SETTING: Final = 115


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement ready for the engine: its text, the settings in force, the values of `{name:Type}`."""

    text: str
    settings: dict[str, str]
    params: dict[str, str]


def prepare(connection: "Connection", text: str, asked: dict[str, Setting]) -> Prepared:
    """Apply a query's settings to its session, and take the values of placeholders from among them."""
    params = {name.removeprefix(PARAMETER): given.value for name, given in asked.items() if name.startswith(PARAMETER)}
    settings = {name: given.value for name, given in asked.items() if not name.startswith((PARAMETER, MARKER))}
    if settings.get("extremes", "0") not in ("0", "false"):
        raise EngineError.refuse("The setting extremes is not supported by the embedded server.")
    try:
        connection.session.apply(settings)
    except EngineError as exc:
        if exc.code != UNKNOWN_SETTING:
            raise
        engine, session = connection.server.engine, connection.session
        unknown = {name for name in settings if engine.setting_type(name, session) is None}
        if any(asked[name].important for name in unknown):
            raise
        settings = {name: value for name, value in settings.items() if name not in unknown}
        session.apply(settings)
    return Prepared(text, settings, params)


def answer_query(connection: "Connection", query: Query) -> None:
    """Run a statement and send its result up to, but not including, the end of the stream."""
    session = connection.session
    text = statements.server_text(query.text)
    word = statements.first_word(text)
    if word == "SET":
        session.set_for_good(text)
        return
    prepared = prepare(connection, text, query.settings)
    if word in statements.STREAMED:
        try:
            _stream(connection, prepared)
        except EngineError as exc:
            if NOT_STREAMABLE not in exc.message:
                raise
        else:
            return
    if word == "KILL":
        prepared = replace(prepared, text=_with_own_query_ids(text, connection.server.running()))
    _run(connection, prepared, word)
    if word == "USE":
        session.note_database()


def _stream(connection: "Connection", query: Prepared) -> None:
    session, revision = connection.session, connection.revision
    start = packets.data_start(revision)
    rows = blocks = size = 0
    columns: tuple[Column, ...] | None = None
    report = Report(connection)
    stream = session.stream(query.text, query.params, report.under_way)
    with connection.watched(), closing(stream) as chunks:
        for chunk in chunks:
            if connection.cancelled:
                return
            if not chunk.data:
                report.read(chunk)
                break
            pieces = []
            if not blocks:
                header, columns = _header(connection, query, chunk.data)
                pieces = [start, header.empty_block()] if header else []
            data = retype(chunk.data, columns) if columns else chunk.data
            report.read(chunk)
            connection.send(*pieces, start, data)
            rows, blocks, size = rows + chunk.rows, blocks + 1, size + len(data)
    if connection.cancelled:
        return
    if not blocks:
        with suppress(EngineError):
            described = Header(tuple(session.describe(statements.as_subquery(query.text), query.params)), 0)
            connection.send(start, described.empty_block())
    connection.send(packets.profile_info(rows, blocks, size), start, packets.EMPTY_BLOCK)


def _header(connection: "Connection", query: Prepared, block: bytes) -> tuple[Header | None, tuple[Column, ...] | None]:
    """Tell the header of a result by its first block, and the true columns where the block does not name them.

    Native drops the zone of DateTime('Zone'), and a column of JSON hides where the next one begins; in both
    cases the engine is asked to describe the query, on a session of its own as this one is streaming.
    """
    try:
        header = header_of(block)
    except UnknownLayoutError:
        header = None
    if header and all(column.type != ZONELESS for column in header.columns):
        return header, None
    try:
        with closing(connection.server.engine.session(connection.number, connection.forced)) as aside:
            aside.use(connection.session.database)
            aside.apply(query.settings)
            described = tuple(aside.describe(statements.as_subquery(query.text), query.params))
    except EngineError:
        return header, None
    if header is None:
        return Header(described, 0), None
    names = [column.name for column in header.columns]
    if described == header.columns or names != [column.name for column in described]:
        return header, None
    return Header(described, header.rows), described


def _run(connection: "Connection", query: Prepared, word: str) -> None:
    """Run a statement that is no streamable SELECT; its output is small, so it is held whole."""
    session = connection.session
    if session.statement_count(query.text) > 1:
        raise EngineError.refuse("Syntax error (Multi-statements are not allowed).", SYNTAX_ERROR)
    report = Report(connection)
    with connection.watched():
        chunk, written = session.run(query.text, query.params, report.under_way)
    if connection.cancelled:
        return
    start = packets.data_start(connection.revision)
    report.read(chunk, written)
    blocks = _blocks(chunk.data)
    if not blocks and word not in LOOKS:
        return
    header = blocks[0][0] if blocks else Header(tuple(session.columns_of(query.text)), 0)
    pieces = [piece for _, block in blocks for piece in (start, block)]
    rows = sum(block_header.rows for block_header, _ in blocks)
    profile = packets.profile_info(rows, len(blocks), len(chunk.data))
    connection.send(start, header.empty_block(), *pieces, profile, start, packets.EMPTY_BLOCK)


def _blocks(data: bytes) -> list[tuple[Header, bytes]]:
    return split_blocks(data) if data else []


def _with_own_query_ids(text: str, running: dict[str, int]) -> str:
    """Let KILL QUERY know statements by the ids their clients gave them, which the engine replaces by its own."""
    if not running:
        return text
    sessions = ", ".join(literal(str(number)) for number in running.values())
    ids = ", ".join(literal(query_id) for query_id in running)
    expression = f"transform(Settings[{literal(MARKER)}], [{sessions}], [{ids}], query_id)"
    pieces, position = [], 0
    for token in statements.tokens(text):
        if statements.unquote(token.text).lower() == "query_id" and not token.text.startswith("'"):
            pieces += [text[position : token.start], expression]
            position = token.end
    return "".join([*pieces, text[position:]])
