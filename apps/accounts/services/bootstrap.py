"""The first login, organization, project and key of a deployment, made once and found again ever after."""

import itertools
from dataclasses import dataclass

from django.db import connection, transaction

from apps.accounts import audit, keys, values
from apps.accounts.contracts import ALL_SCOPES, SYSTEM, Role, Target
from apps.accounts.errors import AlreadyTakenError
from apps.accounts.models import Membership, Organization, PersonalKey, Project, User
from apps.accounts.services.keys import create_key
from apps.accounts.services.organizations import create_organization
from apps.accounts.services.projects import create_project, reset_token
from apps.common.clock import now

KEY_LABEL = "bootstrap"
_LOCK = 0x62616C65656E  # "baleen" in ASCII


@dataclass(frozen=True, slots=True)
class Bootstrapped:
    """What a script needs to go on."""

    organization_id: int
    project_id: int
    project_token: str
    personal_api_key: str


def bootstrap(  # noqa: PLR0913 - the options of the command, all by keyword
    *,
    email: str,
    password: str,
    organization: str,
    project: str,
    project_token: str | None = None,
    personal_key: str | None = None,
) -> Bootstrapped:
    """Make sure that login, organization, project and key exist as given; the same call gives the same answer."""
    with transaction.atomic():
        _wait_for_turn()
        user = _ensure_user(email, password)
        place = _ensure_organization(organization, user)
        home = _ensure_project(place, project, project_token)
        key = _ensure_key(user, place, personal_key)
    return Bootstrapped(place.pk, home.pk, home.api_token, key)


def _wait_for_turn() -> None:
    """Let one process at a time decide what is missing. SQLite's immediate transactions already do."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _ensure_user(email: str, password: str) -> User:
    email = values.clean_email(email)
    user = User.objects.filter(email=email).first() or User.objects.create_user(email, password)
    if not user.is_active or not user.check_password(password):
        user.is_active = True
        user.set_password(password)
        user.save(update_fields=["is_active", "password"])
    return user


def _ensure_organization(name: str, owner: User) -> Organization:
    name = values.clean_name(name, attr="organization")
    organization = Organization.objects.filter(name=name).order_by("pk").first()
    if organization is None:
        return create_organization(name=name, owner=owner, actor=SYSTEM)
    found, is_new = Membership.objects.get_or_create(
        organization=organization, user=owner, defaults={"role": Role.OWNER}
    )
    if is_new or found.role != Role.OWNER:
        change = {"email": [None, owner.email]} if is_new else {}
        change |= {"role": [None if is_new else found.role, Role.OWNER.value]}
        action = "member.added" if is_new else "member.role_changed"
        Membership.objects.filter(pk=found.pk).update(role=Role.OWNER)
        audit.record(SYSTEM, action, Target("member", owner.pk, organization.pk), change)
    return organization


def _ensure_project(organization: Organization, name: str, token: str | None) -> Project:
    name = values.clean_name(name, attr="project")
    living = Project.objects.filter(deleted_at__isnull=True)
    if token is not None:
        holder = living.filter(api_token=values.clean_project_token(token)).first()
        if holder is not None and holder.organization_id != organization.pk:
            raise AlreadyTakenError("A project of another organization has this token.", attr="project_token")
        if holder is not None:
            return holder  # the token says which project is meant, also after it was renamed
    project = living.filter(organization=organization, name=name).order_by("pk").first()
    if project is None:
        return create_project(organization=organization, name=name, api_token=token, actor=SYSTEM)
    return reset_token(project=project, api_token=token, actor=SYSTEM) if token else project


def _ensure_key(user: User, organization: Organization, value: str | None) -> str:
    return _derived_key(user, organization) if value is None else _given_key(user, organization, value)


def _given_key(user: User, organization: Organization, value: str) -> str:
    """Find or make the key that was asked for; named for a second organization, it reaches both."""
    key = PersonalKey.objects.filter(value_hash=keys.hash_key(values.clean_personal_key(value))).first()
    if key is None:
        return _make_key(user, organization, value)
    if key.user_id != user.pk or not key.is_valid_at(now()):
        raise AlreadyTakenError(
            "This personal key belongs to someone else, was revoked or has expired.", attr="personal_key"
        )
    if key.organization_id not in {None, organization.pk}:
        PersonalKey.objects.filter(pk=key.pk).update(organization=None)
        target = Target("personal_key", key.pk, organization.pk)
        audit.record(SYSTEM, "personal_key.widened", target, {"organization": [key.organization_id, None]})
    return value


def _derived_key(user: User, organization: Organization) -> str:
    """Find or make the key that this deployment derives for the purpose.

    It can be printed at every run although only its hash is stored. One that was revoked is never revived: the next of
    the series takes its place.
    """
    for generation in itertools.count():
        value = keys.derived_personal_key(f"bootstrap\n{organization.pk}\n{user.email}\n{generation}")
        key = PersonalKey.objects.filter(value_hash=keys.hash_key(value)).first()
        if key is None:
            return _make_key(user, organization, value)
        if key.user_id == user.pk and key.is_valid_at(now()):
            return value
    raise AssertionError("itertools.count() does not end")


def _make_key(user: User, organization: Organization, value: str) -> str:
    scopes = [ALL_SCOPES]
    create_key(user=user, label=KEY_LABEL, scopes=scopes, value=value, organization=organization, actor=SYSTEM)
    return value
