"""Members: inviting them, changing what they may do, letting them go."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from apps.accounts import audit, values
from apps.accounts.contracts import Actor, Role, Target
from apps.accounts.errors import (
    AlreadyTakenError,
    InvalidValueError,
    LastOwnerError,
    LinkExpiredError,
    NotAllowedError,
)
from apps.accounts.models import Membership, Organization, User
from apps.common import jobs
from apps.common.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class Invitation:
    """A new member and, when no mail could carry it, the path at which they choose their password."""

    membership: Membership
    set_password_path: str | None


def add_member(*, organization: Organization, email: str, role: Role, granted_by: Role, actor: Actor) -> Invitation:
    """Give someone a place in an organization, making their login if they have none yet.

    A newcomer proves the address is theirs by following a link sent to it. Only a deployment without mail hands the
    link to the inviter, who could otherwise take a login in somebody else's name.
    """
    email = values.clean_email(email)
    _check_grant(granted_by, role)
    with transaction.atomic():
        user, _ = User.objects.get_or_create(email=email, defaults={"password": _unusable()})
        try:
            with transaction.atomic():
                membership = Membership.objects.create(organization=organization, user=user, role=role)
        except IntegrityError as exc:
            raise AlreadyTakenError("This person is a member already.", attr="email") from exc
        audit.record(actor, "member.added", _target(membership), {"email": [None, email], "role": [None, role.value]})
        if settings.BALEEN_SENDS_MAIL:
            jobs.enqueue("accounts.send_invitation", membership.pk)
    only_here = not user.memberships.exclude(pk=membership.pk).exists()
    hand_over = not settings.BALEEN_SENDS_MAIL and only_here and not user.has_usable_password()
    return Invitation(membership, set_password_path(user) if hand_over else None)


def change_role(*, membership: Membership, role: Role, granted_by: Role, actor: Actor) -> Membership:
    """Change what a member may do; the last owner stays owner."""
    with transaction.atomic():
        membership = _locked(membership)
        before = Role(membership.role)
        _check_grant(granted_by, before)
        _check_grant(granted_by, role)
        if before is role:
            return membership
        _keep_an_owner(membership)
        membership.role = role
        membership.save(update_fields=["role"])
        audit.record(actor, "member.role_changed", _target(membership), {"role": [before.value, role.value]})
    return membership


def remove_member(*, membership: Membership, granted_by: Role, actor: Actor) -> None:
    """End a membership; the member's keys reach nothing of the organization from then on. Anyone may leave."""
    with transaction.atomic():
        membership = _locked(membership)
        if membership.user_id != actor.user_id:
            _check_grant(granted_by, Role(membership.role))
        _keep_an_owner(membership)
        target = _target(membership)
        changes = {"email": [membership.user.email, None], "role": [membership.role, None]}
        membership.delete()
        audit.record(actor, "member.removed", target, changes)


def set_password_path(user: User) -> str:
    """Make the path at which a user chooses a password: signed, for days, and dead once a password was set."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return f"/set-password/{uid}/{default_token_generator.make_token(user)}/"


def set_password(*, uid: str, token: str, password: str, ip: str | None = None) -> User:
    """Let the holder of a set-password link choose a password."""
    with transaction.atomic():
        user = _find_by_uid(uid)
        if user is None or not default_token_generator.check_token(user, token):
            raise LinkExpiredError("This link is no longer valid; ask for a new one.", attr="token")
        try:
            validate_password(password, user)
        except ValidationError as exc:
            raise InvalidValueError(" ".join(exc.messages), attr="password") from exc
        user.set_password(password)
        user.save(update_fields=["password"])
        actor = Actor(user_id=user.pk, email=user.email, ip=ip)
        for membership in user.memberships.all():
            audit.record(actor, "user.password_set", Target("user", user.pk, membership.organization_id), {})
    return user


def _find_by_uid(uid: str) -> User | None:
    try:
        pk = int(urlsafe_base64_decode(uid))
    except ValueError:
        return None
    return User.objects.filter(pk=pk, is_active=True).first()


def _unusable() -> str:
    user = User()
    user.set_unusable_password()
    return user.password


def _check_grant(granted_by: Role, role: Role) -> None:
    if not granted_by.covers(Role.ADMIN):
        raise NotAllowedError("Only admins and owners may manage members.")
    if not granted_by.covers(role):
        raise NotAllowedError("Only an owner may make, change or remove an owner.", attr="role")


def _locked(membership: Membership) -> Membership:
    """Read a membership again, with its organization locked: two owners leaving at once must see each other."""
    Organization.objects.select_for_update().get(pk=membership.organization_id)
    found = Membership.objects.select_related("user").filter(pk=membership.pk).first()
    if found is None:
        raise NotFoundError("There is no such member.")
    return found


def _keep_an_owner(membership: Membership) -> None:
    if membership.role != Role.OWNER:
        return
    others = Membership.objects.filter(organization_id=membership.organization_id, role=Role.OWNER)
    if not others.exclude(pk=membership.pk).exists():
        raise LastOwnerError("An organization needs an owner; make someone else owner first.")


def _target(membership: Membership) -> Target:
    return Target("member", membership.user_id, membership.organization_id)
