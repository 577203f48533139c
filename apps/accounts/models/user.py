"""A person who logs in."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower

from apps.common.clock import now


def normalise_email(email: str) -> str:
    """Bring an e-mail address to the one form it is stored and looked up in: trimmed, lower case.

    RFC 5321 lets the part before the @ be case-sensitive; no provider in use makes it so, and two accounts that differ
    in case only are always a mistake.
    """
    return email.strip().lower()


class UserManager(BaseUserManager["User"]):
    """Makes and finds users by e-mail."""

    def create_user(self, email: str, password: str | None = None, *, name: str = "") -> "User":
        """Create a user; without a password they can only enter through a set-password link."""
        user = self.model(email=normalise_email(email), name=name)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find the user who logs in with this address, however it is cased."""
        return self.get(email=normalise_email(username or ""))


class User(AbstractBaseUser):
    """A login. What it may do is said by its memberships, never by the row itself: there are no superusers."""

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=200, blank=True, default="")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        """The stored address is lower case, also for code that goes past the manager."""

        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_is_lower_case"),
        ]

    def __str__(self) -> str:
        """Name the user by their address."""
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Django's signature
        """Store the address in its one form, whoever made the row."""
        self.email = normalise_email(self.email)
        super().save(*args, **kwargs)
