"""The pages of people, asked in this process."""

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from apps.people.identity import person_text_for
from apps.people.models import PersonDeletion
from tests.factories.accounts import Cast, make_cast
from tests.factories.people import Heard, identify, resolved, store

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

pytestmark = [pytest.mark.usefixtures("stack"), pytest.mark.django_db]

HOSTILE = "<script>alert('x')</script>"


@pytest.fixture
def cast(project_id: int) -> Cast:
    return make_cast(project_id=project_id)


def get(cast: Cast, tail: str = "") -> "Answer":
    return cast.vera.browser.get(f"/projects/{cast.project.pk}/people/{tail}")


def test_people__nobody_yet__says_how_they_come(cast: Cast) -> None:
    assert "Nobody has been seen yet" in get(cast).content.decode()
    assert "Nobody fits" in get(cast, "?q=ada").content.decode()


def test_people__of_more_than_a_page__are_listed_page_by_page(cast: Cast, project_id: int) -> None:
    # Given
    resolved(project_id, *(Heard(f"user{n:03}", seconds=n) for n in range(60)))

    # When
    first, second = (get(cast, tail).content.decode() for tail in ("", "?page=1"))

    # Then
    assert first.count("/people/") - first.count("/people/?") >= 50
    assert "user059" in first
    assert "user009" not in first
    assert "user009" in second
    assert get(cast, "?page=nonsense&q=user00%00").content.decode().count("user00") >= 10


def test_person__with_events_of_two_ids__shows_all_and_escapes_it(cast: Cast, project_id: int) -> None:
    # Given
    store(project_id, Heard("anon", "looked around"), Heard("bystander", "passed by"))
    store(project_id, identify(HOSTILE, "anon", 1, told={"plan": HOSTILE, "deep": {"a": [1]}}))

    # When
    shown = get(cast, f"{person_text_for(project_id, 'anon')}/").content.decode()

    # Then
    assert HOSTILE not in shown
    assert shown.count("alert(&#x27;x&#x27;)") >= 3
    assert "looked around" in shown
    assert "$identify" in shown
    assert "passed by" not in shown
    assert "Delete" not in shown


def test_person__with_many_events__turns_pages(cast: Cast, project_id: int) -> None:
    # Given
    store(project_id, *(Heard("ada", f"event {n:03}", n) for n in range(60)))
    path = f"{person_text_for(project_id, 'ada')}/"

    # When
    first = get(cast, path).content.decode()
    address = first.split('href="?before=')[1].split('"')[0].replace("&amp;", "&")
    second = get(cast, f"{path}?before={address}").content.decode()

    # Then
    assert ("event 059" in first, "event 009" in first) == (True, False)
    assert ("event 010" in second, "event 009" in second) == (False, True)


def test_find__distinct_id__leads_to_the_person_or_to_the_events(cast: Cast, project_id: int) -> None:
    # Given
    resolved(project_id, Heard("ada"))

    # When / Then
    assert get(cast, "find/?distinct_id=ada")["Location"].endswith(f"/people/{person_text_for(project_id, 'ada')}/")
    assert get(cast, "find/?distinct_id=no+body")["Location"].endswith("/live/?person=no+body")


def test_person__nobody__is_not_found(cast: Cast) -> None:
    assert get(cast, "00000000-0000-0000-0000-000000000000/").status_code == 404
    assert get(cast, f"{person_text_for(cast.eves_project.pk, 'mallory')}/").status_code == 404


def test_delete__by_an_admin__leaves_a_receipt(cast: Cast, project_id: int) -> None:
    # Given
    resolved(project_id, Heard("ada"))
    path = f"/projects/{project_id}/people/{person_text_for(project_id, 'ada')}/"

    # When
    def delete(browser: Client) -> int:
        browser.get("/two-factor/")
        token = browser.cookies["csrftoken"].value
        return browser.post(f"{path}delete/", {"with_events": "on", "csrfmiddlewaretoken": token}).status_code

    grace = cast.grace.browser

    # Then: a viewer may not, an admin may, once
    assert delete(cast.vera.browser) == 403
    assert delete(grace) == 302
    assert delete(grace) == 404
    assert PersonDeletion.objects.get(project_id=project_id).with_events
    assert get(cast).content.decode().count("ada") == 0
