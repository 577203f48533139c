"""What came through the door: the parts of a WSGI request that taking events needs, read within bounds."""

from typing import TYPE_CHECKING, Any, Final

from apps.common.http import address_of
from apps.ingest.bounds import bounds
from apps.ingest.errors import MalformedPayloadError
from apps.ingest.protocols import forms
from apps.ingest.protocols.compression import too_large

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_QUERY_FIELDS: Final = 32
_PIECE: Final = 1 << 18
_DISCARD_TIMES: Final = 4
"""How many times the bound of a body is still read, and thrown away, so that its sender learns why."""
_USER_AGENT: Final = 1_000
"""The longest user agent that is kept, in characters."""


class Arrival:
    """One request to a public endpoint."""

    __slots__ = ("_environ", "method", "path")

    def __init__(self, environ: "WSGIEnvironment") -> None:
        """Take what WSGI says of the request; its body is not read before it is asked for."""
        self._environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ["PATH_INFO"]

    def header(self, name: str) -> str:
        """Give a header by its WSGI name without `HTTP_`; empty when it was not sent."""
        value: str = self._environ.get(f"HTTP_{name}", "")
        return value

    @property
    def content_type(self) -> str:
        """What the sender says its body is."""
        value: str = self._environ.get("CONTENT_TYPE", "")
        return value

    @property
    def ip(self) -> str:
        """The address it came from, as far as that can be known."""
        return address_of(self._environ) or ""

    @property
    def user_agent(self) -> str:
        """What sent it."""
        return self.header("USER_AGENT")[:_USER_AGENT]

    @property
    def bearer(self) -> str:
        """The token of the Authorization header; empty when there is none."""
        scheme, _, token = self.header("AUTHORIZATION").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the address; of several with one name, the last."""
        text = self._environ.get("QUERY_STRING", "")
        if not text:
            return {}
        try:
            found = forms.pairs(text.encode(errors="replace"), _QUERY_FIELDS)
        except ValueError as exc:
            raise MalformedPayloadError(f"The query cannot be read: {exc}") from exc
        return {name.decode(errors="replace"): value.decode(errors="replace") for name, value in found}

    def body(self) -> bytes:
        """Read the raw body, never more than the bound, whether its length was told beforehand or not."""
        limit = bounds().body_bytes
        is_chunked = "chunked" in self.header("TRANSFER_ENCODING").lower()
        announced = self._length()
        source: Any = self._environ["wsgi.input"]
        try:
            if announced > limit:
                _discard(source, _DISCARD_TIMES * limit)
                raise too_large(limit)
            body: bytes = source.read(limit + 1 if is_chunked else announced)
            if len(body) > limit:
                _discard(source, _DISCARD_TIMES * limit)
                raise too_large(limit)
        except TimeoutError:
            raise
        except OSError as exc:
            raise MalformedPayloadError("The body could not be read to its end.") from exc
        if not is_chunked and len(body) < announced:
            raise MalformedPayloadError("The body ended before its announced length.")
        return body

    def _length(self) -> int:
        try:
            return max(0, int(self._environ.get("CONTENT_LENGTH") or 0))
        except ValueError as exc:
            raise MalformedPayloadError("The Content-Length is no number.") from exc


def _discard(source: Any, most: int) -> None:  # noqa: ANN401 - WSGI's input has no type of its own
    """Read on without keeping anything: a sender that is still sending does not see an answer."""
    while most > 0 and (piece := source.read(min(most, _PIECE))):
        most -= len(piece)
