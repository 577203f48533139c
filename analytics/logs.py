"""How every process logs: one line an event on standard error, for people or as JSON.

Tracebacks carry no values of variables: those would be passwords and other people's events.
"""

import logging.config
from typing import Any

import structlog
from structlog.typing import Processor

SHARED: list[Processor] = [
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso"),
]


def renderers(style: str, *, colored: bool) -> list[Processor]:
    """Give the last steps of a line."""
    if style == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return [structlog.dev.ConsoleRenderer(colors=colored, exception_formatter=structlog.dev.plain_traceback)]


def configuration(style: str, level: str, *, colored: bool) -> dict[str, Any]:
    """Describe the handlers to the standard library, through which libraries log as well."""
    steps = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers(style, colored=colored)]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": steps,
                "foreign_pre_chain": SHARED,
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
    }


def configure(style: str, level: str, *, colored: bool) -> None:
    """Set up logging for this process."""
    logging.config.dictConfig(configuration(style, level, colored=colored))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
