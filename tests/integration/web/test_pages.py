import re
import time
from uuid import uuid4

import pytest
from django.template.loader import render_to_string
from django.test import Client

from apps.accounts.contracts import Role
from apps.accounts.models import Project
from apps.clickhouse import client, tables
from tests.factories.accounts import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stack")]

PAGES = [
    "", "install/", "live/", "live/rows/", "rejected/", "trends/", "trends/result/", "funnels/",
    "funnels/result/?step=a&step=b", "paths/", "paths/result/", "settings/", "settings/members/", "settings/keys/",
    "system/", "system/state/", "alarm/", "data/", "data/properties/",
]  # fmt: skip


@pytest.fixture
def cast(project_id: int) -> Cast:
    return Cast(project_id=project_id)


def _post(client: Client, path: str, **fields: object) -> int:
    client.get("/two-factor/")
    token = client.cookies["csrftoken"].value if "csrftoken" in client.cookies else _token(client)
    return client.post(path, {**fields, "csrfmiddlewaretoken": token}).status_code


def _token(client: Client) -> str:
    client.get("/login/")
    return client.cookies["csrftoken"].value


@pytest.mark.parametrize("page", PAGES)
def test_page__for_a_viewer__is_there(cast: Cast, page: str) -> None:
    # When
    answer = cast.vera.browser.get(f"/projects/{cast.project.pk}/{page}")
    # Then
    assert answer.status_code == 200
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]


@pytest.mark.parametrize("page", [*PAGES, "settings/audit/", "waiting/", "summary/"])
def test_page__of_another_organization__is_not_there(cast: Cast, page: str) -> None:
    # When
    answer = cast.eve.browser.get(f"/projects/{cast.project.pk}/{page}")
    # Then
    assert answer.status_code == 404
    assert cast.project.name not in answer.content.decode()


@pytest.mark.parametrize("page", ["", "trends/"])
def test_page__for_a_stranger__leads_to_the_login_and_back(cast: Cast, page: str) -> None:
    # Given
    path = f"/projects/{cast.project.pk}/{page}"
    # When
    answer = Client().get(path)
    # Then
    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={path}")


def test_part_of_a_page__once_the_session_ended__takes_the_whole_page_to_the_login(cast: Cast) -> None:
    # Given
    here = f"/projects/{cast.project.pk}/live/"
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{here}?event=a"}
    # When
    answer = Client().get(f"{here}rows/", headers=headers)
    # Then
    assert answer.status_code == 200
    assert answer["HX-Redirect"] == f"/login/?next={here.replace('/', '%2F')}%3Fevent%3Da"


@pytest.mark.parametrize("page", ["settings/", "settings/members/"])
def test_form__of_a_viewer__is_neither_shown_nor_taken(cast: Cast, page: str) -> None:
    # Given
    path = f"/projects/{cast.project.pk}/{page}"
    browser = cast.vera.browser
    # When
    shown = browser.get(path).content.decode()
    status = _post(browser, path, name="Mine", timezone="UTC", week_start_day=0, email="x@example.com", role="owner")
    # Then
    assert f'method="post" action="{path}"' not in shown
    assert not re.search(r'<form class="card" method="post"', shown)
    assert status == 403
    assert Project.objects.get(pk=cast.project.pk).name == cast.project.name


@pytest.mark.parametrize(
    ("role", "status"), [(Role.VIEWER, 403), (Role.MEMBER, 403), (Role.ADMIN, 200), (Role.OWNER, 200)]
)
def test_audit_log__below_admin__is_closed(cast: Cast, role: Role, status: int) -> None:
    # When
    answer = cast.with_role(role).browser.get(f"/projects/{cast.project.pk}/settings/audit/")
    # Then
    assert answer.status_code == status


def test_project_settings__saved_by_an_admin__hold_and_are_audited(cast: Cast) -> None:
    # Given
    browser = cast.grace.browser
    path = f"/projects/{cast.project.pk}/settings/"
    # When
    status = _post(browser, path, name="Shop", timezone="Europe/Berlin", week_start_day=1)
    # Then
    project = Project.objects.get(pk=cast.project.pk)
    assert status == 302
    assert (project.name, project.timezone, project.week_start_day) == ("Shop", "Europe/Berlin", 1)
    audit = browser.get(f"{path}audit/").content.decode()
    assert "project.updated" in audit
    assert "Europe/Berlin" in audit


