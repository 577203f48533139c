"""What is kept of a refused event, for every reason to refuse one and every kind of rule: nothing the rule forbids."""

import json
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import msgspec
import pytest

from apps.accounts.models import Project
from apps.ingest import log, normalise, services
from apps.ingest.controls import selectors
from apps.ingest.controls.contracts import Controls
from apps.ingest.controls.masking import WITHHELD
from apps.ingest.controls.rules import Action, IpPolicy, MaskRule, PromptPolicy
from apps.ingest.protocols.encoding import Packed
from apps.ingest.valkey import connect
from tests.factories.accounts import ProjectFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stack")]

SECRET = "ada@secret.example"
ADDRESS = "203.0.113.77"
INSIDE: dict[str, Any] = {
    "$ai_input": [{"role": "user", "content": SECRET}],
    "$AI_OUTPUT_CHOICES": SECRET,
    "prompt": SECRET,
    "data": {"prompt": SECRET, "$ai_input": SECRET},
    "list": [{"prompt": SECRET}],
    "note": json.dumps({"prompt": SECRET}),
    "$set": {"prompt": SECRET},
    "$ip": ADDRESS,
}
WHOLE: dict[str, Any] = {
    "event": "$ai_generation",
    "distinct_id": "reader",
    "$set": {"prompt": SECRET},
    "$set_once": {"deep": {"prompt": SECRET}},
    "properties": INSIDE,
}
RULES: dict[str, dict[str, Any]] = {
    "metadata": {"prompt_policy": PromptPolicy.METADATA},
    "mask": {"prompt_policy": PromptPolicy.MASK},
    "detectors": {"detectors": ("email",)},
    "denied": {"denied_properties": ("prompt", "$ai_*")},
    "expression": {"denied_properties": ("/prompt/", "/^.ai_/")},
    "hashed": {"masking": (MaskRule("prompt", Action.HASH), MaskRule("$ai_*", Action.DROP))},
    "cut": {"masking": (MaskRule("prompt", Action.TRUNCATE, 2), MaskRule("$ai_*", Action.DROP))},
    "all": {
        "prompt_policy": PromptPolicy.METADATA,
        "detectors": ("email",),
        "denied_properties": ("prompt",),
        "ip_policy": IpPolicy.DROP,
    },
}


def deep(levels: int) -> Any:  # noqa: ANN401 - JSON
    value: Any = SECRET
    for _ in range(levels):
        value = {"prompt": value}
    return value


# An id is no prompt, so the policy `mask` says nothing about it.
IDS: list[Any] = [{"prompt": SECRET}, [{"deep": {"prompt": SECRET}}], json.dumps({"prompt": SECRET})]
REFUSED: dict[str, list[Callable[[], Any]]] = {
    "event_not_object": [lambda: SECRET, lambda: [WHOLE], lambda: json.dumps(WHOLE)],
    "event_missing": [
        lambda: WHOLE | {"event": ""},
        lambda: WHOLE | {"event": " \n"},
        lambda: WHOLE | {"event": None},
        lambda: {name: WHOLE[name] for name in WHOLE if name != "event"},
    ],
    "event_not_text": [lambda: WHOLE | {"event": 5}, lambda: WHOLE | {"event": {"prompt": SECRET}}],
    "event_too_long": [lambda: WHOLE | {"event": "$ai_" + "x" * 300}],
    "distinct_id_missing": [lambda: WHOLE | {"distinct_id": ""}, lambda: WHOLE | {"distinct_id": None}],
    "uuid_malformed": [
        lambda: WHOLE | {"uuid": "no id"},
        lambda: WHOLE | {"uuid": {"prompt": SECRET}},
        lambda: WHOLE | {"uuid": "no id", "event": "$AI_GENERATION"},
        lambda: WHOLE | {"uuid": "no id", "$set": json.dumps({"prompt": SECRET})},
        lambda: WHOLE | {"uuid": "no id", "$unset": [{"prompt": SECRET}]},
        lambda: WHOLE | {"uuid": "no id", "prompt": SECRET, "extra": {"prompt": SECRET}},
    ],
    "timestamp_too_old": [lambda: WHOLE | {"timestamp": "1991-01-01T00:00:00Z"}],
    "properties_not_object": [
        lambda: WHOLE | {"properties": json.dumps(INSIDE)},
        lambda: WHOLE | {"properties": [INSIDE]},
        lambda: WHOLE | {"properties": "prompt: " + SECRET + " " + ADDRESS},
    ],
    "properties_too_deep": [lambda: WHOLE | {"properties": INSIDE | {"deep": deep(200)}}],
    "too_many_properties": [
        lambda: WHOLE | {"properties": INSIDE | {f"n{number}": number for number in range(20_000)}}
    ],
    "event_too_large": [lambda: WHOLE | {"properties": INSIDE | {"n": [12345] * 1_000_000}}],
}


