"""JSON bodies of the REST API, bounded in size and depth before anyone trusts them."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import IO, Any, Final

import msgspec
from django.core.exceptions import RequestDataTooBig
from django.http import UnreadablePostError
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

MAX_BYTES: Final = 8 * 1024 * 1024
"""Room for a static cohort of some hundred thousand ids."""

MAX_DEPTH: Final = 64
"""Deeper than any question or flag a person could mean."""


class BodyTooLargeError(APIException):
    """The body has more bytes than any request of this API needs."""

    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = f"The body may have {MAX_BYTES} bytes at most."
    default_code = "body_too_large"


class BoundedJSONParser(BaseParser):
    """Parses JSON as RFC 8259 has it: UTF-8, no NaN or Infinity; and no text that PostgreSQL cannot store."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,  # noqa: ARG002 - DRF's signature
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002 - DRF's signature
    ) -> Any:  # noqa: ANN401 - any JSON value
        """Read and decode the body, or answer what is wrong with it."""
        try:
            body = stream.read(MAX_BYTES + 1)
        except RequestDataTooBig as exc:
            raise BodyTooLargeError from exc
        except UnreadablePostError as exc:
            raise ParseError("The body ended early.") from exc
        if len(body) > MAX_BYTES:
            raise BodyTooLargeError
        return decode(body)


def decode(body: bytes) -> object:
    """Decode one JSON value; raises ParseError with what is wrong with it."""
    try:
        value: object = msgspec.json.decode(body)
    except RecursionError as exc:
        raise ParseError(f"The JSON is nested more than {MAX_DEPTH} levels deep.") from exc
    except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
        raise ParseError(f"The body is not JSON: {exc}.") from exc
    _check(value)
    return value


def _check(value: object) -> None:
    """Walk a decoded value without recursion."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        below: list[object] = []
        for item in level:
            if isinstance(item, str):
                _check_text(item)
            elif isinstance(item, dict):
                below += item.keys()
                below += item.values()
            elif isinstance(item, list):
                below += item
        if not below:
            return
        level = below
    raise ParseError(f"The JSON is nested more than {MAX_DEPTH} levels deep.")


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise ParseError("The JSON contains a NUL character, which cannot be stored.")
