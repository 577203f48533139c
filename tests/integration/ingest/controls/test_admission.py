"""What a project's rules do to a request on its way to the log: events, refused events, recordings, replays."""

import gzip
import json
from typing import Any
from uuid import UUID, uuid5

import msgspec
import pytest

from apps.accounts.contracts import SYSTEM
from apps.accounts.models import Project
from apps.common import clock
from apps.ingest import canary, controls, insertion, log, services, timestamps
from apps.ingest.contracts import DeadLetter, LogEntry, Receipt, Rejection
from apps.ingest.controls import selectors, tallies
from apps.ingest.controls.contracts import Controls, Facts
from apps.ingest.controls.errors import ForbiddenOriginError
from apps.ingest.controls.masking import WITHHELD
from apps.ingest.controls.rules import PromptPolicy
from apps.ingest.controls.services import update
from apps.ingest.dead_letters import replay
from apps.ingest.dead_letters import selectors as dead_letters
from apps.ingest.dead_letters.contracts import Search
from apps.ingest.errors import InvalidEventError
from apps.ingest.protocols.encoding import Packed
from apps.ingest.valkey import connect
from tests.factories.accounts import ProjectFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stack")]

NAMESPACE = UUID("0193f0a2-7c44-7d3e-9a52-446655440000")
KEY = b"k" * 32


@pytest.fixture
def project(project_id: int) -> Project:
    return ProjectFactory.create(pk=project_id)


def rule(project: Project, **rules: Any) -> Controls:  # noqa: ANN401 - fields of Controls
    """Put rules where the ingest path finds them."""
    found = Controls(project.pk, hash_key=KEY, **rules)
    selectors._known[project.pk] = (float("inf"), found)
    return found


def event(name: str, who: str = "ada", **properties: object) -> dict[str, Any]:
    return {"event": name, "distinct_id": who, "uuid": str(uuid5(NAMESPACE, name + who)), "properties": properties}


def capture(project: Project, *events: object, path: str = "/batch/", origin: str = "") -> Receipt:
    body = json.dumps({"api_key": project.api_token, "batch": events}).encode()
    take = services.record if path == "/s/" else services.capture
    return take(services.Capture(Packed(body), path, origin=origin))


def last_entry() -> LogEntry:
    """Read what the event log holds of the last request."""
    [(_, fields)] = connect().xrevrange(log.STREAM, count=1)
    return log.unpack(fields[log.FIELD])


def counted(project: Project) -> dict[str, int]:
    [counts] = tallies.month(project.pk, tallies.today()).values()
    return counts


def test_denied_events__among_others__are_dropped_and_counted(project: Project) -> None:
    # Given
    rule(project, denied_events=("debug*", "noise"))
    # When
    receipt = capture(project, event("kept"), event("debug 1"), event("noise"), event("Noise"))
    # Then
    assert receipt.accepted == 2
    assert last_entry().events == ["kept", "Noise"]
    assert counted(project) == {"events": 2, "denied_events": 2}


def test_denied_events__nothing_else_sent__is_a_success_without_an_entry(project: Project) -> None:
    # Given
    rule(project, denied_events=("*",))
    before = connect().xlen(log.STREAM)
    # When
    receipt = capture(project, event("a"), event("b"))
    # Then
    assert (receipt.accepted, receipt.rejected, receipt.limited) == (0, 0, ())
    assert connect().xlen(log.STREAM) == before


def test_sampling__of_many_people__keeps_whole_people_and_who_is_who(project: Project) -> None:
    # Given
    rule(project, sampling=0.3)
    people = [f"person {number}" for number in range(400)]
    names = ("a", "b", "$identify", "$set")
    # When
    capture(project, *(event(name, who) for who in people for name in names))
    entry = last_entry()
    # Then
    kept = {
        name: {who for found, who in zip(entry.events, entry.distinct_ids, strict=True) if found == name}
        for name in names
    }
    assert kept["a"] == kept["b"]
    assert 80 < len(kept["a"]) < 160
    assert kept["$identify"] == kept["$set"] == set(people)
    assert counted(project)["sampled"] == 2 * (400 - len(kept["a"]))


def test_sampling__with_a_larger_share__keeps_those_it_kept(project: Project) -> None:
    # Given
    events = [event("a", f"person {number}") for number in range(200)]
    kept = []
    # When
    for share in (0.2, 0.6, 1.0):
        rule(project, sampling=share)
        capture(project, *events)
        kept.append(set(last_entry().distinct_ids))
    # Then
    assert kept[0] < kept[1] < kept[2]
    assert len(kept[2]) == 200


def test_origins__of_a_foreign_page__keep_nothing(project: Project) -> None:
    # Given
    rule(project, allowed_origins=("example.com",))
    before = connect().xlen(log.STREAM)
    # When
    with pytest.raises(ForbiddenOriginError):
        capture(project, event("a"), origin="https://evil.example")
    capture(project, event("a"), origin="https://example.com")
    # Then
    assert connect().xlen(log.STREAM) == before + 1


