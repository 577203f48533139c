"""Ninety days of Otter, a made-up AI chat product: who came, what they asked, what it cost, whether they stayed.

The story is a pure function of its seed and its last day, so two runs tell the same one, event ids included.
"""

import math
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

Properties = dict[str, object]

_EVENT_IDS = uuid.UUID("5d8b7c1e-6c57-4d37-9a0e-1f3c2b0a9e44")
SOURCES = {"google": 0.42, "direct": 0.28, "producthunt": 0.12, "newsletter": 0.1, "github": 0.08}
BROWSERS = {"Chrome": 0.6, "Safari": 0.22, "Firefox": 0.11, "Edge": 0.07}
COUNTRIES = {"DE": 0.2, "US": 0.34, "IN": 0.16, "BR": 0.1, "FR": 0.12, "JP": 0.08}
TOPICS = {"coding": 0.34, "writing": 0.27, "research": 0.2, "translation": 0.12, "small talk": 0.07}
FLAG = "chat-model"


@dataclass(frozen=True)
class Model:
    """How one model behaves in the story. Latency in seconds a thousand output tokens, the rest shares."""

    name: str
    provider: str
    seconds: float
    failure: float
    liking: float


CONTROL = Model("gpt-4o", "openai", 5.2, 0.012, 0.74)
CANDIDATE = Model("deepseek-chat", "deepseek", 7.1, 0.02, 0.73)
OTHERS = {
    "writing": Model("claude-sonnet-4-5", "anthropic", 6.4, 0.008, 0.81),
    "translation": Model("qwen3-32b", "groq", 2.3, 0.015, 0.7),
}


@dataclass(frozen=True)
class StoryEvent:
    """One event, as an SDK call would take it."""

    name: str
    distinct_id: str
    timestamp: datetime
    uuid: str
    properties: Properties = field(default_factory=dict)


@dataclass(frozen=True)
class _Person:
    distinct_id: str
    signed_up: datetime
    loyalty: float
    traits: Properties

    @property
    def variant(self) -> str:
        return "control" if int(self.distinct_id.rsplit("-", 1)[1]) % 2 else "candidate"


def tell(*, people: int, days: int, end: datetime, seed: int = 7) -> Iterator[StoryEvent]:
    """Give every event of the story in no particular order; all lie in the `days` before `end`."""
    for index in range(people):
        rng = random.Random(f"{seed}:{index}")  # noqa: S311 - a story, not a secret
        told = _Teller(rng, _person(rng, index, days, end), end).life()
        yield from (event for event in told if event.timestamp <= end)


def _pick(rng: random.Random, shares: dict[str, float]) -> str:
    return rng.choices(list(shares), weights=list(shares.values()))[0]


def _person(rng: random.Random, index: int, days: int, end: datetime) -> _Person:
    # Square root: the product grows, so more people arrive late than early.
    age = days * (1 - math.sqrt(rng.random()))
    arrival = end - timedelta(days=age, seconds=rng.random() * 3600)
    return _Person(
        distinct_id=f"otter-{index:05d}",
        signed_up=max(arrival, end - timedelta(days=days)),
        loyalty=rng.betavariate(1.1, 2.6),
        traits={
            "utm_source": _pick(rng, SOURCES),
            "$browser": _pick(rng, BROWSERS),
            "$geoip_country_code": _pick(rng, COUNTRIES),
            "plan": "free",
        },
    )


