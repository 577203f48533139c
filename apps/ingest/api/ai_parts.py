"""AI events whose large values come as parts of a multipart body, beside the event they belong to."""

import io
from base64 import b64encode
from typing import Any, Final

import msgspec
import multipart
from msgspec import Raw

from apps.ingest import services
from apps.ingest.api.answers import Answer, given
from apps.ingest.api.arrival import Arrival
from apps.ingest.bounds import bounds
from apps.ingest.errors import InvalidTokenError, MalformedPayloadError, PayloadTooLargeError
from apps.ingest.protocols.compression import GZIP_MAGIC, gunzip
from apps.ingest.protocols.encoding import Packed
from apps.ingest.protocols.text import clean

_EVENT_BYTES: Final = 32 << 10
_TEXT_BYTES: Final = 960 << 10
"""The most that the event, and event and properties together, may be."""
_PARTS: Final = 100
_PREFIX: Final = "event.properties."

_EVENT: Final = msgspec.json.Decoder(dict[str, Raw])


def event_in_parts(arrival: Arrival) -> Answer:
    """Put the parts of an event together, take it in, and name the parts that were understood."""
    if not arrival.bearer:
        raise InvalidTokenError("The project key is missing; send it as Authorization: Bearer.")
    limit = bounds().body_bytes
    body = arrival.body()
    parts = _parts(gunzip(body, limit) if body.startswith(GZIP_MAGIC) else body, arrival.content_type, limit)
    try:
        event = _assembled(parts)
    except (msgspec.MsgspecError, RecursionError) as exc:
        raise MalformedPayloadError(f"The event cannot be read: {exc}.", attr="event") from exc
    services.capture(
        services.Capture(
            Packed(msgspec.json.encode(event)),
            path=arrival.path,
            token=arrival.bearer,
            ip=arrival.ip,
            user_agent=arrival.user_agent,
            origin=arrival.header("ORIGIN"),
        )
    )
    return given({"accepted_parts": [_described(part) for part in parts.values()]})


def _parts(body: bytes, content_type: str, limit: int) -> dict[str, multipart.MultipartPart]:
    kind, options = multipart.parse_options_header(content_type)
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise MalformedPayloadError("The body must be multipart/form-data with a boundary.")
    parts: dict[str, multipart.MultipartPart] = {}
    try:
        for part in multipart.MultipartParser(
            io.BytesIO(body),
            options["boundary"],
            part_limit=_PARTS,
            # All of it is in memory already; nothing is to be written to disk.
            spool_limit=limit,
            memory_limit=limit,
        ):
            if part.name in parts:
                raise MalformedPayloadError(f"The part {part.name} comes twice.", attr=part.name)
            parts[part.name] = part
    except (multipart.MultipartError, UnicodeDecodeError, LookupError) as exc:
        raise MalformedPayloadError(f"The multipart body cannot be read: {exc}.") from exc
    return parts


def _assembled(parts: dict[str, multipart.MultipartPart]) -> dict[str, Any]:
    """Give the event with everything that came beside it in its properties."""
    if next(iter(parts), None) != "event":
        raise MalformedPayloadError("The first part must be named event.", attr="event")
    texts = [parts[name].size for name in ("event", "event.properties") if name in parts]
    if texts[0] > _EVENT_BYTES or sum(texts) > _TEXT_BYTES:
        raise PayloadTooLargeError(f"The event may be {_EVENT_BYTES} bytes, with its properties {_TEXT_BYTES}.")
    event = _object(parts["event"])
    properties = _EVENT.decode(event.get("properties", Raw(b"{}")))
    for name, part in parts.items():
        if name == "event.properties":
            properties |= _object(part)
        elif name.startswith(_PREFIX) and len(name) > len(_PREFIX):
            properties[name.removeprefix(_PREFIX)] = _value(part)
        elif name != "event":
            raise MalformedPayloadError(f"No part is named {name}.", attr=name)
    _check(event, properties)
    return event | {"properties": properties}


def _check(event: dict[str, Raw], properties: dict[str, Raw]) -> None:
    name = msgspec.json.decode(event.get("event", Raw(b"null")))
    if not isinstance(name, str) or not name.startswith("$ai_"):
        raise MalformedPayloadError("The name of the event must start with $ai_.", attr="event.event")
    model = msgspec.json.decode(properties.get("$ai_model", Raw(b"null")))
    if not isinstance(model, str) or not model:
        raise MalformedPayloadError("The event must say its $ai_model.", attr="event.properties.$ai_model")


def _object(part: multipart.MultipartPart) -> dict[str, Raw]:
    try:
        return _EVENT.decode(clean(part.raw))
    except (msgspec.MsgspecError, RecursionError) as exc:
        raise MalformedPayloadError(f"The part {part.name} is no JSON object: {exc}.", attr=part.name) from exc


def _value(part: multipart.MultipartPart) -> Raw:
    """Give a part as the JSON value it becomes: JSON as it is, text as text, anything else as a data URL."""
    kind = part.content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        text = clean(part.raw)
        try:
            msgspec.json.decode(text)
        except (msgspec.MsgspecError, RecursionError) as exc:
            raise MalformedPayloadError(f"The part {part.name} is no JSON: {exc}.", attr=part.name) from exc
        return Raw(text)
    if kind.startswith("text/"):
        return Raw(msgspec.json.encode(part.raw.decode(errors="replace").replace("\0", "\ufffd")))
    return Raw(msgspec.json.encode(f"data:{kind};base64,{b64encode(part.raw).decode()}"))


def _described(part: multipart.MultipartPart) -> dict[str, object]:
    return {
        "name": part.name,
        "length": part.size,
        "content-type": part.content_type,
        "content-encoding": part.headers.get("Content-Encoding"),
    }