def refused(
    project: Project, code: str, rules: dict[str, Any], made: Iterable[Callable[[], Any]] | None = None
) -> list[bytes]:
    """Send an event that is taken with those that are not, and give what the log keeps of the latter."""
    selectors._known[project.pk] = (float("inf"), Controls(project.pk, hash_key=b"k" * 32, **rules))
    good = {"event": "good", "distinct_id": "reader"}
    payloads = []
    for make in made or REFUSED[code]:
        body = json.dumps({"api_key": project.api_token, "batch": [good, make()]}).encode()
        services.capture(services.Capture(Packed(body), "/batch/"))
        [(_, fields)] = connect().xrevrange(log.STREAM, count=1)
        entry = log.unpack(fields[log.FIELD])
        assert [rejection.code for rejection in entry.rejections] == [code]
        payloads += [rejection.payload for rejection in entry.rejections]
        assert SECRET.encode() not in msgspec.msgpack.encode(entry), make()
    return payloads


@pytest.fixture
def project(project_id: int) -> Project:
    return ProjectFactory.create(pk=project_id)


@pytest.mark.parametrize("rules", ["metadata", "mask", "detectors", "denied", "expression", "hashed", "cut", "all"])
@pytest.mark.parametrize("code", REFUSED)
def test_refused__for_any_reason_under_any_rule__keep_nothing_it_forbids(
    project: Project, code: str, rules: str
) -> None:
    # Given / When
    payloads = refused(project, code, RULES[rules])
    # Then
    for payload in payloads:
        assert SECRET.encode() not in payload
        assert rules != "all" or ADDRESS.encode() not in payload
        assert json.loads(payload)


@pytest.mark.parametrize("rules", sorted(set(RULES) - {"mask"}))
def test_refused__with_an_object_for_an_id__keep_nothing_a_rule_forbids(project: Project, rules: str) -> None:
    # Given
    made: list[Callable[[], Any]] = [partial(dict, WHOLE, uuid="no id", distinct_id=who) for who in IDS]
    # When
    payloads = refused(project, "uuid_malformed", RULES[rules], made)
    # Then
    assert len(payloads) == len(IDS)
    assert not [payload for payload in payloads if SECRET.encode() in payload]


@pytest.mark.parametrize("code", ["properties_not_object", "event_missing", "event_not_text", "event_not_object"])
def test_refused__when_nobody_can_say_what_is_what__are_withheld(project: Project, code: str) -> None:
    # Given / When
    payloads = refused(project, code, RULES["metadata"])
    # Then
    assert set(payloads) == {WITHHELD}


def test_refused__that_can_be_read__keep_what_no_rule_is_about(project: Project) -> None:
    # Given / When
    [kept, *_] = (json.loads(payload) for payload in refused(project, "distinct_id_missing", RULES["metadata"]))
    # Then
    assert kept["event"] == "$ai_generation"
    assert kept["$set"] == {"prompt_chars": len(SECRET), "prompt_hash": kept["properties"]["prompt_hash"]}
    assert kept["properties"]["$ip"] == ADDRESS


def test_reasons__that_the_door_has__are_all_tried_here() -> None:
    # Given those that need another way in, or a number no JSON writer writes
    elsewhere = {"distinct_id_illegal", "properties_unreadable"}
    # When / Then
    assert set(normalise.CODES) == {*REFUSED, *elsewhere}


@pytest.mark.parametrize("rules", ["metadata", "denied", "detectors", "all"])
def test_refused__with_a_number_that_nothing_reads__are_withheld(project: Project, rules: str) -> None:
    # Given
    selectors._known[project.pk] = (float("inf"), Controls(project.pk, hash_key=b"k" * 32, **RULES[rules]))
    events = [json.dumps(WHOLE | {"uuid": "no id"}).replace('"reader"', number) for number in ("1e400", "-1e999")]
    good = json.dumps({"event": "good", "distinct_id": "reader"})
    body = f'{{"api_key":"{project.api_token}","batch":[{good},{",".join(events)}]}}'.encode()
    # When
    services.capture(services.Capture(Packed(body), "/batch/"))
    # Then
    [(_, fields)] = connect().xrevrange(log.STREAM, count=1)
    assert {rejection.payload for rejection in log.unpack(fields[log.FIELD]).rejections} == {WITHHELD}
