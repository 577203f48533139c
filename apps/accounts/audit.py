"""Writes the audit log: the one door for every app."""

from collections.abc import Mapping

from apps.accounts.contracts import Actor, Target
from apps.accounts.models import AuditEntry


def record(actor: Actor, action: str, target: Target, changes: Mapping[str, object]) -> None:
    """Note a change, in the caller's transaction: `action` is `entity.action`, `changes` plain JSON without secrets."""
    AuditEntry.objects.create(
        organization_id=target.organization_id,
        project_id=target.project_id,
        actor_id=actor.user_id,
        actor_email=actor.email,
        actor_key_id=actor.key_id,
        action=action,
        target_kind=target.kind,
        target_id=str(target.id),
        changes=dict(changes),
        ip=actor.ip,
    )
