"""Users: what they change about themselves."""

from django.db import transaction

from apps.accounts import audit
from apps.accounts.contracts import Actor, Target
from apps.accounts.models import User


def rename_user(*, user: User, name: str, actor: Actor) -> User:
    """Change the name others see; noted in every organization that sees it."""
    with transaction.atomic():
        before, user.name = user.name, name.strip()
        if before != user.name:
            user.save(update_fields=["name"])
            for place in user.memberships.all():
                target = Target("user", user.pk, place.organization_id)
                audit.record(actor, "user.renamed", target, {"name": [before, user.name]})
    return user
