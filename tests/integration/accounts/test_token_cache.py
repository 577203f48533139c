"""The look-up on the hot path: fast for known tokens, never late for new ones, bounded."""

import pytest
from pytest_django import DjangoAssertNumQueries

from apps.accounts import selectors, services
from apps.accounts.contracts import SYSTEM
from apps.accounts.models import Project
from apps.accounts.selectors import _TokenCache
from tests.factories.accounts import Cast

pytestmark = pytest.mark.django_db


def test_token__asked_twice__is_read_once(cast: Cast, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    # When
    with django_assert_num_queries(1):
        first = selectors.find_project_by_token(cast.project.api_token)
        second = selectors.find_project_by_token(cast.project.api_token)

    # Then
    assert first == second == cast.project.context


def test_token__asked_before_its_project_exists__is_found_right_after(cast: Cast) -> None:
    # Given
    assert selectors.find_project_by_token("phc_soon") is None

    # When
    made = services.create_project(organization=cast.organization, name="x", api_token="phc_soon", actor=SYSTEM)

    # Then
    assert selectors.find_project_by_token("phc_soon") == made.context


def test_token__rotated_by_another_process__is_refused_once_the_memory_is_old(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    clock = [1000.0]
    monkeypatch.setattr("apps.accounts.selectors.time.monotonic", lambda: clock[0])
    before = cast.project.api_token
    assert selectors.find_project_by_token(before) is not None
    Project.objects.filter(pk=cast.project.pk).update(api_token="phc_new")

    # When
    clock[0] += selectors.TOKEN_SECONDS - 0.01
    early = selectors.find_project_by_token(before)
    clock[0] += 0.02
    late = selectors.find_project_by_token(before)

    # Then
    assert early is not None
    assert late is None
    assert selectors.find_project_by_token("phc_new") is not None


@pytest.mark.parametrize("token", ["", "x" * 65, "a\x00b", "é", "phx_secret", " "])
def test_token__that_none_can_be__asks_no_database(
    token: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # When / Then
    with django_assert_num_queries(0):
        assert selectors.find_project_by_token(token) is None


def test_cache__beyond_its_limit__forgets_the_oldest(cast: Cast) -> None:
    # Given
    cache = _TokenCache(seconds=60, limit=3)

    # When
    for token in ("a", "b", "a", "c", "d"):
        cache.put(token, cast.project.context)

    # Then
    assert [token for token in "abcd" if cache.get(token)] == ["a", "c", "d"]
