"""How long each column of a Native block is, so that blocks can be cut and passed on without decoding.

Source: ClickHouse's Native format as of protocol revision 54453 (src/Formats/NativeWriter.cpp and the
serializations in src/DataTypes/Serializations): per column a name, a type, all state prefixes, then the data.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from apps.clickhouse.embedded.wire import Reader, WireError, bytes_refill, string, varint

MAX_NAME: Final = 1 << 20
MAX_COLUMNS: Final = 100_000
FIXED: Final = {
    **dict.fromkeys(("UInt8", "Int8", "Bool", "Enum8", "Nothing"), 1),
    **dict.fromkeys(("UInt16", "Int16", "Enum16", "Date", "BFloat16"), 2),
    **dict.fromkeys(("UInt32", "Int32", "Float32", "DateTime", "DateTime32", "Date32", "IPv4", "Decimal32", "Time"), 4),
    **dict.fromkeys(("UInt64", "Int64", "Float64", "DateTime64", "Decimal64", "Time64"), 8),
    **dict.fromkeys(("UInt128", "Int128", "UUID", "IPv6", "Decimal128"), 16),
    **dict.fromkeys(("UInt256", "Int256", "Decimal256"), 32),
}
ALIASES: Final = {
    "Point": "Tuple(Float64, Float64)",
    "Ring": "Array(Tuple(Float64, Float64))",
    "LineString": "Array(Tuple(Float64, Float64))",
    "MultiLineString": "Array(Array(Tuple(Float64, Float64)))",
    "Polygon": "Array(Array(Tuple(Float64, Float64)))",
    "MultiPolygon": "Array(Array(Array(Tuple(Float64, Float64))))",
}
DECIMAL_WIDTHS: Final = ((9, 4), (18, 8), (38, 16), (76, 32))
ADDITIONAL_KEYS: Final = 1 << 9
GLOBAL_DICTIONARY: Final = 1 << 8
LOW_CARDINALITY_VERSION: Final = 1
FLATTENED: Final = 3
MAX_TYPES: Final = 250
"""A code of one byte a row has room for no more."""

Skip = Callable[[Reader, int], None]


class UnknownLayoutError(WireError):
    """A type or form whose bytes cannot be measured without decoding (Dynamic, Variant, aggregate states)."""


class Layout(NamedTuple):
    """How to consume one column: its state prefixes, then the data of so many rows."""

    prefix: Callable[[Reader], None]
    data: Skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a block as the header names it."""

    name: bytes
    type: bytes


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a block and its number of rows."""

    columns: tuple[Column, ...]
    rows: int

    def empty_block(self) -> bytes:
        """Write the block of zero rows that announces the columns of a result."""
        names = b"".join(string(column.name) + string(column.type) for column in self.columns)
        return varint(len(self.columns)) + b"\x00" + names


def split_arguments(text: str) -> list[str]:
    """Split the arguments of a type at its top-level commas, minding brackets and quotes."""
    parts, depth, start, position = [], 0, 0, 0
    while position < len(text):
        character = text[position]
        if character in "'`\"":
            position += 1
            while position < len(text) and text[position] != character:
                position += 2 if text[position] == "\\" else 1
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(text[start:position].strip())
            start = position + 1
        position += 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def _element_type(text: str) -> str:
    """Take the type of a tuple element that may carry a name before it."""
    head = text.split("(", 1)[0]
    if text.startswith("`"):
        end = 1
        while end < len(text) and text[end] != "`":
            end += 2 if text[end] == "\\" else 1
        return text[end + 1 :].strip()
    return text.split(" ", 1)[1].strip() if " " in head.strip() else text


def _no_prefix(_reader: Reader) -> None:
    return


def _fixed(width: int) -> Layout:
    return Layout(_no_prefix, lambda reader, rows: reader.skip(width * rows))


def _nullable(inner: Layout) -> Layout:
    def data(reader: Reader, rows: int) -> None:
        reader.skip(rows)
        inner.data(reader, rows)

    return Layout(inner.prefix, data)


def _array(inner: Layout) -> Layout:
    def data(reader: Reader, rows: int) -> None:
        if rows:
            reader.skip(8 * (rows - 1))
            inner.data(reader, reader.uint64())

    return Layout(inner.prefix, data)


def _tuple(elements: list[Layout]) -> Layout:
    if not elements:
        return _fixed(1)

    def prefix(reader: Reader) -> None:
        for element in elements:
            element.prefix(reader)

    def data(reader: Reader, rows: int) -> None:
        for element in elements:
            element.data(reader, rows)

    return Layout(prefix, data)


def _low_cardinality(keys: Layout) -> Layout:
    def prefix(reader: Reader) -> None:
        if reader.uint64() != LOW_CARDINALITY_VERSION:
            raise WireError("a LowCardinality column of an unknown version")

    def data(reader: Reader, rows: int) -> None:
        if not rows:
            return
        flags = reader.uint64()
        if flags & GLOBAL_DICTIONARY or not flags & ADDITIONAL_KEYS:
            raise WireError("a LowCardinality column with a shared dictionary")
        keys.data(reader, reader.uint64())
        reader.skip(reader.uint64() * (1 << (flags & 0xFF)))

    return Layout(prefix, data)


def _dynamic_prefix(reader: Reader) -> list[Layout]:
    if reader.uint64() != FLATTENED:
        raise UnknownLayoutError("a Dynamic column in another form than the flattened one cannot be passed through")
    count = reader.varint()
    if count > MAX_TYPES:
        raise WireError(f"a Dynamic column of {count} types")
    layouts = [layout_of(reader.string(MAX_NAME)) for _ in range(count)]
    for layout in layouts:
        layout.prefix(reader)
    return layouts


def _skip_dynamic(reader: Reader, rows: int, layouts: list[Layout]) -> None:
    """Skip the code of each row, then each type's values: as many as there are rows with its code."""
    codes = reader.take(rows)
    if codes and max(codes) > len(layouts):
        raise WireError("a Dynamic column with a code for no type")
    for code, layout in enumerate(layouts):
        layout.data(reader, codes.count(code))


