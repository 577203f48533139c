"""The values accounts accept, each rule with the sentence its breach is answered with."""

from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from apps.accounts import keys
from apps.accounts.errors import InvalidValueError
from apps.accounts.models.user import normalise_email

MAX_NAME_LENGTH = 200


def clean_name(value: str, *, attr: str) -> str:
    """Accept a name a person can read: 1 to 200 characters, spaces around it cut off."""
    name = value.strip()
    if not name:
        raise InvalidValueError("A name may not be empty.", attr=attr)
    if len(name) > MAX_NAME_LENGTH:
        raise InvalidValueError(f"A name may have {MAX_NAME_LENGTH} characters at most.", attr=attr)
    if "\x00" in name:
        raise InvalidValueError("A name may not contain NUL characters.", attr=attr)
    return name


def clean_email(value: str, *, attr: str = "email") -> str:
    """Accept an e-mail address, in the form it is stored in."""
    email = normalise_email(value)
    try:
        validate_email(email)
    except ValidationError as exc:
        raise InvalidValueError(f"{value!r} is not an e-mail address.", attr=attr) from exc
    return email


def clean_timezone(value: str) -> str:
    """Accept a name of the IANA time zone database."""
    if value not in available_timezones():
        raise InvalidValueError(
            f"{value!r} is not a time zone; use an IANA name such as Europe/Berlin.", attr="timezone"
        )
    return value


def clean_week_start_day(value: int) -> int:
    """Accept 0 (Sunday) or 1 (Monday)."""
    if value not in {0, 1}:
        raise InvalidValueError("A week starts on 0 (Sunday) or 1 (Monday).", attr="week_start_day")
    return value


def clean_project_token(value: str) -> str:
    """Accept any token the capture endpoints accept."""
    if not keys.is_project_token(value):
        raise InvalidValueError(
            f"A project token is 1 to {keys.MAX_PROJECT_TOKEN_LENGTH} printable ASCII characters without spaces"
            f" and does not start with {keys.PERSONAL_PREFIX}.",
            attr="project_token",
        )
    return value


def clean_personal_key(value: str) -> str:
    """Accept a key that its owner chose."""
    if not keys.is_personal_key(value):
        raise InvalidValueError(
            f"A personal key is 1 to {keys.MAX_PERSONAL_KEY_LENGTH} printable ASCII characters without spaces"
            f" and does not start with {keys.PROJECT_PREFIX}.",
            attr="personal_key",
        )
    return value
