"""What can be wrong with a filter.

FilterError                  the root: a filter somebody wrote that cannot be followed
├── InvalidFilterError       its shape or a value is wrong; names the field
└── UnsupportedFilterError   it means something this server does not know how to ask yet
"""

from apps.common.errors import DomainError


class FilterError(DomainError):
    """A filter that cannot be followed; `attr` is the path of the part at fault."""


class InvalidFilterError(FilterError):
    """The shape of a filter, or a value in it, is wrong."""

    status, code = 400, "invalid_filter"


class UnsupportedFilterError(FilterError):
    """The filter is well formed, but what it asks for cannot be answered."""

    status, code = 400, "not_supported"
