import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError
from pytest_django import Settings

from apps.ingest import log
from apps.ingest.api.answers import Answer, Handler
from apps.ingest.api.capture import events
from apps.ingest.api.door import CaptureDoor, Route
from tests.factories.accounts import ProjectFactory
from tests.processes import free_port

# The door gives a thread's connections back after each request, as those that are left over from other tests.
pytestmark = pytest.mark.django_db

BODY = json.dumps({"api_key": "phc_1", "batch": [{"event": "a", "distinct_id": "ada"}]}).encode()


def ask(
    path: str = "/batch/", body: bytes = BODY, take: Handler = events, **environ: str
) -> tuple[int, dict[str, str], bytes]:
    """Ask the door alone, with a Django behind it that answers 299."""
    heard: list[Any] = []

    def django(_environ: object, start_response: Any) -> list[bytes]:  # noqa: ANN401 - WSGI's callable
        start_response("299 Django", [])
        return [b"inside"]

    full = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    door = CaptureDoor(django, {"/batch": Route(take)})
    answer = door(full | environ, lambda status, headers: heard.extend((status, headers)))  # type: ignore[arg-type]  # what WSGI calls
    return int(heard[0][:3]), dict(heard[1]), b"".join(answer)


@pytest.mark.parametrize("path", ["/", "/batches", "/api/batch/", "/batch//", "/e/x"])
def test_door__other_path__is_for_django(path: str) -> None:
    assert ask(path)[::2] == (299, b"inside")


@pytest.fixture
def no_valkey(settings: Settings) -> Iterator[None]:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    log.event_log.cache_clear()
    yield
    log.event_log.cache_clear()


@pytest.mark.parametrize("query", ["a=" + "%" * 60_000, "&" * 60_000], ids=["percents", "fields"])
def test_door__query_no_sender_means__is_400(query: str) -> None:
    status, _, body = ask(QUERY_STRING=query)
    assert status == 400
    assert json.loads(body)["code"] == "malformed_payload"


def test_door__event_log_away__is_503_with_retry_after(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a project, and no Valkey
    from apps.ingest import log

    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    away = log.EventLog()
    monkeypatch.setattr(log, "event_log", lambda: away)
    body = BODY.replace(b"phc_1", ProjectFactory.create().api_token.encode())

    # When an event comes
    status, headers, content = ask(body=body)

    # Then the sender is told when to come back
    assert status == 503
    assert int(headers["Retry-After"]) > 0
    assert json.loads(content)["code"] == "event_log_unavailable"


@pytest.mark.parametrize(("error", "status"), [(OperationalError("locked"), 503), (KeyError("ours"), 500)])
def test_door__something_breaks__says_so_and_no_more(error: Exception, status: int) -> None:
    # Given a fault that is not the sender's
    def fail(_: object) -> Answer:
        raise error

    # When an event comes
    found, _, content = ask(take=fail)

    # Then the answer does not tell of our insides
    assert found == status
    assert b"locked" not in content
    assert b"ours" not in content


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("CONTENT_LENGTH", "many", 400),
        ("CONTENT_LENGTH", str(len(BODY) + 1), 400),
        ("CONTENT_LENGTH", "0", 400),
        ("CONTENT_LENGTH", str(1 << 40), 413),
        ("QUERY_STRING", "a=1&" * 100, 400),
        ("REQUEST_METHOD", "PUT", 405),
    ],
)
def test_door__bad_request_line__is_refused(name: str, value: str, status: int) -> None:
    assert ask("/batch/", BODY, events, **{name: value})[0] == status
