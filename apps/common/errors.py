"""The root of every error an app raises on purpose.

DomainError            a person or a client can act on it
└── <App>Error         each app's own root in its errors.py
"""

from typing import ClassVar


class DomainError(Exception):
    """A failure with a meaning outside the code: it has an HTTP status, a stable code and a sentence safe to show.

    `attr` names the field of the input that is at fault, when one is.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "invalid_input"

    def __init__(self, detail: str, *, attr: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.attr = attr


class NotFoundError(DomainError):
    """What was asked for is not there, or not for this caller."""

    status, code = 404, "not_found"


class UnavailableError(DomainError):
    """A part this request needs is away for now; trying again may work."""

    status, code = 503, "unavailable"
