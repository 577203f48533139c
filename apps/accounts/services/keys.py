"""Personal keys: making, noting their use, revoking."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import Q

from apps.accounts import audit, keys, values
from apps.accounts.contracts import ALL_SCOPES, SCOPES, Actor, Target
from apps.accounts.errors import AlreadyTakenError, InvalidValueError
from apps.accounts.models import Organization, PersonalKey, Project, User
from apps.common.clock import now

USE_RESOLUTION: Final = timedelta(minutes=1)
"""`last_used_at` is this coarse, so that a busy key does not turn every read into a write."""


def create_key(  # noqa: PLR0913 - a key's fields, all by keyword
    *,
    user: User,
    label: str,
    scopes: Sequence[str],
    actor: Actor,
    organization: Organization | None = None,
    project: Project | None = None,
    expires_at: datetime | None = None,
    value: str | None = None,
) -> tuple[PersonalKey, str]:
    """Create a key and return it with its value, which cannot be read again."""
    value = values.clean_personal_key(value) if value else keys.new_personal_key()
    if expires_at is not None and expires_at <= now():
        raise InvalidValueError("A key must expire in the future.", attr="expires_at")
    key = PersonalKey(
        user=user,
        label=values.clean_name(label, attr="label"),
        value_hash=keys.hash_key(value),
        mask=keys.mask_key(value),
        scopes=_clean_scopes(scopes),
        organization=organization,
        project=project,
        expires_at=expires_at,
    )
    with transaction.atomic():
        try:
            with transaction.atomic():
                key.save()
        except IntegrityError as exc:
            raise AlreadyTakenError("This personal key is in use or was revoked.", attr="personal_key") from exc
        _record(key, actor, "personal_key.created", {"label": [None, key.label], "scopes": [None, key.scopes]})
    return key, value


def revoke_key(*, key: PersonalKey, actor: Actor) -> None:
    """Make a key worthless from the next request on."""
    with transaction.atomic():
        if PersonalKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=now()):
            _record(key, actor, "personal_key.revoked", {"label": [key.label, None]})
    key.refresh_from_db()


def note_use(*, key: PersonalKey) -> None:
    """Remember that a key was used, at most once a minute."""
    moment = now()
    if key.last_used_at is not None and key.last_used_at >= moment - USE_RESOLUTION:
        return
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=moment - USE_RESOLUTION)
    PersonalKey.objects.filter(stale, pk=key.pk).update(last_used_at=moment)


def _clean_scopes(scopes: Iterable[str]) -> list[str]:
    wanted = set(scopes)
    unknown = sorted(wanted - set(SCOPES))
    if unknown:
        raise InvalidValueError(
            f"{unknown[0]!r} is not a scope; use '*' or resource:read and resource:write.", attr="scopes"
        )
    if not wanted:
        raise InvalidValueError("A key needs at least one scope.", attr="scopes")
    return [ALL_SCOPES] if ALL_SCOPES in wanted else sorted(wanted)


def _record(key: PersonalKey, actor: Actor, action: str, changes: dict[str, list[object]]) -> None:
    """Write the entry into every organization that the key reaches, for it matters to each of them."""
    reached = key.user.memberships.values_list("organization_id", flat=True)
    if key.organization_id is not None:
        reached = reached.filter(organization_id=key.organization_id)
    if key.project is not None:
        reached = reached.filter(organization_id=key.project.organization_id)
    for organization_id in reached:
        audit.record(actor, action, Target("personal_key", key.pk, organization_id, key.project_id), changes)
