"""What the transport answers before and instead of taking spans."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from google.rpc import status_pb2  # type: ignore[import-untyped]  # has no stubs
from pytest_django import Settings

from apps.ingest import log
from apps.ingest.errors import BodyTimeoutError, InvalidTokenError, LogUnavailableError
from apps.ingest.otlp import transport
from apps.ingest.otlp.credentials import find_token
from apps.ingest.otlp.transport import Export
from tests.factories.accounts import ProjectFactory
from tests.processes import ROOT, free_port

CHAT = {
    "traceId": "5b8aa5a2d2c872e8321cf37308d69df2",
    "spanId": "051581bf3cb55c13",
    "name": "chat",
    "attributes": [{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}],
}
BODY = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [CHAT]}]}]}).encode()


@pytest.fixture
def no_valkey(settings: Settings) -> Iterator[None]:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    log.event_log.cache_clear()
    yield
    log.event_log.cache_clear()


@pytest.mark.django_db
@pytest.mark.usefixtures("no_valkey")
def test_answer__event_log_away__says_when_to_come_back() -> None:
    # Given a project, and no event log
    token = ProjectFactory.create().api_token

    # When
    status, headers, content = transport.answer(
        Export(BODY, "/v1/traces", content_type="application/json", authorization=f"Bearer {token}")
    )

    # Then
    assert status == 503
    assert int(dict(headers)["Retry-After"]) > 0
    assert json.loads(content)["code"] == 14


@pytest.mark.parametrize(
    ("content_type", "is_protobuf"),
    [("application/x-protobuf", True), ("application/protobuf; x=y", True), ("application/json", False), ("", False)],
)
def test_refusal__before_the_body_came__is_in_the_encoding_of_the_request(
    content_type: str,
    is_protobuf: bool,  # noqa: FBT001 - a parameter of the case
) -> None:
    # When
    status, _, content = transport.refusal(BodyTimeoutError("late"), content_type)
    fault, _, told = transport.refusal(None, content_type)

    # Then
    assert (status, fault) == (408, 500)
    read = status_pb2.Status.FromString if is_protobuf else json.loads
    assert (read(content)["code"] if not is_protobuf else read(content).code) == 4
    assert b"Something went wrong" in told


@pytest.mark.parametrize(
    "authorization",
    ["Bearer phc_1", "bearer phc_1", "Bearer%20phc_1", "phc_1", "Basic cGhjXzE6", "Basic OnBoY18x", " Bearer  phc_1 "],
)
def test_token__in_any_header_an_exporter_can_send__is_found(authorization: str) -> None:
    assert find_token(authorization) == "phc_1"


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Basic ?", "Basic /w==", "Bearer phx_1", "Bearer ä"]
)
def test_token__that_is_none__is_refused(authorization: str) -> None:
    with pytest.raises(InvalidTokenError):
        find_token(authorization)


def test_token__in_header_and_address__is_that_of_the_header() -> None:
    assert find_token("Bearer phc_1", "phc_2", "phc_3") == "phc_1"
    assert find_token("", "phc_2", "phc_3") == "phc_2"
    assert find_token("", "", "phc_3") == "phc_3"


def test_unavailable__of_the_log__carries_its_seconds() -> None:
    _, headers, _ = transport.refusal(LogUnavailableError("full", retry_after=10), "application/json")
    assert dict(headers)["Retry-After"] == "10"


def test_protobuf__before_the_first_export_in_it__is_not_in_memory() -> None:
    # Given a web process as it starts
    script = "import sys, analytics.wsgi; print([name for name in sys.modules if name.startswith('google.protobuf')])"

    # When
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    # Then
    assert done.stdout.splitlines()[-1] == "[]"


def test_find_token__endless_header__is_no_key_and_not_taken_apart() -> None:
    with pytest.raises(InvalidTokenError):
        find_token("Bearer " + "%" * 300_000)
