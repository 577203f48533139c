"""Lists and objects that a convention spreads over attribute names: `llm.tools.0.tool.json_schema`, `...1...`."""

from collections.abc import Mapping
from typing import Any, Final

_DEEPEST: Final = 16


def gather(flat: Mapping[str, Any]) -> list[Any]:
    """Rebuild a list from attributes named `index.rest`; the indexes only say the order.

    A level whose keys are all numbers is a list. A name both a value and an object keeps the object.
    """
    nested = _listed(_nested(flat))
    return nested if isinstance(nested, list) else []


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for name, value in flat.items():
        *path, leaf = name.split(".", _DEEPEST)
        node = root
        for step in path:
            inner = node.get(step)
            if not isinstance(inner, dict):
                inner = node[step] = {}
            node = inner
        if not isinstance(node.get(leaf), dict):
            node[leaf] = value
    return root


def _listed(node: Any) -> Any:  # noqa: ANN401 - any JSON; never deeper than _DEEPEST and what an attribute itself holds
    if not isinstance(node, dict):
        return node
    if node and all(key.isascii() and key.isdigit() for key in node):
        return [_listed(node[key]) for key in sorted(node, key=lambda key: (len(key.lstrip("0")), key.lstrip("0")))]
    return {key: _listed(value) for key, value in node.items()}
