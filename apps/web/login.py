"""How the login library meets our accounts."""

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from apps.accounts import services
from apps.accounts.contracts import Actor
from apps.accounts.models import User
from apps.common.http import client_ip


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] # the library has no types
    """Keeps sign-up for the very first person; everyone after is invited."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - the library's signature
        """Say whether a stranger may create a login."""
        return settings.BALEEN_SIGNUP_OPEN or not User.objects.exists()

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Make the link of a letter from the deployment's own address: the request's Host is the sender's to choose."""
        path = urlsplit(super().get_reset_password_from_key_url(key)).path
        return f"{settings.BALEEN_PUBLIC_URL}{path}"

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:  # noqa: ANN401, FBT001, FBT002 - the library's signature
        """Store a new login together with an organization of its own, since nobody has invited it to one."""
        with transaction.atomic():
            saved: User = super().save_user(request, user, form, commit=commit)
            actor = Actor(user_id=saved.pk, email=saved.email, ip=client_ip(request))
            services.create_organization(
                name=f"{saved.email.partition('@')[0]}'s organization", owner=saved, actor=actor
            )
        return saved