def test_project_settings__unknown_time_zone__are_refused_beside_the_field(cast: Cast) -> None:
    # Given
    browser = cast.grace.browser
    path = f"/projects/{cast.project.pk}/settings/"
    browser.get(path)
    # When
    answer = browser.post(
        path,
        {"name": "Shop", "timezone": "Mars/Base", "week_start_day": 1,
         "csrfmiddlewaretoken": browser.cookies["csrftoken"].value},
    )  # fmt: skip
    # Then
    assert answer.status_code == 200
    assert "timezone" in answer.context["form"].errors


def test_project_key__reset_by_an_admin__is_another(cast: Cast) -> None:
    # When
    status = _post(cast.grace.browser, f"/projects/{cast.project.pk}/settings/token/")
    # Then
    assert status == 302
    assert Project.objects.get(pk=cast.project.pk).api_token != cast.project.api_token


def test_personal_key__made_on_the_page__is_shown_once_and_works(cast: Cast) -> None:
    # Given
    browser = cast.ben.browser
    path = f"/projects/{cast.project.pk}/settings/keys/"
    browser.get(path)
    token = browser.cookies["csrftoken"].value
    # When
    made = browser.post(path, {"label": "laptop", "access": "read", "csrfmiddlewaretoken": token})
    value = made.context["value"]
    later = browser.get(path).content.decode()
    # Then
    assert value in made.content.decode()
    assert value not in later
    assert "laptop" in later
    assert Client(headers={"Authorization": f"Bearer {value}"}).get("/api/users/@me/").status_code == 200


def test_personal_key__of_somebody_else__cannot_be_revoked(cast: Cast) -> None:
    # Given
    key = cast.ada.key
    # When
    status = _post(cast.ben.browser, f"/projects/{cast.project.pk}/settings/keys/{key.pk}/revoke/")
    # Then
    key.refresh_from_db()
    assert (status, key.revoked_at) == (404, None)


def test_member__of_another_organization__cannot_be_changed(cast: Cast) -> None:
    # Given
    place = cast.eve.user.memberships.get()
    # When
    status = _post(cast.ada.browser, f"/projects/{cast.project.pk}/settings/members/{place.pk}/", role="viewer")
    # Then
    place.refresh_from_db()
    assert (status, place.role) == (404, "owner")


def test_last_owner__made_a_viewer__stays_owner(cast: Cast) -> None:
    # Given
    place = cast.ada.user.memberships.get()
    # When
    _post(cast.ada.browser, f"/projects/{cast.project.pk}/settings/members/{place.pk}/", role="viewer")
    # Then
    place.refresh_from_db()
    assert place.role == "owner"


def test_new_project__of_an_admin__opens_at_its_first_page(cast: Cast) -> None:
    # Given
    browser = cast.grace.browser
    # When
    status = _post(
        browser, "/projects/new/", organization=cast.organization.pk, name="Second", timezone="UTC", week_start_day=0
    )
    # Then
    assert status == 302
    project = Project.objects.get(name="Second")
    assert project.organization_id == cast.organization.pk
    assert project.api_token in browser.get(f"/projects/{project.pk}/").content.decode()


def test_new_project__in_an_organization_of_others__is_refused(cast: Cast) -> None:
    # Given
    foreign = cast.eves_project.organization_id
    # When
    _post(
        cast.grace.browser, "/projects/new/", organization=foreign, name="Taken over", timezone="UTC", week_start_day=0
    )
    # Then
    assert not Project.objects.filter(name="Taken over").exists()


def test_new_project__of_a_member__is_forbidden(cast: Cast) -> None:
    assert cast.ben.browser.get("/projects/new/").status_code == 403


