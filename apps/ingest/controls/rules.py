"""The words of a project's rules."""

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What a masking rule does with the value of a property."""

    HASH = "hash"
    DROP = "drop"
    TRUNCATE = "truncate"


class PromptPolicy(StrEnum):
    """What becomes of the texts that go into and come out of language models."""

    KEEP = "keep"
    MASK = "mask"
    METADATA = "metadata"


class IpPolicy(StrEnum):
    """What becomes of the address an event came from."""

    KEEP = "keep"
    TRUNCATE = "truncate"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class MaskRule:
    """One masking rule: a name, `*` pattern or /regular expression/, and what happens to what it matches.

    `length` is how many characters truncating leaves.
    """

    match: str
    action: Action
    length: int = 0