class _Teller:
    """Tells one person's life, from the first page view to the last chat."""

    def __init__(self, rng: random.Random, person: _Person, end: datetime) -> None:
        self.rng, self.person, self.end, self.count = rng, person, end, 0
        self.session = ""

    def event(self, name: str, at: datetime, **properties: object) -> StoryEvent:
        self.count += 1
        return StoryEvent(
            name=name,
            distinct_id=self.person.distinct_id,
            timestamp=at,
            uuid=str(uuid.uuid5(_EVENT_IDS, f"{self.person.distinct_id}:{self.person.signed_up.date()}:{self.count}")),
            properties=self.person.traits | {"$session_id": self.session} | properties,
        )

    def life(self) -> Iterator[StoryEvent]:
        """Visit, perhaps sign up, then come back on the days loyalty and the week allow."""
        at = self.person.signed_up
        self.session = f"{self.person.distinct_id}-0"
        yield self.event("$pageview", at, **{"$current_url": "https://otter.example/", "$pathname": "/"})
        if self.rng.random() > 0.62:  # noqa: PLR2004 - most visitors leave
            return
        at += timedelta(seconds=self.rng.uniform(20, 400))
        yield self.event("user signed up", at, method=_pick(self.rng, {"email": 0.55, "google": 0.35, "github": 0.1}))
        for day in range((self.end - at).days + 1):
            weekend = (at + timedelta(days=day)).weekday() >= 5  # noqa: PLR2004 - Saturday and Sunday
            chance = self.person.loyalty * math.exp(-day / (8 + 80 * self.person.loyalty)) * (0.6 if weekend else 1)
            if day == 0 or self.rng.random() < chance:
                yield from self.visit(at + timedelta(days=day, seconds=self.rng.uniform(10, 600)), day)

    def visit(self, at: datetime, day: int) -> Iterator[StoryEvent]:
        """Open the app and chat a few times."""
        self.session = f"{self.person.distinct_id}-{day + 1}"
        if day == 0 and self.rng.random() < 0.25:  # noqa: PLR2004 - a quarter never start their first chat
            return
        yield self.event("$pageview", at, **{"$current_url": "https://otter.example/chat", "$pathname": "/chat"})
        yield self.event(
            "$feature_flag_called", at, **{"$feature_flag": FLAG, "$feature_flag_response": self.person.variant}
        )
        for _ in range(1 + int(self.rng.expovariate(0.9))):
            at += timedelta(seconds=self.rng.uniform(5, 240))
            if at > self.end:
                return
            yield from self.chat(at)
        if self.person.traits["plan"] == "free" and self.rng.random() < 0.035:  # noqa: PLR2004 - a rare joy
            self.person.traits["plan"] = "pro"
            yield self.event("upgraded to pro", at + timedelta(seconds=30), price_usd=20, currency="USD")

    def chat(self, at: datetime) -> Iterator[StoryEvent]:
        """Ask, wait for the answer, and sometimes say how good it was."""
        topic = _pick(self.rng, TOPICS)
        model = OTHERS.get(topic, CONTROL if self.person.variant == "control" else CANDIDATE)
        trace = uuid.UUID(int=self.rng.getrandbits(128), version=4).hex
        output = int(self.rng.lognormvariate(5.4, 0.7))
        failed = self.rng.random() < model.failure
        latency = 0.4 + model.seconds * output / 1000 * self.rng.lognormvariate(0, 0.25)
        variant = {f"$feature/{FLAG}": self.person.variant}
        yield self.event("chat started", at, topic=topic, **variant)
        answered = at + timedelta(seconds=latency)
        usage = (
            {} if failed else {"$ai_input_tokens": int(self.rng.lognormvariate(6.2, 0.8)), "$ai_output_tokens": output}
        )
        yield self.event(
            "$ai_generation",
            answered,
            **{
                "$ai_trace_id": trace,
                "$ai_model": model.name,
                "$ai_provider": model.provider,
                "$ai_latency": round(latency, 3),
                "$ai_is_error": failed,
                "$ai_http_status": 529 if failed else 200,
                "$ai_input": [{"role": "user", "content": f"A question about {topic}"}],
                "topic": topic,
            },
            **usage,
            **variant,
        )
        if not failed and self.rng.random() < 0.3:  # noqa: PLR2004 - three in ten rate the answer
            liked = self.rng.random() < model.liking
            yield self.event(
                "answer rated",
                answered + timedelta(seconds=self.rng.uniform(3, 60)),
                rating="up" if liked else "down",
                **{"$ai_trace_id": trace, "$ai_model": model.name},
                **variant,
            )
