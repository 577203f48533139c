"""A sender that behaves as an SDK does: batches with ids of their own, sent again unchanged until the answer is 200."""

import http.client
import json
import random
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

BATCH = 25
USERS = 400
ANSWER_SECONDS = 10.0
LONGEST_PAUSE = 2.0
LONG_TEXT = "A whale is a mammal, and so is who asks. " * 30


@dataclass
class Sender:
    """Sends at an even rate from a few threads, and keeps books on what was sent and how it was answered."""

    port: int
    token: str
    rate: int
    chance: random.Random
    threads: int = 6
    ids: set[str] = field(default_factory=set)
    users: set[int] = field(default_factory=set)
    talks: set[str] = field(default_factory=set)
    """Ids of the events whose long text is stored apart."""
    answers: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    """How long the unluckiest batch was sent again and again."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _over: threading.Event = field(default_factory=threading.Event)
    _running: list[threading.Thread] = field(default_factory=list)
    _next: float = 0.0

    def start(self) -> None:
        """Begin to send."""
        self._next = time.monotonic()
        self._running = [threading.Thread(target=self._run, daemon=True) for _ in range(self.threads)]
        for thread in self._running:
            thread.start()

    def finish(self, seconds: float) -> bool:
        """Make no more batches, and say whether all that were begun have been acknowledged."""
        self._over.set()
        end = time.monotonic() + seconds
        for thread in self._running:
            thread.join(max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in self._running)

    def _run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        while not self._over.is_set():
            with self._lock:
                due = self._next
                self._next = max(due, time.monotonic() - 1) + BATCH / self.rate
                body = self._batch()
            time.sleep(max(0.0, due - time.monotonic()))
            self._deliver(connection, body)

    def _deliver(self, connection: http.client.HTTPConnection, body: bytes) -> None:
        started, pause = time.monotonic(), 0.1
        while True:
            answer = _post(connection, body)
            with self._lock:
                self.answers[answer] += 1
                self.slowest = max(self.slowest, time.monotonic() - started)
            if answer == "200":
                return
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _batch(self) -> bytes:
        """Make events of one user: visits before the login, the login, what comes after it, and a talk with a model."""
        user = self.chance.randrange(USERS)
        is_new = user not in self.users
        self.users.add(user)
        events = [self._event(f"visitor-{user}", "page seen") for _ in range(BATCH // 2)]
        if is_new:
            events.append(self._event(f"user-{user}", "$identify", {"$anon_distinct_id": f"visitor-{user}"}))
        events += [self._event(f"user-{user}", "message sent") for _ in range(BATCH - len(events) - 1)]
        talk: dict[str, object] = {"$ai_trace_id": f"trace-{user}", "$ai_model": "qwen3", "$ai_input": LONG_TEXT}
        events.append(self._event(f"user-{user}", "$ai_generation", talk))
        self.talks.add(str(events[-1]["uuid"]))
        return json.dumps({"api_key": self.token, "batch": events}).encode()

    def _event(self, distinct_id: str, name: str, properties: dict[str, object] | None = None) -> dict[str, object]:
        uid = str(UUID(int=self.chance.getrandbits(128), version=4))
        self.ids.add(uid)
        return {
            "event": name,
            "distinct_id": distinct_id,
            "uuid": uid,
            "timestamp": datetime.now(UTC).isoformat(),
            "properties": {"model": "qwen3", "tokens": self.chance.randrange(4_000)} | (properties or {}),
        }


def _post(connection: http.client.HTTPConnection, body: bytes) -> str:
    try:
        connection.request("POST", "/batch/", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        with suppress(OSError):
            connection.close()
        return "no answer"
    return str(answer.status)
