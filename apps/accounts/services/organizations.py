"""Organizations: making and renaming them."""

from django.db import transaction

from apps.accounts import audit, values
from apps.accounts.contracts import Actor, Role, Target
from apps.accounts.models import Membership, Organization, User


def create_organization(*, name: str, owner: User, actor: Actor) -> Organization:
    """Create an organization with its first owner."""
    with transaction.atomic():
        organization = Organization.objects.create(name=values.clean_name(name, attr="name"))
        Membership.objects.create(organization=organization, user=owner, role=Role.OWNER)
        audit.record(
            actor,
            "organization.created",
            Target("organization", organization.pk, organization.pk),
            {"name": [None, organization.name], "owner": [None, owner.email]},
        )
    return organization


def rename_organization(*, organization: Organization, name: str, actor: Actor) -> Organization:
    """Rename an organization; a name it already has changes nothing."""
    name = values.clean_name(name, attr="name")
    with transaction.atomic():
        before = organization.name
        if before != name:
            organization.name = name
            organization.save(update_fields=["name"])
            target = Target("organization", organization.pk, organization.pk)
            audit.record(actor, "organization.renamed", target, {"name": [before, name]})
    return organization
