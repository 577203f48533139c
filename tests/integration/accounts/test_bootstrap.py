"""`manage.py bootstrap`: what scripts rely on."""

import json
import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.accounts import keys, selectors, services
from apps.accounts.contracts import SYSTEM, Role
from apps.accounts.models import AuditEntry, Membership, Organization, PersonalKey, Project, User
from tests.factories.accounts import client_with, make_person

ROOT = Path(__file__).resolve().parents[3]
GIVEN = {
    "--email": "Ada@Example.com",
    "--password": "correct-horse-battery",
    "--organization": "Acme",
    "--project": "Main",
}


def arguments(**changes: str) -> list[str]:
    """Give the command line, with options changed: `project_token="x"` becomes `--project-token x`."""
    options = GIVEN | {f"--{name.replace('_', '-')}": value for name, value in changes.items()}
    return [word for pair in options.items() for word in pair]


def bootstrap(**changes: str) -> dict[str, object]:
    """Run the command in this process and read what it prints."""
    out = StringIO()
    call_command("bootstrap", *arguments(**changes), stdout=out, stderr=StringIO())
    made: dict[str, object] = json.loads(out.getvalue())
    return made


@pytest.mark.django_db
def test_bootstrap__of_nothing__makes_what_works_at_once() -> None:
    # When
    made = bootstrap()

    # Then
    assert set(made) == {"organization_id", "project_id", "project_token", "personal_api_key"}
    user = User.objects.get()
    assert user.email == "ada@example.com"
    assert user.check_password(GIVEN["--password"])
    assert Membership.objects.get(user=user).role == Role.OWNER
    project = selectors.find_project_by_token(str(made["project_token"]))
    assert project is not None
    assert (project.id, project.organization_id) == (made["project_id"], made["organization_id"])
    response = client_with(str(made["personal_api_key"])).get("/api/projects/@current/")
    assert response.json()["id"] == made["project_id"]


@pytest.mark.django_db
def test_bootstrap__again__prints_the_same_and_makes_nothing() -> None:
    # Given
    first = bootstrap()

    # When
    second = bootstrap(email="ada@EXAMPLE.com")

    # Then
    assert second == first
    counts = [model.objects.count() for model in (User, Organization, Project, PersonalKey, Membership)]
    assert counts == [1, 1, 1, 1, 1]


@pytest.mark.django_db
def test_bootstrap__with_a_token_and_a_key__makes_them_hold() -> None:
    # When
    made = bootstrap(project_token="any-token.of:ours", personal_key="phx_chosen")
    again = bootstrap(project_token="any-token.of:ours", personal_key="phx_chosen")

    # Then
    assert again == made
    assert (made["project_token"], made["personal_api_key"]) == ("any-token.of:ours", "phx_chosen")
    assert selectors.find_project_by_token("any-token.of:ours") is not None
    assert client_with("phx_chosen").get("/api/projects/@current/").status_code == 200


@pytest.mark.django_db
def test_bootstrap__with_another_password_and_token__changes_them() -> None:
    # Given
    first = bootstrap()

    # When
    second = bootstrap(password="another-long-secret", project_token="phc_other")

    # Then
    assert second["project_id"] == first["project_id"]
    assert second["project_token"] == "phc_other"
    assert User.objects.get().check_password("another-long-secret")


@pytest.mark.django_db
def test_bootstrap__with_the_token_of_a_renamed_project__finds_it() -> None:
    # Given
    first = bootstrap(project_token="phc_mine")
    services.update_project(project=Project.objects.get(), name="Renamed", actor=SYSTEM)

    # When
    second = bootstrap(project_token="phc_mine")

    # Then
    assert second == first
    assert Project.objects.get().name == "Renamed"


@pytest.mark.django_db
def test_bootstrap__for_a_second_project__gives_the_organizations_key() -> None:
    # Given
    first = bootstrap()

    # When
    second = bootstrap(project="Second")

    # Then
    assert second["project_id"] != first["project_id"]
    assert second["organization_id"] == first["organization_id"]
    assert second["personal_api_key"] == first["personal_api_key"]


@pytest.mark.django_db
def test_bootstrap__after_its_key_was_revoked__never_revives_it() -> None:
    # Given
    first = bootstrap()
    services.revoke_key(key=PersonalKey.objects.get(), actor=SYSTEM)

    # When
    second = bootstrap()

    # Then
    assert second["personal_api_key"] != first["personal_api_key"]
    assert client_with(str(first["personal_api_key"])).get("/api/projects/").status_code == 401
    assert client_with(str(second["personal_api_key"])).get("/api/projects/").status_code == 200


