"""What the catalog tells other apps."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SeenEvent:
    """An event name a project has sent lately: how often, and when last."""

    name: str
    count: int
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class SeenValue:
    """A value of a property, as text, and how often it was met in the sample looked at."""

    value: str
    count: int
