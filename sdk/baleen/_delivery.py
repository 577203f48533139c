"""One batch over HTTP: gzip, retry with backoff where a retry can help, Retry-After honoured."""

from __future__ import annotations

import gzip
import json
import random
import threading
import urllib.error
import urllib.request
from typing import Any

_RETRIED = frozenset({408, 429, 500, 502, 503, 504})
_LONGEST_WAIT = 30.0


def _jsonable(value: object) -> str:
    """Give what JSON has no word for as text, so that one odd property never costs the event."""
    return str(value)


class Delivery:
    """Where batches go. `send` blocks until the server has taken the batch or refused it for good."""

    def __init__(self, project_key: str, host: str, timeout: float, max_retries: int) -> None:
        self.stop = threading.Event()
        self._project_key = project_key
        self._url = host + "/batch/"
        self._timeout = timeout
        self._max_retries = max_retries

    def send(self, batch: list[dict[str, Any]]) -> str | None:
        """Deliver a batch. Gives None when the server acknowledged it, else why it was given up."""
        # No sent_at: the batch waits in this very process, so its clock is the one that stamped the events.
        body = gzip.compress(
            json.dumps({"api_key": self._project_key, "batch": batch}, default=_jsonable).encode(), compresslevel=1
        )
        reason = "shutting down"
        for attempt in range(self._max_retries + 1):
            if self.stop.is_set():
                return reason
            reason, retry_after = self._post(body)
            if not reason:
                return None
            if retry_after is None:
                return reason
            backoff = min(0.5 * 2**attempt, _LONGEST_WAIT) * random.uniform(0.5, 1)  # noqa: S311 - jitter
            self.stop.wait(max(backoff, min(retry_after, _LONGEST_WAIT)))
        return reason

    def _post(self, body: bytes) -> tuple[str, float | None]:
        """Try once. Gives ("", _) on success, else the reason and the least wait before a retry; None = never."""
        request = urllib.request.Request(  # noqa: S310 - the client checked the scheme
            self._url, data=body, headers={"Content-Type": "application/json", "Content-Encoding": "gzip"}
        )
        try:
            with urllib.request.urlopen(request, timeout=self._timeout):  # noqa: S310 - as above
                return "", None
        except urllib.error.HTTPError as exc:
            with exc:
                reason = f"HTTP {exc.code}"
                return reason, _seconds(exc.headers.get("Retry-After")) if exc.code in _RETRIED else None
        except OSError as exc:
            return str(exc), 0.0


def _seconds(retry_after: str | None) -> float:
    try:
        return max(0.0, float(retry_after or 0))
    except ValueError:
        return 1.0