@pytest.mark.parametrize(
    "page",
    [
        "trends/result/?event=a&math=sum&property=",
        "trends/result/?breakdown=" + "x" * 5000,
        "funnels/result/?step=" + "x" * 5000 + "&step=b",
        "paths/result/?start=" + "x" * 5000,
    ],
)
def test_question__the_engine_refuses__is_a_sentence_not_a_failure(cast: Cast, page: str) -> None:
    # When
    answer = cast.vera.browser.get(f"/projects/{cast.project.pk}/{page}")
    # Then
    assert answer.status_code == 400
    assert "No answer to this question" in answer.content.decode()


@pytest.mark.parametrize(
    "page",
    [
        "trends/result/?event=%00&event=%ff%fe&math=x&range=custom&from=0001-01-01&to=9999-12-31",
        "trends/?range=custom&from=9999-12-31&to=9999-12-31&interval=month",
        "funnels/result/?step=%00&step=%ff&window=99999999999999999999",
        "paths/result/?start=%00&end=%ff&steps=-1",
        "live/?event=%00&person=%ff",
        "live/rows/?seen=" + "x" * 9000,
        "rejected/?before=2026-01-01",
        "rejected/?before=nonsense",
        "live/00000000-0000-0000-0000-000000000000/?at=nonsense",
        "live/00000000-0000-0000-0000-000000000000/?at=0001-01-01",
        "settings/keys/?before=99999999999999999999999",
    ],
)
def test_page__with_a_senseless_address__never_fails(cast: Cast, page: str) -> None:
    # When
    answer = cast.vera.browser.get(f"/projects/{cast.project.pk}/{page}")
    # Then
    assert answer.status_code in {200, 400, 404}


def test_new_question__asked_on_the_page__goes_into_the_history_once(cast: Cast) -> None:
    # Given
    page = f"/projects/{cast.project.pk}/trends/"
    browser = cast.vera.browser
    # When
    first = browser.get(f"{page}result/?event=a&math=total", headers={"HX-Current-URL": f"http://testserver{page}"})
    address = first["HX-Push-Url"]
    again = browser.get(f"{page}result/?event=a&math=total", headers={"HX-Current-URL": f"http://testserver{address}"})
    # Then
    assert address.startswith(f"{page}?event=a")
    assert "HX-Push-Url" not in again


@pytest.mark.parametrize("path", ["/nowhere", "/projects/99999999/", "/projects/x/"])
def test_missing_page__of_a_browser__is_a_page_in_our_look(cast: Cast, path: str) -> None:
    # When
    answer = cast.vera.browser.get(path)
    # Then
    assert answer.status_code == 404
    assert "Nothing here" in answer.content.decode()


@pytest.mark.parametrize(("template", "sentence"), [("400.html", "makes no sense"), ("500.html", "broke on our side")])
def test_error_page__rendered_without_any_context__is_whole(template: str, sentence: str) -> None:
    # When: as Django does it for a failure, with nothing at hand
    page = render_to_string(template)
    # Then
    assert sentence in page
    assert "/static/web/app." in page


def test_home__with_events_and_no_writer__says_so(cast: Cast) -> None:
    # Given
    _arrive(cast.project.pk, "first")
    # When
    answer = cast.vera.browser.get(f"/projects/{cast.project.pk}/summary/")
    # Then
    assert answer.status_code == 200
    assert "No writer is running" in answer.content.decode()
    assert (answer.context["events_week"], answer.context["people_week"]) == (1, 1)


def test_home__as_the_first_event_arrives__turns_over(cast: Cast) -> None:
    # Given
    browser = cast.vera.browser
    before = browser.get(f"/projects/{cast.project.pk}/waiting/")
    # When
    _arrive(cast.project.pk, "first")
    after = browser.get(f"/projects/{cast.project.pk}/waiting/")
    # Then
    assert before.status_code == 204
    assert after["HX-Redirect"] == f"/projects/{cast.project.pk}/"


def _arrive(project_id: int, event: str) -> None:
    """Write one event past ingest, straight into the landing table."""
    moment = int(time.time() * 1_000_000)
    client.insert(
        tables.EVENTS_LANDING,
        {
            "project_id": [project_id],
            "uuid": [str(uuid4())],
            "event": [event],
            "distinct_id": ["somebody"],
            "person_id": [str(uuid4())],
            "timestamp_us": [moment],
            "received_us": [moment],
            "properties": ["{}"],
            "entry": ["0-0"],
        },
    )
