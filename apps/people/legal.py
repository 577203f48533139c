"""Ids that stand for nobody: a merge with one of them would make strangers one person.

Such ids come from faulty instrumentation (a variable that was not set). The list is the public contract's.
"""

from typing import Final

_ANY_CASE: Final = frozenset(
    {
        "anonymous",
        "guest",
        "distinctid",
        "distinct_id",
        "id",
        "not_authenticated",
        "email",
        "undefined",
        "true",
        "false",
    }
)
_EXACT: Final = frozenset({"[object Object]", "NaN", "None", "none", "null", "0", "undefined"})
_QUOTES: Final = "'\""


def is_illegal(distinct_id: str) -> bool:
    """Say whether an id must not take part in a merge; quotes around it make no difference."""
    bare = distinct_id.strip()
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in _QUOTES:
        bare = bare[1:-1].strip()
    return not bare or bare in _EXACT or bare.lower() in _ANY_CASE
