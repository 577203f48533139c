"""The probes around components that need no store; tests/integration/ops asks the real ones."""

import json
from functools import partial

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from analytics.probes import middleware
from analytics.probes.readiness import Inspector
from tests.processes import free_port


class Trap:
    """Stands for the rest of the stack, which a probe must not reach."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.paths.append(request.path)
        return HttpResponse("page")


@pytest.fixture
def trap() -> Trap:
    return Trap()


def _use(monkeypatch: pytest.MonkeyPatch, **components: str | None) -> None:
    def check(detail: str | None) -> str:
        if detail is None:
            raise ConnectionError("refused")
        return detail

    inspector = Inspector({name: partial(check, detail) for name, detail in components.items()})
    monkeypatch.setattr(middleware, "inspector", lambda: inspector)


@pytest.mark.parametrize("path", ["/_health", "/_liveness", "/_health/", "/_liveness/"])
@pytest.mark.parametrize("host", ["testserver", "no such: host"])
def test_health__any_host__is_ok_without_reaching_the_application(trap: Trap, path: str, host: str) -> None:
    # Given / When
    response = middleware.answer_probes(trap)(RequestFactory().get(path, headers={"host": host}))

    # Then
    assert response.status_code == 200
    assert json.loads(response.content) == {"status": "ok"}
    assert response["Cache-Control"] == "no-store"
    assert trap.paths == []


@pytest.mark.parametrize("path", ["/_ready", "/_readiness", "/_ready/", "/_readiness/"])
def test_ready__every_component_serves__is_200(trap: Trap, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given
    _use(monkeypatch, database="SQLite", writer="1 running")

    # When
    response = middleware.answer_probes(trap)(RequestFactory().get(path))

    # Then
    assert response.status_code == 200
    assert json.loads(response.content)["components"]["writer"] == {"status": "ok", "detail": "1 running"}


def test_ready__one_component_fails__is_503_and_names_it(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given
    _use(monkeypatch, database="SQLite", clickhouse=None)

    # When
    response = middleware.answer_probes(trap)(RequestFactory().get("/_ready"))

    # Then
    assert response.status_code == 503
    answer = json.loads(response.content)
    assert answer["status"] == "failing"
    assert answer["components"]["clickhouse"] == {"status": "failing", "detail": "refused"}
    assert answer["components"]["database"]["status"] == "ok"


@pytest.mark.parametrize("path", list(middleware.PROBES))
def test_probe__posted_to__is_405(trap: Trap, path: str) -> None:
    # Given / When
    response = middleware.answer_probes(trap)(RequestFactory().post(path))

    # Then
    assert response.status_code == 405
    assert trap.paths == []


def test_other_paths__pass_through(trap: Trap) -> None:
    # Given / When
    middleware.answer_probes(trap)(RequestFactory().get("/_ready/x"))

    # Then
    assert trap.paths == ["/_ready/x"]


@pytest.mark.parametrize("header", [{}, {"authorization": "Bearer wrong"}, {"authorization": "Bearer \xfc"}])
def test_metrics__token_is_set_and_not_offered__is_401(trap: Trap, settings: Settings, header: dict[str, str]) -> None:
    # Given
    settings.BALEEN_METRICS_TOKEN = "sesame"

    # When
    response = middleware.answer_probes(trap)(RequestFactory().get("/metrics", headers=header))

    # Then
    assert response.status_code == 401
    assert b"baleen_" not in response.content


@pytest.mark.parametrize("token", ["", "sesame"])
def test_metrics__event_log_is_away__tells_what_it_can(
    trap: Trap, settings: Settings, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    # Given
    settings.BALEEN_METRICS_TOKEN = token
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    _use(monkeypatch, database="SQLite", event_log=None)

    # When
    request = RequestFactory().get("/metrics", headers={"authorization": "Bearer sesame"})
    response = middleware.answer_probes(trap)(request)

    # Then
    assert response.status_code == 200
    lines = response.content.decode().splitlines()
    assert 'baleen_component_up{component="database"} 1.0' in lines
    assert 'baleen_component_up{component="event_log"} 0.0' in lines
    assert not [line for line in lines if line.startswith("baleen_ingest")]
