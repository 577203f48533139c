"""The Data page, asked in this process: what is listed, and what people write about it."""

import re

import pytest
from django.test import Client

from apps.accounts.models import AuditEntry
from apps.catalog.models import EventNote, PropertyNote
from tests.factories.accounts import Cast
from tests.factories.definitions import note_events, note_properties

pytestmark = [pytest.mark.usefixtures("stack")]

LONG = "a name that goes on and on " * 7


@pytest.fixture
def cast(db: None, project_id: int) -> Cast:
    scene = Cast(project_id=project_id)
    note_events(scene.project.pk, ["chat sent", "signed up", LONG])
    note_properties(
        scene.project.pk,
        [
            ("event", "chat sent", "model", "String"),
            ("event", "chat sent", "tokens", "Numeric"),
            ("event", "signed up", "model", "String"),
            ("person", "", "plan", "String"),
            ("group", "company", "seats", "Numeric"),
        ],
    )
    return scene


def rows(cast: Cast, path: str) -> list[str]:
    """Give the names of the rows of a page, as a viewer sees it."""
    answer = cast.vera.browser.get(f"/projects/{cast.project.pk}/{path}")
    assert answer.status_code == 200
    return re.findall(r'<td>\s*<span class="name" title="([^"]*)"', answer.content.decode())


def post(client: Client, path: str, **fields: str) -> tuple[int, str]:
    client.get("/login/")
    client.get("/two-factor/")
    token = client.cookies["csrftoken"].value
    answer = client.post(path, {**fields, "csrfmiddlewaretoken": token}, headers={"HX-Request": "true"})
    return answer.status_code, answer.content.decode()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("data/", [LONG, "chat sent", "signed up"]),
        ("data/?q=CHAT", ["chat sent"]),
        ("data/?q=nonsense", []),
        ("data/?state=hidden", []),
        ("data/?page=7", []),
        ("data/?page=x&state=x", [LONG, "chat sent", "signed up"]),
        ("data/properties/", ["model", "tokens"]),
        ("data/properties/?type=Numeric", ["tokens"]),
        ("data/properties/?event=signed+up", ["model"]),
        ("data/properties/?of=person", ["plan"]),
        ("data/properties/?of=group", ["seats"]),
        ("data/properties/?of=x&type=x&q=%00", ["model", "tokens"]),
    ],
)
def test_data__filters__show_what_matches(cast: Cast, path: str, expected: list[str]) -> None:
    assert sorted(rows(cast, path)) == sorted(expected)


def test_data__more_than_a_page__leads_to_the_rest(cast: Cast) -> None:
    # Given
    note_events(cast.project.pk, [f"event {number:03}" for number in range(150)])

    # When
    first, second = rows(cast, "data/?q=event"), rows(cast, "data/?q=event&page=1")

    # Then
    assert (len(first), len(second)) == (100, 50)
    assert not set(first) & set(second)
    page = cast.vera.browser.get(f"/projects/{cast.project.pk}/data/?q=event").content.decode()
    assert 'href="?q=event&amp;page=1"' in page


def test_data__member_describes_an_event__row_says_so(cast: Cast) -> None:
    # Given
    page = cast.ben.browser.get(f"/projects/{cast.project.pk}/data/?q=chat").content.decode()
    (path,) = set(re.findall(r'hx-get="([^"?]*)\?edit"', page))
    form = cast.ben.browser.get(f"{path}?edit").content.decode()
    assert 'name="description"' in form

    # When
    status, row = post(cast.ben.browser, path, description="To the <model>.", tags="core, llm, core", is_hidden="on")

    # Then
    assert status == 200
    assert "To the &lt;model&gt;." in row
    note = EventNote.objects.get(name="chat sent")
    assert (note.is_hidden, note.is_verified, note.tags) == (True, False, ["core", "llm"])
    assert AuditEntry.objects.get(action="event_definition.updated").actor_email == cast.ben.user.email
    assert rows(cast, "data/?state=hidden") == ["chat sent"]


def test_data__too_many_tags__are_refused_in_the_form(cast: Cast) -> None:
    # Given
    page = cast.ben.browser.get(f"/projects/{cast.project.pk}/data/properties/?q=tokens").content.decode()
    (path,) = set(re.findall(r'hx-get="([^"?]*)\?edit"', page))

    # When
    status, row = post(cast.ben.browser, path, tags=",".join(f"t{number}" for number in range(21)))

    # Then
    assert (status, PropertyNote.objects.count()) == (200, 0)
    assert "At most 20 tags" in row


def test_data__viewer__reads_but_may_not_write(cast: Cast) -> None:
    # Given
    page = cast.ben.browser.get(f"/projects/{cast.project.pk}/data/?q=chat").content.decode()
    (path,) = set(re.findall(r'hx-get="([^"?]*)\?edit"', page))

    # When / Then
    assert "?edit" not in cast.vera.browser.get(f"/projects/{cast.project.pk}/data/").content.decode()
    assert cast.vera.browser.get(path).status_code == 200
    assert cast.vera.browser.get(f"{path}?edit").status_code == 403
    assert post(cast.vera.browser, path, description="x")[0] == 403
    assert cast.eve.browser.get(path).status_code == 404


def test_data__nothing_sent_yet__says_how_to_begin(db: None, project_id: int) -> None:
    empty = Cast(project_id=project_id)
    for path in ("data/", "data/properties/"):
        page = empty.vera.browser.get(f"/projects/{empty.project.pk}/{path}").content.decode()
        assert "Nothing has been seen yet" in page
