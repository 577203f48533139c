"""Turn a row of another tool's export into an event of the capture format.

PostHog: the columns of its batch export and of its API export (https://posthog.com/docs/cdp/batch-exports). Mixpanel:
the raw export, `{"event": ..., "properties": {"time": ..., "distinct_id": ..., "$insert_id": ...}}`
(https://developer.mixpanel.com/reference/raw-event-export). Anything else with `event`, `distinct_id` and a time is
taken as it stands, columns we do not know being properties.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec

SHAPES: Final = ("auto", "posthog", "mixpanel", "plain")

NAMESPACE: Final = UUID("b4a4a6b3-5a7e-4a55-8a52-6a2e6f4a1c6d")
"""Never changes: the same row imported again must get the same event id."""

Row = Mapping[str, Any]
Event = dict[str, Any]

_POSTHOG_ONLY: Final = frozenset({
    "_inserted_at", "bq_ingested_timestamp", "created_at", "databricks_ingested_timestamp", "elements", "id",
    "inserted_at", "person", "person_id", "person_properties", "record", "site_url", "team_id",
})  # fmt: skip
"""Columns of an export that say nothing about the event itself."""

_PREFIX: Final = "properties."
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,12})?")
_WORDS: Final = {"true": True, "false": False, "null": None}
_TIMES: Final = ("timestamp", "time", "created", "occurred_at", "date")
_MIXPANEL_PLACES: Final = {
    "$city": "$geoip_city_name",
    "$region": "$geoip_subdivision_1_name",
    "mp_country_code": "$geoip_country_code",
    "$initial_referrer": "$initial_referrer",
    "mp_lib": "$lib",
    "$lib_version": "$lib_version",
    "$user_id": "$user_id",
}
_MIXPANEL_OWN: Final = (
    "time",
    "distinct_id",
    "$insert_id",
    "$mp_api_endpoint",
    "$mp_api_timestamp_ms",
    "mp_processing_time_ms",
)


@dataclass(frozen=True, slots=True)
class Shaper:
    """How rows become events: the shape, and which columns stand for which fields."""

    project_id: int
    shape: str = "auto"
    columns: Mapping[str, str] = field(default_factory=dict)
    """Field of the event -> column of the file."""
    parse_text: bool = False
    """Whether values are all text, as in CSV, and numbers and truth values are to be found in it."""

    def event(self, row: Row) -> Event:
        """Make the event of a row; what is missing is for validation to say."""
        fields = dict(row)
        for name, column in self.columns.items():
            if column in fields:
                fields[name] = fields.pop(column)
        shape = self.shape if self.shape != "auto" else shape_of(fields)
        event = _MAKERS[shape](fields, self.parse_text)
        if not event.get("uuid"):
            event["uuid"] = str(uuid5(NAMESPACE, f"{self.project_id}:{_identity(event)}"))
        return event


def shape_of(row: Row) -> str:
    """Tell which tool a row comes from."""
    inside = row.get("properties")
    if isinstance(inside, Mapping) and "distinct_id" not in row and "time" in inside and "distinct_id" in inside:
        return "mixpanel"
    return "posthog" if "uuid" in row and "properties" in row else "plain"


def _posthog(row: dict[str, Any], parse_text: bool) -> Event:  # noqa: FBT001 - one signature for all makers
    event = _plain({name: value for name, value in row.items() if name not in _POSTHOG_ONLY}, parse_text)
    if not event["uuid"] and isinstance(row.get("id"), str):
        event["uuid"] = row["id"]
    return event


def _plain(row: dict[str, Any], parse_text: bool) -> Event:  # noqa: FBT001 - as above
    properties = _object(row.pop("properties", None))
    event: Event = {name: row.pop(name, None) for name in ("event", "distinct_id", "uuid")}
    times = [row.pop(name) for name in _TIMES if name in row]
    event["timestamp"] = times[0] if times else None
    for name, sent in (("set", "$set"), ("set_once", "$set_once"), ("unset", "$unset")):
        value = _object(row.pop(name, None)) or _object(row.pop(sent, None))
        if value and sent not in properties:
            properties[sent] = value
    for name, sent in (("ip", "$ip"), ("elements_chain", "$elements_chain")):
        if value := row.pop(name, None):
            properties.setdefault(sent, value)
    for name, value in row.items():
        known = name.removeprefix(_PREFIX)
        if known and value is not None:
            properties.setdefault(known, _read(value) if parse_text else value)
    event["properties"] = properties
    return event


def _mixpanel(row: dict[str, Any], _parse_text: bool) -> Event:  # noqa: FBT001 - as above
    inside = _object(row.get("properties"))
    properties = {
        _MIXPANEL_PLACES.get(name, name): value for name, value in inside.items() if name not in _MIXPANEL_OWN
    }
    who, name, moment = inside.get("distinct_id"), row.get("event"), inside.get("time")
    event: Event = {"event": name, "distinct_id": who, "timestamp": moment, "uuid": None, "properties": properties}
    match name:
        case "$identify" if inside.get("$anon_id") and inside.get("$identified_id"):
            event["distinct_id"] = inside["$identified_id"]
            properties["$anon_distinct_id"] = inside["$anon_id"]
        case "$create_alias" if inside.get("alias"):
            # There the alias is the new name of the distinct id; both are one person either way.
            properties["alias"] = inside["alias"]
        case "$merge" if isinstance(ids := inside.get("$distinct_ids"), list) and len(ids) == 2:  # noqa: PLR2004 - a pair
            event |= {"event": "$merge_dangerously", "distinct_id": ids[0]}
            properties["alias"] = ids[1]
        case "$mp_web_page_view":
            event["event"] = "$pageview"
    if insert_id := inside.get("$insert_id"):
        properties["$insert_id"] = insert_id
    return event


_MAKERS: Final[dict[str, Callable[[dict[str, Any], bool], Event]]] = {
    "posthog": _posthog,
    "mixpanel": _mixpanel,
    "plain": _plain,
}


def _object(value: Any) -> dict[str, Any]:  # noqa: ANN401 - a value of any column
    """Read an object, also one that stands in a column as JSON text."""
    if isinstance(value, str) and value[:1] == "{":
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            return {"properties": value}
    return dict(value) if isinstance(value, Mapping) else {}


def _read(value: Any) -> Any:  # noqa: ANN401 - a value of any column
    """Find the number, truth value or object in a text; leading zeros and long digits stay text, as ids have them."""
    if not isinstance(value, str):
        return value
    if value in _WORDS:
        return _WORDS[value]
    if _NUMBER.fullmatch(value):
        number = float(value)
        return int(value) if "." not in value else number
    if value[:1] in "{[":
        try:
            return msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            return value
    return value


def _identity(event: Event) -> str:
    """Spell what makes a row this event: Mixpanel's own key where there is one, else everything it says."""
    insert_id = event["properties"].get("$insert_id")
    parts = [event["event"], event["distinct_id"], event["timestamp"]]
    if insert_id:
        return msgspec.json.encode([*parts, insert_id]).decode()
    return msgspec.json.encode([*parts, _finite(event["properties"])], order="deterministic").decode()


def _finite(value: Any) -> Any:  # noqa: ANN401 - a value of any column
    """Spell what JSON has no number for, so that rows that differ in it differ."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {name: _finite(member) for name, member in value.items()}
    return [_finite(member) for member in value] if isinstance(value, list) else value
