"""What can go wrong with accounts.

AccountsError                a rule of organizations, members or keys
├── InvalidValueError        a value no rule allows; names the field
├── NotAllowedError          the caller's role or key does not reach this far
├── LastOwnerError           an organization would be left without an owner
├── AlreadyTakenError        someone or something else has it
└── LinkExpiredError         a set-password link that is used, old or made up
"""

from apps.common.errors import DomainError, NotFoundError


class AccountsError(DomainError):
    """The root of this app's errors."""


class InvalidValueError(AccountsError):
    """A value that no rule allows."""

    status, code = 400, "invalid_value"


class NotAllowedError(AccountsError):
    """The caller is known, but their role or key does not reach this far."""

    status, code = 403, "permission_denied"


class LastOwnerError(AccountsError):
    """An organization always has an owner."""

    status, code = 409, "last_owner"


class AlreadyTakenError(AccountsError):
    """Someone or something else already has this name, token or place."""

    status, code = 409, "already_taken"


class LinkExpiredError(AccountsError):
    """The link was used before, is too old, or was never made here."""

    status, code = 400, "link_expired"


class ProjectNotFoundError(NotFoundError, AccountsError):
    """No such project for this caller; a foreign project and a missing one look the same."""

    status, code = 404, "not_found"
