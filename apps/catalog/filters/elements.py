r"""The elements somebody clicked on, as `$elements_chain` lists them from the innermost outwards.

An element is `tag.class:name="value"name="value"`, elements are parted by `;`, quotes in values are written `\"`.
"""

from functools import lru_cache
from typing import Any, Final

import re2

PATTERNS: Final = {
    "text": r'[:"]text="((?:[^"\\]|\\.)*)"',
    "href": r'[:"]href="((?:[^"\\]|\\.)*)"',
    "tag_name": r'(?:^|;)([^.:;"]+)(?:[^;"]|"(?:[^"\\]|\\.)*")*',
}
"""What of a chain is what, in RE2's syntax, by the key of a filter."""


def elements(chain: str, key: str) -> list[str]:
    """List one thing of every element that has it: its text, its link or its tag."""
    found: list[str] = _pattern(key).findall(chain)
    return [raw.replace('\\"', '"').replace("\\\\", "\\") for raw in found]


@lru_cache
def _pattern(key: str) -> Any:  # noqa: ANN401 - the library has no types
    options = re2.Options()
    options.dot_nl = True
    return re2.compile(PATTERNS[key], options)
