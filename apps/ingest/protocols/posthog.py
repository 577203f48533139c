"""The PostHog capture format: which shapes of JSON hold events, and where the project key may stand."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct, field

from apps.ingest.errors import EmptyBatchError, InvalidTokenError, MalformedPayloadError, TooManyEventsError
from apps.ingest.protocols import text

ABSENT: Final = Raw(b"")
"""Stands for a raw field that was not sent; compared by identity."""

TOKEN_LENGTH: Final = 64


class _Tokens(Struct, gc=False):
    api_key: Any = None
    token: Any = None
    other_token: Any = field(default=None, name="$token")


class WireEvent(_Tokens, gc=False):
    """One event as sent. Scalars are whatever the sender made them; validation decides."""

    event: Any = None
    distinct_id: Any = None
    uuid: Any = None
    timestamp: Any = None
    properties: Raw = ABSENT
    offset: Any = None
    other_distinct_id: Any = field(default=None, name="$distinct_id")
    set: Raw = field(default=ABSENT, name="$set")
    set_once: Raw = field(default=ABSENT, name="$set_once")
    unset: Raw = field(default=ABSENT, name="$unset")


class _Wrapping(_Tokens, gc=False):
    sent_at: Any = None
    historical_migration: Any = None


class _Envelope(_Wrapping, gc=False):
    batch: list[WireEvent] | None = None


class _RawBatch(Struct, gc=False):
    batch: list[Raw] | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """The events of one request, before any of them is judged. An element that is no object is None."""

    body: bytes
    events: Sequence[WireEvent | None]
    token: str
    sent_at: Any = None
    is_historical: bool = False
    may_ignore_sent_at: bool = True
    """Some event may say that the sender's clock is not to be corrected."""
    illegal_ids: frozenset[str] = frozenset()
    """Distinct ids, in lower case, that this format takes for nobody's."""

    def raw_events(self) -> list[bytes]:
        """Give each event's own JSON text; asked for only when one is refused."""
        return [bytes(raw) for raw in _raw_events(self.body)]


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_WRAPPING: Final = msgspec.json.Decoder(_Wrapping)
_RAW_BATCH: Final = msgspec.json.Decoder(_RawBatch)
_EVENT: Final = msgspec.json.Decoder(WireEvent)
_LIST: Final = msgspec.json.Decoder(list[WireEvent])
_RAW_LIST: Final = msgspec.json.Decoder(list[Raw])
_TOKENS: Final = msgspec.json.Decoder(_Tokens)


def parse(
    body: bytes, query_token: str = "", most: int = sys.maxsize, *, bearer: str = "", keeps_nul: bool = False
) -> Request:
    """Read a request's JSON text that holds at most so many events.

    The `bearer` of the Authorization header names the project only where nothing in the request does, since a proxy may
    have put it there for itself. `keeps_nul` leaves NUL characters alone, for content that is kept as it came.
    Raises MalformedPayloadError, EmptyBatchError, TooManyEventsError or InvalidTokenError.
    """
    body = text.clean(body.strip(), keeps_nul=keeps_nul)
    if not body:
        raise MalformedPayloadError("The body is empty; send JSON.")
    try:
        try:
            _bound(body, most)
            return _parse(body, query_token, bearer)
        except msgspec.ValidationError:
            raise
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            body = text.reread(body, exc)
            _bound(body, most)
            return _parse(body, query_token, bearer)
    except msgspec.ValidationError as exc:
        raise MalformedPayloadError(f"The body is JSON of another shape: {exc}.") from exc
    except RecursionError as exc:
        raise MalformedPayloadError("The JSON is nested too deeply to be read.") from exc


def _bound(body: bytes, most: int) -> None:
    """Refuse more events than a request may hold before any is made: each costs a hundred times its shortest text.

    No event takes less than two bytes, and commas are never fewer than what stands between the events, so few bodies
    have their events counted.
    """
    if len(body) < 2 * most or body.count(b",") < most or len(_raw_events(body)) <= most:
        return
    raise TooManyEventsError(f"The request holds more than {most} events.", attr="batch")


def _parse(body: bytes, query_token: str, bearer: str) -> Request:
    wrapping: _Wrapping | None = None
    events: Sequence[WireEvent | None]
    try:
        if body[:1] == b"[":
            events = _LIST.decode(body)
        else:
            wrapping = envelope = _ENVELOPE.decode(body)
            events = [_EVENT.decode(body)] if envelope.batch is None else envelope.batch
    except msgspec.ValidationError:
        # Something in it is no object. Its neighbours shall not suffer, so each is read by itself.
        events = [_event(raw) for raw in _raw_events(body)]
        wrapping = None if body[:1] == b"[" else _WRAPPING.decode(body)
    if not events:
        raise EmptyBatchError("The request holds no event.", attr="batch")
    token = _one_token(wrapping, query_token, events, bearer)
    ignores = b'"$ignore_sent_at"' in body
    if wrapping is None:
        return Request(body, events, token, may_ignore_sent_at=ignores)
    is_historical = wrapping.historical_migration is True
    return Request(body, events, token, wrapping.sent_at, is_historical, ignores)


def _raw_events(body: bytes) -> list[Raw]:
    if body[:1] == b"[":
        return _RAW_LIST.decode(body)
    batch = _RAW_BATCH.decode(body).batch
    return [Raw(body)] if batch is None else batch


def _event(raw: Raw) -> WireEvent | None:
    try:
        return _EVENT.decode(raw)
    except msgspec.ValidationError:
        return None


def _one_token(wrapping: _Wrapping | None, query_token: str, events: Sequence[WireEvent | None], bearer: str) -> str:
    found = {query_token} if query_token else set()
    if wrapping is not None:
        found |= _texts(wrapping)
    if not found:
        for event in events:
            if event is not None:
                found |= _texts(event) or _inside(event.properties)
    if not found and bearer:
        return check_token(bearer)
    if not found:
        raise InvalidTokenError("The request names no project key; send it as api_key.", attr="api_key")
    if len(found) > 1:
        raise InvalidTokenError("The request names more than one project key.", attr="api_key")
    return check_token(found.pop())


def _inside(properties: Raw) -> set[str]:
    if properties is ABSENT:
        return set()
    try:
        return _texts(_TOKENS.decode(properties), api_key=False)
    except msgspec.ValidationError:
        return set()


def _texts(tokens: _Tokens, *, api_key: bool = True) -> set[str]:
    values: Iterable[Any] = (tokens.api_key if api_key else None, tokens.token, tokens.other_token)
    found = {value for value in values if isinstance(value, str) and value}
    if not found and any(values):
        raise InvalidTokenError("The project key must be text.", attr="api_key")
    return found


def check_token(token: str) -> str:
    """Check the shape of a project key; whether anybody has it is for accounts to say."""
    token = token.strip()
    if token.startswith("phx_"):
        raise InvalidTokenError("A personal API key cannot send events; use the project key.", attr="api_key")
    if not token or len(token) > TOKEN_LENGTH or not token.isascii() or not token.isprintable():
        raise InvalidTokenError("The project key is not one of ours.", attr="api_key")
    return token
