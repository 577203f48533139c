"""What can go wrong when looking around in a project.

CatalogError                the root of this app's errors
├── InvalidParameterError   a parameter is missing or wrong; names it
├── DefinitionNotFoundError the project has no such event or property
└── CatalogBusyError        the engine is away or too busy to look around
"""

from apps.common.errors import DomainError, NotFoundError, UnavailableError


class CatalogError(DomainError):
    """A look around that gave nothing."""


class InvalidParameterError(CatalogError):
    """A parameter is missing or wrong."""

    status, code = 400, "invalid_parameter"


class DefinitionNotFoundError(NotFoundError, CatalogError):
    """The project has no such event or property."""


class CatalogBusyError(UnavailableError, CatalogError):
    """The engine cannot be reached or took too long."""

    status, code = 503, "unavailable"