@pytest.mark.django_db
def test_bootstrap__of_a_member__makes_them_owner_and_notes_it() -> None:
    # Given
    organization = Organization.objects.create(name="Acme")
    make_person("ada@example.com", organization, Role.VIEWER)

    # When
    bootstrap()
    bootstrap(email="ben@example.com")

    # Then
    assert [place.role for place in Membership.objects.all()] == [Role.OWNER, Role.OWNER]
    assert AuditEntry.objects.get(action="member.role_changed").changes == {"role": ["viewer", "owner"]}
    added = AuditEntry.objects.get(action="member.added")
    assert added.changes == {"email": [None, "ben@example.com"], "role": [None, "owner"]}


@pytest.mark.django_db
def test_bootstrap__of_two_organizations__gives_each_a_key_of_its_own() -> None:
    # When
    acme = bootstrap(personal_key="phx_acme")
    other = bootstrap(personal_key="phx_other", organization="Other")

    # Then
    for made, foreign in ((acme, other), (other, acme)):
        client = client_with(str(made["personal_api_key"]))
        assert client.get("/api/projects/@current/").json()["id"] == made["project_id"]
        assert client.get("/api/organizations/@current/").json()["id"] == made["organization_id"]
        assert client.get(f"/api/projects/{foreign['project_id']}/").status_code == 404


@pytest.mark.django_db
def test_bootstrap__of_two_organizations_with_one_key__lets_it_reach_both() -> None:
    # When
    made = [bootstrap(personal_key="phx_both"), bootstrap(personal_key="phx_both", organization="Other")]

    # Then
    client = client_with("phx_both")
    assert [each["id"] for each in client.get("/api/projects/").json()] == [each["project_id"] for each in made]
    assert AuditEntry.objects.filter(action="personal_key.widened").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"email": "ada"}, "--email: 'ada' is not an e-mail address."),
        ({"email": ""}, "--email: '' is not an e-mail address."),
        ({"password": ""}, "--password may not be empty."),
        ({"organization": "  "}, "--organization: A name may not be empty."),
        ({"project": "x" * 201}, "--project: A name may have 200 characters at most."),
        ({"project_token": "x" * 65}, "--project-token: A project token is 1 to 64"),
        ({"project_token": "phx_secret"}, "--project-token: A project token is 1 to 64"),
        ({"project_token": "tökén"}, "--project-token: A project token is 1 to 64"),
        ({"personal_key": "phc_public"}, "--personal-key: A personal key is 1 to 128"),
        ({"personal_key": "with space"}, "--personal-key: A personal key is 1 to 128"),
    ],
)
def test_bootstrap__with_an_option_at_fault__says_which_and_makes_nothing(
    changes: dict[str, str], sentence: str
) -> None:
    # When
    with pytest.raises(CommandError) as caught:
        bootstrap(**changes)

    # Then
    assert str(caught.value).startswith(sentence)
    assert not User.objects.exists()
    assert not Organization.objects.exists()


@pytest.mark.django_db
def test_bootstrap__with_what_belongs_to_others__is_refused() -> None:
    # Given
    eve = make_person("eve@example.com", Organization.objects.create(name="Eve's"), Role.OWNER)
    project = services.create_project(
        organization=Organization.objects.get(), name="Hers", api_token="phc_hers", actor=SYSTEM
    )

    # When
    with pytest.raises(CommandError, match="another organization has this token"):
        bootstrap(project_token=project.api_token)
    with pytest.raises(CommandError, match="belongs to someone else"):
        bootstrap(personal_key=eve.value)

    # Then
    assert not Organization.objects.filter(name="Acme").exists()
    assert PersonalKey.objects.get().value_hash == keys.hash_key(eve.value)


@pytest.mark.django_db
def test_bootstrap__with_a_weak_password__warns_beside_the_answer() -> None:
    # Given
    out, err = StringIO(), StringIO()

    # When
    call_command("bootstrap", *arguments(password="12345"), stdout=out, stderr=err)

    # Then
    assert "Weak password" in err.getvalue()
    assert json.loads(out.getvalue())["project_id"]


@pytest.mark.django_db(transaction=True)
def test_bootstrap__by_two_processes_at_once__prints_one_answer(tmp_path: Path) -> None:
    # Given: a migrated database of their own, copied from the one of this run
    database = tmp_path / "baleen.sqlite3"
    connection.ensure_connection()
    with closing(sqlite3.connect(database)) as copy:
        connection.connection.backup(copy)
    environment = os.environ | {
        "BALEEN_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "analytics.settings",
        "DATABASE_URL": f"sqlite:///{database}",
    }

    def run(_: int) -> str:
        command = [sys.executable, "manage.py", "bootstrap", *arguments()]
        return subprocess.run(
            command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True, timeout=120
        ).stdout

    # When
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(run, range(2)))

    # Then
    assert answers[0] == answers[1]
    with closing(sqlite3.connect(database)) as copy:
        (projects,) = copy.execute("SELECT count(*) FROM accounts_project").fetchone()
    assert projects == 1