def test_properties__that_no_rule_can_read__become_a_letter_under_their_place(project: Project) -> None:
    # Given
    rule(project, detectors=("email",))
    broken = '{"event":"broken","distinct_id":"ada","properties":{"mail":"a@b.de","n":[1e400]}}'
    good = json.dumps(event("good", n=1))
    body = f'{{"api_key":"{project.api_token}","batch":[{{"event":""}},{good},{broken},{good}]}}'.encode()
    # When
    receipt = services.capture(services.Capture(Packed(body), "/batch/"))
    entry = last_entry()
    # Then
    assert (receipt.accepted, receipt.rejected) == (2, 2)
    assert {rejection.index: rejection.code for rejection in entry.rejections} == {
        0: "event_missing",
        2: "privacy_unreadable",
    }
    assert entry.rejections[1].payload == WITHHELD
    assert entry.events == ["good", "good"]


def test_cookieless_mode__that_is_no_boolean__is_a_400_if_it_is_all_there_is(project: Project) -> None:
    # Given
    rule(project, cookieless=True)
    wrong = event("wrong", **{"$cookieless_mode": "yes"})
    # When
    with pytest.raises(InvalidEventError) as refused:
        capture(project, wrong)
    capture(project, event("good"), wrong)
    # Then
    assert refused.value.code == "cookieless_mode_not_boolean"
    assert refused.value.attr == "batch[0].properties.$cookieless_mode"
    [rejection] = last_entry().rejections
    assert (rejection.index, rejection.code) == (1, "cookieless_mode_not_boolean")


def snapshot(*parts: object) -> dict[str, Any]:
    inside = {"$session_id": "session", "distinct_id": "ada@example.com", "$snapshot_data": list(parts)}
    return {"event": "$snapshot", "properties": inside}


def test_recordings__with_detectors__are_masked_also_where_they_are_compressed(project: Project) -> None:
    # Given
    rule(project, detectors=("email",))
    packed = gzip.compress(b'{"text": "ada@example.com"}').decode("latin-1")
    # When
    capture(project, snapshot({"type": 2, "cv": "2024-10", "data": packed}, {"text": "ada@example.com"}), path="/s/")
    [recording] = last_entry().recordings
    # Then
    first, second = json.loads(recording.data)
    assert gzip.decompress(first["data"].encode("latin-1")) == b'{"text":"[email]"}'
    assert second == {"text": "[email]"}
    assert recording.distinct_id.startswith("hash:")
    assert b"example.com" not in msgspec.msgpack.encode(last_entry())


def test_recordings__of_a_project_that_keeps_no_prompts__are_refused_and_counted(project: Project) -> None:
    # Given
    rule(project, prompt_policy=PromptPolicy.METADATA)
    before = connect().xlen(log.STREAM)
    # When
    receipt = capture(project, snapshot({"text": "a prompt on the page"}), path="/s/")
    # Then
    assert receipt.accepted == 0
    assert connect().xlen(log.STREAM) == before
    assert counted(project)["recordings_refused"] == 1


def test_trusted__what_privacy_rules_say__holds_and_limits_do_not(project: Project) -> None:
    # Given
    rule(project, detectors=("email",), denied_events=("noise",), sampling=0.0, monthly_quota=0)
    name = "chat"
    raw = b'{"mail":"ada@example.com"}'
    entry = LogEntry(project.pk, 0, "import", ["u", "v"], [name, "noise"], ["ada", "ada"], [0, 0], [raw, raw])
    # When
    receipt = services.admit(project.context, entry, Facts(is_trusted=True))
    # Then
    assert (receipt.accepted, receipt.limited) == (1, ())
    assert last_entry().properties == [b'{"mail":"[email]"}']


def test_replay__of_a_letter_kept_before_the_rule__is_masked(project: Project) -> None:
    # Given
    payload = json.dumps(event("chat", mail="ada@example.com")).encode()
    received = timestamps.to_us(clock.now())
    refusal = Rejection(0, "event_too_large", "No.", "chat", "ada", payload)
    insertion.store_dead_letters([DeadLetter(project.pk, received, "7-0", "/batch/", refusal)], f"token {project.pk}")
    rule(project, detectors=("email",), monthly_quota=0)
    # When
    report = replay.replay(project.context, dead_letters.search(project.pk, Search()), SYSTEM)
    # Then
    assert report.accepted == 1
    assert json.loads(last_entry().properties[0]) == {"mail": "[email]"}


def test_rules__changed_by_an_admin__hold_for_the_next_request_of_this_process(
    project: Project,
    django_capture_on_commit_callbacks: Any,  # noqa: ANN401 - a fixture
) -> None:
    # Given
    capture(project, event("a", mail="ada@example.com"))
    # When
    with django_capture_on_commit_callbacks(execute=True):
        update(project=project.context, actor=SYSTEM, detectors={"email": True})
    capture(project, event("a", mail="ada@example.com"))
    # Then
    assert json.loads(last_entry().properties[0]) == {"mail": "[email]"}


def test_rules__of_the_server_itself__are_none() -> None:
    # Given
    entry = LogEntry(0, 0, "/batch/", ["u"], ["$canary"], ["canary"], [0], [b'{"$cookieless_mode":true}'])
    # When
    outcome = controls.apply(canary.PROJECT, entry)
    # Then
    assert outcome == controls.Outcome()
    assert len(entry) == 1
