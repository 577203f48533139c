import io
import json
import logging

import pytest
import structlog

from analytics import logs


def _fail(password: str) -> None:
    assert password
    raise ValueError("cannot")


def _line(style: str, *, foreign: bool) -> str:
    """Log one failure as a process would, and give what it wrote."""
    steps = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *logs.renderers(style, colored=False)]
    handler = logging.StreamHandler(stream := io.StringIO())
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=steps, foreign_pre_chain=logs.SHARED))
    target = logging.getLogger(f"tests.logs.{style}.{foreign}")
    target.propagate = False
    target.handlers = [handler]
    logger = structlog.wrap_logger(
        target, processors=[*logs.SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter]
    )
    try:
        _fail("hunter2" * 2)
    except ValueError:
        if foreign:
            target.exception("entry.failed")
        else:
            logger.exception("entry.failed", entry="1-0")
    return stream.getvalue()


@pytest.mark.parametrize("style", ["console", "json"])
@pytest.mark.parametrize("foreign", [True, False])
def test_traceback__of_ours_or_a_library__is_there_without_values(style: str, foreign: bool) -> None:  # noqa: FBT001
    # Given / When
    text = _line(style, foreign=foreign)

    # Then
    assert "entry.failed" in text
    assert "ValueError: cannot" in text
    assert "hunter2hunter2" not in text


def test_json__is_one_object_a_line_even_with_a_traceback() -> None:
    # Given / When
    (line,) = _line("json", foreign=False).splitlines()

    # Then
    entry = json.loads(line)
    assert entry["event"] == "entry.failed"
    assert entry["entry"] == "1-0"
    assert entry["level"] == "error"
    assert entry["timestamp"].endswith("Z")
    assert entry["exception"].startswith("Traceback")
