"""What the tests of the body deadline serve: an application that says how much of a body it was given."""

import time
from collections.abc import Iterable
from typing import Any

from apps.common.deadline import BodyDeadline

THREADS = 4


def _say_length(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI's callable
    if environ["PATH_INFO"] == "/slow-answer":
        time.sleep(3)
    try:
        body = environ["wsgi.input"].read()
    except OSError:
        start_response("500 Our Fault", [])
        return [b"half a body"]
    start_response("200 OK", [("Content-Length", str(len(str(len(body)))))])
    return [str(len(body)).encode()]


application = BodyDeadline(_say_length, seconds=1, threads=THREADS)
