"""The one error shape, whatever went wrong."""

import json
from http import HTTPStatus

import pytest
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404
from django.test import RequestFactory
from pytest_django import Settings
from rest_framework import exceptions, serializers

from apps.accounts.errors import LastOwnerError
from apps.common.errors import DomainError, NotFoundError, UnavailableError
from apps.common.http import client_ip, problem_for


class _Tile(serializers.Serializer[object]):
    name = serializers.CharField()


class _Board(serializers.Serializer[object]):
    tiles = _Tile(many=True)
    rows = serializers.DictField(child=serializers.IntegerField())


@pytest.mark.parametrize(
    ("error", "status", "code", "kind"),
    [
        (DomainError("x"), 400, "invalid_input", "invalid_request"),
        (DomainError("x", attr="name"), 400, "invalid_input", "validation_error"),
        (NotFoundError("x"), 404, "not_found", "invalid_request"),
        (LastOwnerError("x"), 409, "last_owner", "invalid_request"),
        (UnavailableError("x"), 503, "unavailable", "server_error"),
        (Http404("/secret/path"), 404, "not_found", "invalid_request"),
        (PermissionDenied("why"), 403, "permission_denied", "permission_error"),
        (BadRequest("x"), 400, "bad_request", "invalid_request"),
        (SuspiciousOperation("x"), 400, "bad_request", "invalid_request"),
        (exceptions.ParseError("x"), 400, "parse_error", "invalid_request"),
        (exceptions.AuthenticationFailed("x"), 401, "authentication_failed", "authentication_error"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed", "invalid_request"),
        (exceptions.UnsupportedMediaType("text/plain"), 415, "unsupported_media_type", "invalid_request"),
        (exceptions.Throttled(wait=7), 429, "throttled", "throttled_error"),
    ],
)
def test_problem__for_an_error_with_a_meaning__has_every_member(
    error: Exception, status: int, code: str, kind: str
) -> None:
    # When
    answer = problem_for(error)

    # Then
    assert answer is not None
    body = json.loads(answer.content)
    assert answer.status_code == body["status"] == status
    assert (body["code"], body["type"]) == (code, kind)
    assert body["title"] == HTTPStatus(status).phrase
    assert body["detail"]
    assert set(body) == {"type", "title", "status", "code", "detail", "attr"}
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_problem__for_a_bug__is_none() -> None:
    # When
    answer = problem_for(KeyError("secret"))

    # Then
    assert answer is None


def test_problem__with_a_wait__says_how_long() -> None:
    # When
    answer = problem_for(exceptions.Throttled(wait=7))

    # Then
    assert answer is not None
    assert answer.headers["Retry-After"] == "7"


@pytest.mark.parametrize(
    ("data", "attr", "code"),
    [
        ({"tiles": [{"name": "a"}, {}], "rows": {}}, "tiles.1.name", "required"),
        ({"tiles": [{"name": "a"}, 5], "rows": {}}, "tiles.1", "invalid"),
        ({"tiles": {}, "rows": {}}, "tiles", "not_a_list"),
        ({"tiles": [], "rows": {"code": "x"}}, "rows.code", "invalid"),
        ({"tiles": [], "rows": {"message": "x", "code": 1}}, "rows.message", "invalid"),
        ("text", None, "invalid"),
    ],
)
def test_problem__for_invalid_input__names_the_path_to_the_field(data: object, attr: str | None, code: str) -> None:
    # Given
    board = _Board(data=data)
    with pytest.raises(exceptions.ValidationError) as caught:
        board.is_valid(raise_exception=True)

    # When
    answer = problem_for(caught.value)

    # Then
    assert answer is not None
    body = json.loads(answer.content)
    assert (body["attr"], body["code"], body["status"]) == (attr, code, 400)
    assert body["type"] == "validation_error"


@pytest.mark.parametrize(
    ("behind_proxy", "remote", "forwarded", "ip"),
    [
        (False, "203.0.113.5", "", "203.0.113.5"),
        (False, "203.0.113.5", "198.51.100.7", "203.0.113.5"),
        (True, "10.0.0.1", "198.51.100.7", "198.51.100.7"),
        (True, "10.0.0.1", "6.6.6.6, 198.51.100.7", "198.51.100.7"),
        (True, "10.0.0.1", "", "10.0.0.1"),
        (True, "10.0.0.1", "nonsense", None),
        (False, "", "", None),
        (False, "2001:DB8::1", "", "2001:db8::1"),
    ],
)
def test_client_ip__is_what_our_own_side_saw(
    settings: Settings,
    *,
    behind_proxy: bool,
    remote: str,
    forwarded: str,
    ip: str | None,
) -> None:
    # Given
    settings.BALEEN_BEHIND_PROXY = behind_proxy
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR=remote)

    # When
    found = client_ip(request)

    # Then
    assert found == ip
