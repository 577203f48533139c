"""Form fields (application/x-www-form-urlencoded, as the WHATWG URL standard has it) read at a bounded cost.

urllib makes an object of every percent sign: a body of nothing else, a few kilobytes once compressed, would cost it
gigabytes and many seconds. Here each step is one pass in native code over the bytes, whatever they are.
"""

import binascii
from typing import Final

_MOST_STRAY: Final = 10_000
"""More percent signs that escape nothing than any text put into a form has."""

_HEX: Final = b"0123456789ABCDEFabcdef"
_KINDS: Final = bytes(0x78 if byte in _HEX else byte if byte == ord("%") else 0 for byte in range(256))
"""What each byte is, for finding escapes: an `x` a digit, the percent sign itself, anything else NUL."""
_PERCENT_TO_EQUALS: Final = bytes.maketrans(b"%", b"=")


def pairs(form: bytes, most: int) -> list[tuple[bytes, bytes]]:
    """Give the fields that have a value, in their order.

    Raises ValueError for more than so many, and for a value that is hardly a form's.
    """
    if form.count(b"&") >= most:
        raise ValueError(f"There are more than {most} fields.")
    found = []
    for field in form.split(b"&"):
        name, _, value = field.partition(b"=")
        if value:
            found.append((decoded(name), decoded(value)))
    return found


def decoded(value: bytes) -> bytes:
    """Undo the escapes of a name or value: `+` is a space, `%XX` a byte, any other percent sign itself."""
    return undo_percents(value.replace(b"+", b" "))


def undo_percents(text: bytes) -> bytes:
    """Undo `%XX` alone, as urllib's `unquote_to_bytes` does. Raises ValueError for too many other percent signs."""
    if b"%" not in text:
        return text
    stray = text.translate(_KINDS).replace(b"%xx", b"\0\0\0")
    if stray.count(b"%") > _MOST_STRAY:
        raise ValueError("The percent signs escape nothing.")
    pieces: list[bytes] = []
    start = 0
    while (at := stray.find(b"%", start)) >= 0:
        pieces += text[start:at], b"%25"
        start = at + 1
    if pieces:
        text = b"".join([*pieces, text[start:]])
    del stray
    # Quoted-printable (RFC 2045) is the same with another sign, and the standard library decodes it natively.
    return binascii.a2b_qp(text.replace(b"=", b"%3D").translate(_PERCENT_TO_EQUALS))
