"""Letters to people, through Django's e-mail settings."""

from django.conf import settings
from django.core.mail import send_mail

from apps.accounts.models import Membership
from apps.accounts.services.members import set_password_path


def send_invitation(membership_id: int) -> None:
    """Write to a new member; someone without a password gets the link at which to choose one."""
    membership = Membership.objects.select_related("user", "organization").filter(pk=membership_id).first()
    if membership is None:
        return
    user, organization = membership.user, membership.organization
    path = "/login/" if user.has_usable_password() else set_password_path(user)
    send_mail(
        subject=f"You are now a member of {' '.join(organization.name.split())}",
        message=(
            f"You were added to {organization.name} as {membership.role}.\n\n"
            f"Enter here: {settings.BALEEN_PUBLIC_URL}{path}\n"
        ),
        from_email=None,
        recipient_list=[user.email],
    )
