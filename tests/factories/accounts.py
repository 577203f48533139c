"""Rows of accounts for tests, and the cast: Ada owns Acme, Ben is a member of it, Eve is outside."""

import json
from dataclasses import dataclass
from functools import cached_property
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


class Cast:
    """Ada owns, Grace administers, Ben is a member, Vera views, Eve is outside. Each enters when first named."""

    def __init__(self, *, project_id: int | None = None) -> None:
        numbered = {} if project_id is None else {"pk": project_id}
        self.organization = OrganizationFactory.create(name="Acme")
        self.project = ProjectFactory.create(organization=self.organization, name="Main", **numbered)

    @cached_property
    def ada(self) -> Person:
        return make_person("ada@example.com", self.organization, Role.OWNER)

    @cached_property
    def grace(self) -> Person:
        return make_person("grace@example.com", self.organization, Role.ADMIN)

    @cached_property
    def ben(self) -> Person:
        return make_person("ben@example.com", self.organization, Role.MEMBER)

    @cached_property
    def vera(self) -> Person:
        return make_person("vera@example.com", self.organization, Role.VIEWER)

    @cached_property
    def eve(self) -> Person:
        return make_person("eve@example.com", self.eves_project.organization, Role.OWNER)

    @cached_property
    def eves_project(self) -> Project:
        return ProjectFactory.create(organization=OrganizationFactory.create(name="Eve's"), name="Eve's")

    def with_role(self, role: Role) -> Person:
        """Find who has a role in the organization."""
        match role:
            case Role.OWNER:
                return self.ada
            case Role.ADMIN:
                return self.grace
            case Role.MEMBER:
                return self.ben
            case Role.VIEWER:
                return self.vera


def make_cast(*, project_id: int | None = None) -> Cast:
    """Set the stage; `project_id` fixes the number of the project, for rows in stores that no test rolls back."""
    return Cast(project_id=project_id)
