"""Whatever anybody sends to the public endpoints: an answer that is no fault of ours, soon, in bounded memory."""

import base64
import gzip
import http.client
import json
import math
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import brotli
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.live import Live, LiveProject
from tests.processes import ROOT

CORPUS = sorted((ROOT / "tests" / "corpus" / "capture").iterdir())
PATHS = (
    "/batch/", "/e/", "/i/v0/e/", "/capture/", "/track/", "/engage/", "/s/", "/i/v0/ai/batch/", "/i/v0/ai/",
    "/i/v1/analytics/events", "/flags/?v=2", "/v1/traces", "/i/v0/ai/otel",
)  # fmt: skip
KINDS = ("", "application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
         "application/x-protobuf", "\xff", "multipart/form-data; boundary=" + "x" * 5_000)  # fmt: skip
CODINGS = ("", "gzip", "GZIP", "deflate", "zstd", "br", "base64", "identity", "lz64", "gzip, gzip", "nonsense")
GROWTH = 300 << 20
"""How much larger the processes may be at the end, in bytes; a single bomb unfolded is 60 MB or gigabytes."""

Pack = Callable[[bytes], bytes]
GZIP: Pack = lambda body: gzip.compress(body, mtime=0)  # noqa: E731 - one of the packers below
FORM: Pack = lambda body: b"data=" + quote(base64.b64encode(body)).encode()  # noqa: E731 - as above
BROTLI: Pack = lambda body: brotli.compress(body, quality=1)  # noqa: E731 - as above
PACKS: tuple[Pack, ...] = (
    *(bytes, GZIP, zlib.compress, zstandard.compress, BROTLI, base64.b64encode, FORM),
    lambda body: GZIP(GZIP(body))[:-1],
)
AGREEING: tuple[tuple[Pack, str], ...] = (
    (bytes, ""),
    (bytes, "identity"),
    (GZIP, "gzip"),
    (GZIP, ""),
    (zlib.compress, "deflate"),
    (zstandard.compress, "zstd"),
    (BROTLI, "br"),
    (FORM, ""),
)
"""How a body is packed, and what its header says of it."""


class Wire:
    """A connection to the running server that lasts over many requests, as those of SDKs do."""

    def __init__(self, project: LiveProject) -> None:
        self.project = project
        self._address = urlsplit(project.live.url)
        self._connection: http.client.HTTPConnection | None = None

    def send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> int:
        """Send one request and give the status; an answer that takes too long is the test's failure."""
        for attempt in range(2):
            if self._connection is None:
                self._connection = http.client.HTTPConnection(
                    str(self._address.hostname), self._address.port, timeout=30
                )
            try:
                self._connection.request(method, path, body, {name: value for name, value in headers.items() if value})
                answer = self._connection.getresponse()
                answer.read()
            except (ConnectionError, http.client.RemoteDisconnected):
                # A server may hang up on what it cannot read; a second time it would be a fault.
                self.close()
                if attempt:
                    raise
            else:
                return answer.status
        raise AssertionError

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@pytest.fixture(scope="module")
def wire(live: Live) -> Iterator[Wire]:
    connection = Wire(live.new_project())
    yield connection
    connection.close()


