"""The date ranges every question offers, and how the address spells them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Preset:
    """A range with a name, in the query language's relative dates."""

    title: str
    date_from: str
    date_to: str | None = None


PRESETS: Final = {
    "today": Preset("Today", "dStart"),
    "yesterday": Preset("Yesterday", "-1dStart", "-1dEnd"),
    "24h": Preset("Last 24 hours", "-24h"),
    "7d": Preset("Last 7 days", "-7d"),
    "14d": Preset("Last 14 days", "-14d"),
    "30d": Preset("Last 30 days", "-30d"),
    "90d": Preset("Last 90 days", "-90d"),
    "month": Preset("This month", "mStart"),
    "last-month": Preset("Last month", "-1mStart", "-1mEnd"),
    "year": Preset("Year to date", "yStart"),
    "all": Preset("All time", "all"),
}
CUSTOM: Final = "custom"
DEFAULT: Final = "7d"
CHOICES: Final = (*((name, preset.title) for name, preset in PRESETS.items()), (CUSTOM, "Custom dates"))


@dataclass(frozen=True, slots=True)
class Range:
    """A chosen range: the name of a preset, or two days of the project's calendar."""

    name: str = DEFAULT
    start: str = ""
    end: str = ""

    @classmethod
    def read(cls, values: Mapping[str, str]) -> "Range":
        """Read a range from an address; what makes no sense becomes the default."""
        name = values.get("range", DEFAULT)
        if name in PRESETS:
            return cls(name)
        start, end = _day(values.get("from", "")), _day(values.get("to", ""))
        if name == CUSTOM and start and end:
            return cls(CUSTOM, *sorted((start, end)))
        return cls()

    def query(self) -> dict[str, str | None]:
        """Spell the range for the query engine."""
        if self.name == CUSTOM:
            return {"date_from": self.start, "date_to": self.end}
        preset = PRESETS[self.name]
        return {"date_from": preset.date_from, "date_to": preset.date_to}

    def fields(self) -> list[tuple[str, str]]:
        """Spell the range for an address."""
        if self.name == CUSTOM:
            return [("range", CUSTOM), ("from", self.start), ("to", self.end)]
        return [("range", self.name)]

    def reaches(self, moment: datetime, zone: str) -> bool:
        """Whether the range still runs at a moment, so that its last bucket is not complete."""
        if self.name == CUSTOM:
            return self.end >= moment.astimezone(ZoneInfo(zone)).date().isoformat()
        return PRESETS[self.name].date_to is None


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""
