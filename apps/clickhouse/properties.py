"""SQL expressions that read one event property, fast (a typed subcolumn) and with the meaning filters need.

Properties are stored in the JSON type, one subcolumn a key. What that does to a value is fixed here:
- text comes back as it was sent, dates included; numbers as ClickHouse prints them (1.0 reads 1, 1e3 reads 1000),
  true and false as words, so comparison by text finds what the sender wrote;
- a whole number beyond 64 bits is kept digit by digit, as text; other numbers are Float64;
- a list reads as ClickHouse prints it (`[1,'a']`); an object has no text, but it is set;
- null and absent are the same: no value. An empty object is absent too. The empty string is a value;
- a key with dots is one key (stored with `%%2E` for each dot, an escape of the engine);
- of a key that comes twice the first counts.
Source: the JSON data type, https://clickhouse.com/docs/sql-reference/data-types/newjson.
"""

from apps.clickhouse.statement import identifier, text_literal

_MARKERS = ("^`", ":`", "@`")
"""Beginnings of a key that the engine would read as its own subcolumn syntax (sub-object, type)."""


def property_text(key: str, *, column: str = "properties") -> str:
    """Give the value of a property as text: Nullable(String), NULL when there is none."""
    if _is_plain(key):
        return f"CAST({_subcolumn(key, column)}, 'Nullable(String)')"
    return f"nullIf(JSONExtractString(toJSONString({column}), {text_literal(key)}), '')"


def property_number(key: str, *, column: str = "properties") -> str:
    """Give the value of a property as Nullable(Float64): numbers, and text that is one; NULL for all else."""
    if _is_plain(key):
        value = _subcolumn(key, column)
        return (
            f"coalesce({value}.:Float64, toFloat64({value}.:Int64), toFloat64({value}.:UInt64), "
            f"toFloat64OrNull({value}.:String))"
        )
    return f"toFloat64OrNull({property_text(key, column=column)})"


def property_is_set(key: str, *, column: str = "properties") -> str:
    """Tell whether a property has a value, an object included."""
    if _is_plain(key):
        return f"(isNotNull({_subcolumn(key, column)}) OR notEmpty({column}.^{_path(key)}))"
    return f"JSONHas(toJSONString({column}), {text_literal(key)})"


def properties_json(*, column: str = "properties") -> str:
    """Give all properties of an event as one JSON object: the keys in order of the alphabet, numbers as above."""
    return f"toJSONString({column})"


def _is_plain(key: str) -> bool:
    return bool(key) and not key.startswith(_MARKERS)


def _subcolumn(key: str, column: str) -> str:
    return f"{column}.{_path(key)}"


def _path(key: str) -> str:
    return identifier(key.replace(".", "%2E"))
