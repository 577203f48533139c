"""Reading and writing the primitives of ClickHouse's native protocol: varints, strings and plain bytes.

The format is ClickHouse's own: unsigned LEB128 varints, strings as a varint length and raw bytes, integers
little-endian.
"""

import contextlib
import socket
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final

RECEIVE_SIZE: Final = 1 << 18
MAX_VARINT_BYTES: Final = 10
ONE_BYTE: Final = 0x80
SOME: Final = 8


class WireError(Exception):
    """The bytes on the socket are not the protocol; the connection cannot be trusted any further."""


class ClientGoneError(Exception):
    """The peer closed the connection, or kept silent for too long."""


def varint(value: int) -> bytes:
    """Encode an unsigned integer as LEB128."""
    out = bytearray()
    while value >= ONE_BYTE:
        out.append(value & 0x7F | ONE_BYTE)
        value >>= 7
    out.append(value)
    return bytes(out)


def string(text: str | bytes) -> bytes:
    """Encode a string as its length and its bytes; text that is no UTF-8 keeps its original bytes."""
    raw = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    return varint(len(raw)) + raw


class Reader:
    """Consumes a byte stream and, while capturing, hands every consumed byte to a sink unchanged.

    Capturing is what lets a block travel from the socket into the engine without being decoded: the
    layout only has to know how long each column is.
    """

    def __init__(self, refill: Callable[[int], bytes], initial: bytes = b"") -> None:
        self._refill = refill
        self._buffer = initial
        self._position = 0
        self._sink: Callable[[memoryview], None] | None = None
        self._captured_from = 0
        self.notes: deque[Any] = deque()
        """What prefixes of columns said about the data that follows them, in that order."""

    @property
    def pending(self) -> bytes:
        """The bytes received and not consumed yet."""
        return self._buffer[self._position :]

    @property
    def remaining(self) -> int:
        """How many bytes are received and not consumed yet."""
        return len(self._buffer) - self._position

    def wait(self) -> None:
        """Block until at least one byte can be consumed without receiving."""
        self._need(1)

    @contextlib.contextmanager
    def capture(self, sink: Callable[[memoryview], None]) -> Iterator[None]:
        """Hand every byte consumed inside the block to the sink, in order, in large pieces."""
        self._sink = sink
        self._captured_from = self._position
        try:
            yield
            self._flush()
        finally:
            self._sink = None

    def _flush(self) -> None:
        if self._sink is not None and self._position > self._captured_from:
            self._sink(memoryview(self._buffer)[self._captured_from : self._position])
        self._captured_from = self._position

    def _need(self, count: int) -> None:
        missing = count - (len(self._buffer) - self._position)
        if missing <= 0:
            return
        self._flush()
        pieces = [self._buffer[self._position :]] if self._position < len(self._buffer) else []
        while missing > 0:
            piece = self._refill(max(missing, RECEIVE_SIZE))
            pieces.append(piece)
            missing -= len(piece)
        self._buffer = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._position = self._captured_from = 0

    def peek(self, count: int) -> bytes:
        """Look at the next bytes without consuming them."""
        self._need(count)
        return self._buffer[self._position : self._position + count]

    def byte(self) -> int:
        """Read one unsigned byte."""
        self._need(1)
        value = self._buffer[self._position]
        self._position += 1
        return value

    def take(self, count: int) -> bytes:
        """Read exactly so many bytes."""
        self._need(count)
        start = self._position
        self._position += count
        return self._buffer[start : self._position]

    def varint(self) -> int:
        """Read an unsigned LEB128 integer of at most 64 bits."""
        value = shift = 0
        for _ in range(MAX_VARINT_BYTES):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < ONE_BYTE:
                return value
            shift += 7
        raise WireError("a variable-length integer runs over ten bytes")

    def uint64(self) -> int:
        """Read an unsigned 64-bit integer."""
        return int.from_bytes(self.take(8), "little")

    def raw_string(self, limit: int) -> bytes:
        """Read a length-prefixed string that may be at most so many bytes long."""
        size = self.varint()
        if size > limit:
            raise WireError(f"a string of {size} bytes is over the limit of {limit}")
        return self.take(size)

    def string(self, limit: int) -> str:
        """Read a length-prefixed string as text; bytes that are no UTF-8 survive a round trip."""
        return self.raw_string(limit).decode("utf-8", "surrogateescape")

    def skip(self, count: int) -> None:
        """Consume so many bytes without keeping them."""
        while True:
            available = len(self._buffer) - self._position
            if count <= available:
                self._position += count
                return
            self._position += available
            count -= available
            self._need(1)

    def skip_strings(self, count: int) -> None:
        """Consume so many length-prefixed strings."""
        while count:
            self._need(1)
            count -= self._skip_equal_strings(count) or self._skip_short_strings(count) or self._skip_string()

    def _skip_equal_strings(self, count: int) -> int:
        """Skip strings of one length (UUID texts, dates, ids) as far as they are here; how many there were.

        One strided comparison does it: where every byte at the stride of the first length holds that same
        length, each of them is a length, by induction from the first.
        """
        start = self._position
        size = self._buffer[start]
        stride = size + 1
        fitting = min(count, (len(self._buffer) - start) // stride)
        if size >= ONE_BYTE or fitting < SOME:
            return 0
        if self._buffer[start : start + SOME * stride : stride] != bytes([size]) * SOME:
            return 0
        if self._buffer[start : start + fitting * stride : stride] != bytes([size]) * fitting:
            return 0
        self._position = start + fitting * stride
        return fitting

    def _skip_short_strings(self, count: int) -> int:
        """Skip strings of under 16 KiB as far as they are here whole; how many there were."""
        buffer, position, skipped = self._buffer, self._position, 0
        end = len(buffer) - 1
        while skipped < count and position < end:
            size = buffer[position]
            following = position + size + 1
            if size >= ONE_BYTE:
                high = buffer[position + 1]
                if high >= ONE_BYTE:
                    break
                following += 1 + (high - 1 << 7)
            if following > end:
                break
            position = following
            skipped += 1
        self._position = position
        return skipped

    def _skip_string(self) -> int:
        self.skip(self.varint())
        return 1


def socket_refill(sock: socket.socket) -> Callable[[int], bytes]:
    """Make a reader's source out of a socket with a timeout."""

    def refill(count: int) -> bytes:
        try:
            piece = sock.recv(min(count, 1 << 22))
        except (OSError, ValueError) as exc:
            raise ClientGoneError(str(exc)) from exc
        if not piece:
            raise ClientGoneError("the peer closed the connection")
        return piece

    return refill


def bytes_refill(_count: int) -> bytes:
    """Serve as the source of a reader over bytes that are all there: asking for more means they were cut short."""
    raise WireError("the block ends too early")
