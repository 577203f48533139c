"""Rows of accounts for tests, and the cast: Ada owns Acme, Ben is a member of it, Eve is outside."""

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.test import Client
from factory.declarations import Sequence, SubFactory
from factory.django import DjangoModelFactory

from apps.accounts import keys, services
from apps.accounts.contracts import ALL_SCOPES, SYSTEM, Role
from apps.accounts.models import Membership, Organization, PersonalKey, Project, User

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

PASSWORD = "correct-horse-battery"


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = Sequence("user{}@example.com".format)

    @classmethod
    def _create(cls, model_class: type[User], *args: object, **kwargs: object) -> User:  # noqa: ARG003 - the base class's signature
        return model_class.objects.create_user(str(kwargs["email"]), PASSWORD, name=str(kwargs.get("name", "")))


class OrganizationFactory(DjangoModelFactory[Organization]):
    class Meta:
        model = Organization

    name = Sequence("Organization {}".format)


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    organization = SubFactory(OrganizationFactory)
    user = SubFactory(UserFactory)
    role = Role.OWNER.value


class ProjectFactory(DjangoModelFactory[Project]):
    class Meta:
        model = Project

    organization = SubFactory(OrganizationFactory)
    name = Sequence("Project {}".format)
    api_token = Sequence(lambda _: keys.new_project_token())


@dataclass(frozen=True)
class Person:
    """Someone of the cast, who calls the API with a key or as a browser."""

    user: User
    key: PersonalKey
    value: str
    role: Role | None

    @property
    def client(self) -> Client:
        """Give an HTTP client that sends the key."""
        return client_with(self.value)

    @property
    def browser(self) -> Client:
        """Give an HTTP client that is logged in, and like a browser has CSRF checked."""
        client = Client(enforce_csrf_checks=True)
        client.force_login(self.user)
        return client


def client_with(key: str) -> Client:
    """Give an HTTP client that sends a key, and gets a 500 instead of the server's exception."""
    return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {key}"})


def post(client: Client, path: str, body: object) -> "Answer":
    """Send JSON."""
    return client.post(path, json.dumps(body), content_type="application/json")


def patch(client: Client, path: str, body: object) -> "Answer":
    """Send JSON."""
    return client.patch(path, json.dumps(body), content_type="application/json")


def make_person(email: str, organization: Organization | None = None, role: Role | None = None) -> Person:
    """Make a user with a key that may do all the user may, and their place in an organization."""
    user = UserFactory.create(email=email)
    if organization is not None and role is not None:
        MembershipFactory.create(organization=organization, user=user, role=role.value)
    key, value = services.create_key(user=user, label="test", scopes=[ALL_SCOPES], actor=SYSTEM)
    return Person(user, key, value, role)


@dataclass(frozen=True)
class Cast:
    """Ada owns, Grace administers, Ben is a member, Vera views; Eve owns another organization."""

    organization: Organization
    project: Project
    ada: Person
    grace: Person
    ben: Person
    vera: Person
    eve: Person
    eves_project: Project

    def with_role(self, role: Role) -> Person:
        """Find who has a role in the organization."""
        return {Role.OWNER: self.ada, Role.ADMIN: self.grace, Role.MEMBER: self.ben, Role.VIEWER: self.vera}[role]


def make_cast(*, project_id: int | None = None) -> Cast:
    """Set the stage; `project_id` fixes the number of the project, for rows in stores that no test rolls back."""
    acme = OrganizationFactory.create(name="Acme")
    eves = OrganizationFactory.create(name="Eve's")
    numbered = {} if project_id is None else {"pk": project_id}
    project = ProjectFactory.create(organization=acme, name="Main", **numbered)
    eve = make_person("eve@example.com", eves, Role.OWNER)
    return Cast(
        organization=acme,
        project=project,
        ada=make_person("ada@example.com", acme, Role.OWNER),
        grace=make_person("grace@example.com", acme, Role.ADMIN),
        ben=make_person("ben@example.com", acme, Role.MEMBER),
        vera=make_person("vera@example.com", acme, Role.VIEWER),
        eve=replace(eve, role=None),
        eves_project=ProjectFactory.create(organization=eves, name="Eve's"),
    )