def _flattened_json() -> Layout:
    """Measure a JSON column in flattened form: its prefix names the paths, so the data is read by what it said."""

    def prefix(reader: Reader) -> None:
        if reader.uint64() != FLATTENED:
            raise UnknownLayoutError("a JSON column in another form than the flattened one cannot be passed through")
        count = reader.varint()
        if count > MAX_COLUMNS:
            raise WireError(f"a JSON column of {count} paths")
        reader.skip_strings(count)
        reader.notes.append([_dynamic_prefix(reader) for _ in range(count)])

    def data(reader: Reader, rows: int) -> None:
        for layouts in reader.notes.popleft():
            _skip_dynamic(reader, rows, layouts)

    return Layout(prefix, data)


@lru_cache(maxsize=4096)
def layout_of(type_name: str) -> Layout:
    """Compile a type name to the way its bytes are measured."""
    text = ALIASES.get(type_name.strip(), type_name.strip())
    name, _, rest = text.partition("(")
    arguments = split_arguments(rest[:-1]) if rest.endswith(")") else []
    if name == "String":
        return Layout(_no_prefix, Reader.skip_strings)
    if name in FIXED:
        return _fixed(FIXED[name])
    if name.startswith("Interval"):
        return _fixed(8)
    if name == "JSON" and all("=" in argument for argument in arguments):  # limits only, no typed paths
        return _flattened_json()
    return _compound(name, arguments, text)


def _compound(name: str, arguments: list[str], text: str) -> Layout:  # noqa: PLR0911 - one line a type
    match name:
        case "FixedString":
            return _fixed(int(arguments[0]))
        case "Decimal":
            precision = int(arguments[0])
            return _fixed(next(width for digits, width in DECIMAL_WIDTHS if precision <= digits))
        case "Nullable":
            return _nullable(layout_of(arguments[0]))
        case "Array":
            return _array(layout_of(arguments[0]))
        case "Map":
            return _array(_tuple([layout_of(argument) for argument in arguments]))
        case "Tuple":
            return _tuple([layout_of(_element_type(argument)) for argument in arguments])
        case "Nested":
            return _array(_tuple([layout_of(_element_type(argument)) for argument in arguments]))
        case "LowCardinality":
            inner = arguments[0]
            return _low_cardinality(layout_of(inner[9:-1] if inner.startswith("Nullable(") else inner))
        case "SimpleAggregateFunction":
            return layout_of(arguments[1])
        case _:
            raise UnknownLayoutError(f"a column of type {text} cannot be passed through")


def read_block(reader: Reader, on_column: Callable[[Column], None] | None = None) -> Header:
    """Consume one whole block (after its block info) and return its header."""
    count, rows = reader.varint(), reader.varint()
    if count > MAX_COLUMNS:
        raise WireError(f"a block of {count} columns")
    columns = []
    for _ in range(count):
        column = Column(reader.raw_string(MAX_NAME), reader.raw_string(MAX_NAME))
        if on_column:
            on_column(column)
        columns.append(column)
        if rows:
            try:
                layout = layout_of(column.type.decode("utf-8", "surrogateescape"))
            except (IndexError, ValueError, StopIteration, RecursionError) as exc:
                raise UnknownLayoutError(f"an unknown column type {column.type[:200]!r}") from exc
            layout.prefix(reader)
            layout.data(reader, rows)
    return Header(tuple(columns), rows)


def header_of(block: bytes) -> Header:
    """Read the header of the first block in the bytes."""
    return read_block(Reader(bytes_refill, block))


def split_blocks(data: bytes) -> list[tuple[Header, bytes]]:
    """Cut bytes in Native format into their blocks."""
    reader, blocks = Reader(bytes_refill, data), []
    rest = len(data)
    while rest:
        header = read_block(reader)
        left = reader.remaining
        blocks.append((header, data[len(data) - rest : len(data) - left]))
        rest = left
    return blocks


def retype(block: bytes, columns: tuple[Column, ...]) -> bytes:
    """Name the types of a block's columns as given (Native drops the time zone of a DateTime)."""
    types = iter(columns)
    pieces: list[bytes] = []
    reader = Reader(bytes_refill, block)
    position = 0

    def replace(column: Column) -> None:
        nonlocal position
        here = len(block) - reader.remaining
        pieces.append(block[position : here - len(string(column.type))])
        pieces.append(string(next(types).type))
        position = here

    read_block(reader, replace)
    pieces.append(block[position:])
    return b"".join(pieces)
