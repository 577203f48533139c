"""Failures of people.

NotFoundError
├── PersonNotFoundError
└── DeletionNotFoundError
"""

from apps.common.errors import NotFoundError


class PersonNotFoundError(NotFoundError):
    """There is no such person in the project."""


class DeletionNotFoundError(NotFoundError):
    """There is no such receipt in the project."""
