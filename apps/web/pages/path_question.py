"""Paths as an address spells them: read from a query string, written back to one, and put to the query engine."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from django.http import QueryDict

from apps.web.pages.ranges import Range

KINDS: Final = {
    "all": ("Pages, screens and events", ("$pageview", "$screen", "custom_event")),
    "pages": ("Pages", ("$pageview",)),
    "screens": ("Screens", ("$screen",)),
    "events": ("Events", ("custom_event",)),
}
"""What paths are made of: how the page and how the query language call it."""

CHOICES: Final = tuple((name, title) for name, (title, _) in KINDS.items())
STEPS: Final = range(2, 11)
DEFAULT_STEPS: Final = 5
EDGE_LIMIT: Final = 50


@dataclass(frozen=True, slots=True)
class PathQuestion:
    """Everything the paths page asks; equal questions have equal addresses."""

    kind: str = "all"
    start: str = ""
    end: str = ""
    steps: int = DEFAULT_STEPS
    range: Range = field(default_factory=Range)

    @classmethod
    def read(cls, values: QueryDict) -> "PathQuestion":
        """Read a question from an address; what makes no sense becomes the default."""
        chosen = {name: str(value) for name, value in values.dict().items()}
        kind, steps = chosen.get("kind", ""), chosen.get("steps", "")
        return cls(
            kind=kind if kind in KINDS else "all",
            start=chosen.get("start", "").strip(),
            end=chosen.get("end", "").strip(),
            steps=int(steps) if steps in {str(number) for number in STEPS} else DEFAULT_STEPS,
            range=Range.read(chosen),
        )

    def address(self) -> str:
        """Spell the question as a query string."""
        pairs = [("kind", self.kind), *self.range.fields(), ("steps", str(self.steps))]
        pairs += [(name, value) for name, value in (("start", self.start), ("end", self.end)) if value]
        return urlencode(pairs)

    def query(self) -> dict[str, object]:
        """Spell the question for the query engine."""
        wanted: dict[str, object] = {
            "includeEventTypes": list(KINDS[self.kind][1]),
            "stepLimit": self.steps,
            "edgeLimit": EDGE_LIMIT,
        }
        if self.start:
            wanted["startPoint"] = self.start
        if self.end:
            wanted["endPoint"] = self.end
        return {"kind": "PathsQuery", "dateRange": self.range.query(), "pathsFilter": wanted}
