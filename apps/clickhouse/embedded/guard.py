"""What the read-only user may not even ask: chDB has no grants, so its SQL is looked at before it runs.

`readonly=2` already refuses writes. What it lets through are ways out of the tables: table functions that read
files, addresses and Python objects, and the database `default`, whose tables are the files of this machine.
"""

from itertools import pairwise
from typing import Final

from apps.clickhouse.embedded.errors import EngineError
from apps.clickhouse.embedded.statements import tokens, unquote

ACCESS_DENIED: Final = 497
READING: Final = frozenset({"SELECT", "WITH", "(", "FROM", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN", "SET"})
HARMLESS: Final = frozenset(
    {
        *(
            "numbers",
            "numbers_mt",
            "zeros",
            "zeros_mt",
            "primes",
            "generateseries",
            "generate_series",
            "generaterandom",
        ),
        *("null", "values", "view", "viewexplain", "viewifpermitted", "format"),
    }
)
SCALARS: Final = frozenset({"file", "catboostevaluate", "dictget"})
FILES: Final = "default"


def check(sql: str, table_functions: frozenset[str]) -> None:
    """Raise ACCESS_DENIED for a statement that reaches beyond the tables of the databases."""
    found = list(tokens(sql))
    if found and found[0].word not in READING:
        raise denied(f"{found[0].word} statements")
    for token, following in pairwise(found):
        name = unquote(token.text)
        if token.text.startswith("'"):
            continue
        if following.text == "(" and name.lower() in (table_functions - HARMLESS) | SCALARS:
            raise denied(f"the function {name}")
        if following.text == "." and name == FILES:
            raise denied("the database default")
        if token.text == ":" and following.word == "IDENTIFIER":
            raise denied("identifiers as parameters")


def denied(what: str) -> EngineError:
    """Make the refusal of something the read-only user asked for."""
    return EngineError.refuse(
        f"Not enough privileges: a read-only user may not use {what}. (ACCESS_DENIED)", ACCESS_DENIED
    )
