"""Maskers with rules of a test's own."""

import json
from collections import Counter
from typing import Any

from apps.ingest.controls.contracts import Controls
from apps.ingest.controls.masking import Masker

KEY = b"k" * 32


class Counts(Counter[str]):
    """What a masker says it did."""

    def note(self, kind: str, count: int = 1) -> None:
        """Take a count."""
        self[kind] += count


def masker(**rules: Any) -> Masker:  # noqa: ANN401 - fields of Controls
    """Make a masker of a project with these rules."""
    return Masker(Controls(1, hash_key=KEY, **rules))


def rewritten(rules: Masker, properties: object, event: str = "chat") -> Any:  # noqa: ANN401 - JSON
    """Give the properties as they are kept."""
    return json.loads(rules.properties(event, json.dumps(properties).encode(), Counts()))
