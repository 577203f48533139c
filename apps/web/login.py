"""How the login library meets our accounts."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] # the library has no types
    """Keeps sign-up for the very first person; everyone after is invited."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - the library's signature
        """Say whether a stranger may create a login."""
        return settings.BALEEN_SIGNUP_OPEN or not get_user_model().objects.exists()
