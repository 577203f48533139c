"""Finds every environment variable the code reads, by reading the code."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READERS = {"text", "integer", "number", "boolean", "words", "get", "setdefault", "getenv"}
PREFIXES = ("BALEEN_", "CLICKHOUSE_", "DATABASE_", "REDIS_")
OF_THE_SUPERVISOR = {"BALEEN_SUPERVISOR_PID"}
"""Told by one of our processes to another, never by an operator."""


def _in_tree(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=reader), args=[ast.Constant(value=str(name)), *_]) if (
                reader in READERS
            ):
                yield name
            case ast.Call(func=ast.Name(id=reader), args=[ast.Constant(value=str(name)), *_]) if reader in READERS:
                yield name
            case ast.Assign(targets=[ast.Name(id="named")], value=ast.DictComp() as table):
                yield from (str(part.value) for part in ast.walk(table) if isinstance(part, ast.Constant))


@cache
def names_read() -> frozenset[str]:
    """Give the names of all settings."""
    found: set[str] = set()
    for folder in ("analytics", "apps"):
        for path in (ROOT / folder).rglob("*.py"):
            found.update(_in_tree(ast.parse(path.read_text())))
    return frozenset(name for name in found if name.startswith(PREFIXES)) - OF_THE_SUPERVISOR
