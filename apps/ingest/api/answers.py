"""What the doors of ingest answer: a status, headers and a body, and how an error becomes one."""

from collections.abc import Callable
from typing import Final

import msgspec
import structlog
from django.db import DatabaseError

from apps.common.errors import DomainError
from apps.common.http import problem, problem_for
from apps.ingest.api.arrival import Arrival
from apps.ingest.errors import BodyTimeoutError, LogUnavailableError

Answer = tuple[int, list[tuple[str, str]], bytes]
Handler = Callable[[Arrival], Answer]

JSON: Final = ("Content-Type", "application/json")

log = structlog.get_logger(__name__)


def given(content: object, status: int = 200) -> Answer:
    """Answer with JSON."""
    return status, [JSON], msgspec.json.encode(content)


def known(error: Exception, path: str) -> DomainError | None:
    """Say which of our errors an exception amounts to; None when the fault is ours, which is logged here."""
    match error:
        case DomainError():
            return error
        case TimeoutError():
            return BodyTimeoutError("The body did not arrive in time.")
        case DatabaseError():
            log.warning("capture.database_away", reason=str(error))
            return LogUnavailableError("The database is away.")
        case _:
            log.error("capture.failed", path=path, exc_info=error)
            return None


def refusal(error: DomainError | None) -> Answer:
    """Answer an error with problem JSON; None is a fault of ours, of which the sender learns nothing."""
    if error is None:
        answer = problem(500, "error", "Something went wrong on the server.")
        return 500, [("Content-Type", answer["Content-Type"])], answer.content
    found = problem_for(error)
    assert found is not None  # noqa: S101 - there is one for every DomainError; this tells mypy
    return error.status, [("Content-Type", found["Content-Type"]), *retry_after(error)], found.content


def retry_after(error: DomainError) -> list[tuple[str, str]]:
    """Say when to come back, for the errors that know it."""
    seconds = getattr(error, "retry_after", None)
    return [] if seconds is None else [("Retry-After", str(int(seconds)))]
