"""The error shape of the API, seen from outside: every refusal is a problem a program can read, and leaks nothing."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tests.factories.accounts import Cast, make_cast

pytestmark = pytest.mark.django_db

CREATE = "/api/organizations/@current/projects/"


class _BrokenView(APIView):
    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request) -> Response:
        raise RuntimeError(f"secret-of-{request.path}")


def _broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError(f"secret-of-{request.path}")


urlpatterns: list[URLPattern | URLResolver] = [
    path("api/broken/rest/", _BrokenView.as_view()),
    path("api/broken/plain/", _broken),
    path("", include("analytics.urls")),
]
handler500 = "apps.common.http.server_error"


@pytest.fixture
def cast() -> Cast:
    """Give Ada and the others."""
    return make_cast()


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"name": NaN}', "application/json", 400),
        (b'{"name": "a\\u0000b"}', "application/json", 400),
        (b'{"name": "\\ud800"}', "application/json", 400),
        (b'{"name": ' + b"[" * 300 + b"]" * 300 + b"}", "application/json", 400),
        (b"[" * 200_000, "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"", "application/json", 400),
        (b'"' + b"x" * (9 << 20) + b'"', "application/json", 413),
        (b"name=x", "application/x-www-form-urlencoded", 415),
        (b"{}", "text/plain", 415),
        (b"<a/>", "application/xml", 415),
    ],
    ids=range(12),
)
def test_body__of_any_shape__gets_a_problem(cast: Cast, body: bytes, content_type: str, status: int) -> None:
    # When
    response = cast.ada.client.generic("POST", CREATE, body, content_type=content_type)

    # Then
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == status
    assert response.json()["detail"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"])
def test_method__that_a_door_does_not_know__is_405_and_names_those_it_does(cast: Cast, method: str) -> None:
    # When
    response = cast.ada.client.generic(method, CREATE)

    # Then
    assert response.status_code == 405, response.content
    assert set(response.headers["Allow"].split(", ")) >= {"GET", "POST"}
    assert response.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize("address", ["/api/", "/api/nothing/", "/api/projects/1/nothing/", "/api/%00/", "/api/%FF/"])
def test_address__below_api_that_is_none__is_a_404_problem(address: str) -> None:
    # When
    response = Client().get(address)

    # Then
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "not_found"


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("kind", ["rest", "plain"])
def test_bug__in_a_view__is_a_500_that_says_nothing(kind: str) -> None:
    # When
    response = Client(raise_request_exception=False).get(f"/api/broken/{kind}/")

    # Then
    assert response.status_code == 500
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["type"] == "server_error"
    assert "secret" not in response.content.decode()
    assert "Traceback" not in response.content.decode()


def test_answer__of_rest__carries_no_cors_header(cast: Cast) -> None:
    # When
    response = cast.ada.client.get("/api/projects/", headers={"Origin": "https://evil.example"})

    # Then
    assert response.status_code == 200
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


def test_host__that_is_malformed__is_a_400_problem() -> None:
    # When
    response = Client(raise_request_exception=False).get("/api/projects/", headers={"Host": "a b/c"})

    # Then
    assert response.status_code in {400, 401}
    assert response.headers["Content-Type"] == "application/problem+json"
