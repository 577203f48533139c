"""What can be wrong with what llm is asked."""

from apps.common.errors import DomainError, NotFoundError


class LlmError(DomainError):
    """The root of what this app raises."""


class InvalidPriceError(LlmError):
    """A price that means nothing."""

    code = "invalid_price"


class PriceOverlapsError(LlmError):
    """Two prices of one model at the same time: nobody could say which holds."""

    status, code = 409, "price_overlaps"


class PriceNotFoundError(NotFoundError):
    """There is no such price in the project."""

    code = "price_not_found"


class InvalidRangeError(LlmError):
    """A range of time that is none."""

    code = "invalid_range"


class RepricingRunningError(LlmError):
    """A run of the project is not finished yet."""

    status, code = 409, "repricing_running"


class RepricingNotFoundError(NotFoundError):
    """There is no such run in the project."""

    code = "repricing_not_found"