def resident(pid: int) -> int:
    """Add up what a process and those it started hold in memory, in bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    children = [
        child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    return pages * 4096 + sum(resident(int(child)) for child in children)


@pytest.fixture(scope="module", autouse=True)
def memory(live: Live) -> Iterator[None]:
    """Compare the memory of everything that runs before and after."""
    before = resident(live.process.pid)
    yield
    assert resident(live.process.pid) - before < GROWTH


def headers_for(wire: Wire, kind: str, coding: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {wire.project.token}",
        "Content-Type": kind,
        "Content-Encoding": coding,
        "PostHog-Sdk-Info": "fuzz/1",
        "PostHog-Attempt": "1",
        "PostHog-Request-Id": "1",
        "PostHog-Request-Timestamp": "2026-11-22T10:00:00Z",
    }


def coding_of(name: str) -> str:
    return {".zst": "zstd", ".br": "br", ".zlib": "deflate"}.get(Path(name).suffix, "")


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.name)
def test_corpus__at_every_address__is_answered(wire: Wire, file: Path) -> None:
    # Given one of the bodies that broke something somewhere
    body = file.read_bytes().replace(b"TOKEN", wire.project.token.encode())

    # When it comes to every address
    kind = "multipart/form-data; boundary=x" if file.name.startswith("multipart") else "application/json"
    statuses = {path: wire.send("POST", path, body, headers_for(wire, kind, coding_of(file.name))) for path in PATHS}

    # Then each tells what it makes of it
    assert {path: status for path, status in statuses.items() if status not in {200, 400, 401, 413, 415}} == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=8), inside, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["event", "distinct_id", "$distinct_id", "uuid", "timestamp", "offset", "properties", "$set", "$set_once", "$unset",
     "token", "api_key", "options", "session_id", "batch", "sent_at", "resourceSpans", "scopeSpans", "$snapshot_data"]
)  # fmt: skip
GOOD = {
    "event": "a",
    "distinct_id": "ada",
    "properties": {"$session_id": "s", "$snapshot_data": [{"timestamp": 1_795_330_000_000}], "$ai_model": "qwen3"},
}
EVENTS = st.dictionaries(NAMES, JSON, max_size=5).map(lambda odd: GOOD | odd)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Make what looks like a request, with anything in any place, and cut or damaged now and then."""
    events = draw(st.lists(EVENTS | JSON, max_size=4))
    envelope = draw(st.dictionaries(NAMES, JSON, max_size=2))
    whole = draw(st.sampled_from([{"api_key": "TOKEN", "batch": events}, events, events[0] if events else {}]))
    if isinstance(whole, dict):
        whole = whole | envelope
    body = json.dumps(whole, ensure_ascii=draw(st.booleans())).encode(errors="surrogatepass")
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(body)))
        body = body[:at] + draw(st.binary(max_size=9)) + body[at + draw(st.integers(0, 9)) :]
    return draw(st.sampled_from([body, body, body, body, draw(st.binary(max_size=300))]))


QUERIES = st.dictionaries(
    st.sampled_from(["token", "compression", "_", "sent_at", "ver", "ip", "beacon", "data", "v", "config", "a"]),
    st.text(max_size=12) | st.sampled_from([*CODINGS, "gzip-js", "1795330000000", "e30=", "1e999"]),
    max_size=3,
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    path=st.sampled_from(PATHS),
    body=bodies(),
    packing=st.sampled_from(AGREEING) | st.tuples(st.sampled_from(PACKS), st.sampled_from(CODINGS)),
    kind=st.sampled_from(KINDS),
    query=QUERIES,
    method=st.sampled_from(["POST", "POST", "POST", "GET", "PUT"]),
    extra=st.dictionaries(
        st.sampled_from(
            ["Origin", "User-Agent", "X-Forwarded-For", "Authorization", "PostHog-Sdk-Info", "X-Request-Id"]
        ),
        st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30),
        max_size=2,
    ),
)
def test_anything__sent_anywhere__is_no_fault_of_ours(
    wire: Wire,
    path: str,
    body: bytes,
    packing: tuple[Pack, str],
    kind: str,
    query: dict[str, str],
    method: str,
    extra: dict[str, str],
) -> None:
    # Given a request of any make
    pack, coding = packing
    packed = pack(body.replace(b"TOKEN", wire.project.token.encode()))
    address = (
        path
        + ("&" if "?" in path else "?")
        + "&".join(f"{name}={quote(text, errors='replace')}" for name, text in query.items())
    )
    headers = headers_for(wire, kind, coding) | {name: text.strip() for name, text in extra.items()}

    # When it is sent
    status = wire.send(method, address, packed, headers)

    # Then the server answers, and finds no fault in itself
    assert 200 <= status < 500


def test_afterwards__a_good_event__is_stored(live: Live) -> None:
    # Given everything that came before
    project = live.new_project()

    # When a good event comes
    answer = project.capture({"event": "all is well", "distinct_id": "ada", "properties": {"share": math.pi}})

    # Then it is stored as ever
    assert answer.status == 200
    project.wait_for(1)
    assert live.get("/_ready").status == 200
