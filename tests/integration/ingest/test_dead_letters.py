import json
import threading
from datetime import timedelta
from uuid import uuid4

import pytest

from apps.accounts.contracts import Actor
from apps.clickhouse import client
from apps.clickhouse.statement import Statement
from apps.common import clock
from apps.ingest import insertion, log, timestamps
from apps.ingest.contracts import DeadLetter, Rejection
from apps.ingest.dead_letters import replay, selectors
from apps.ingest.dead_letters.contracts import ACCEPTED, Search
from apps.ingest.pipeline import Batch
from apps.ingest.valkey import connect
from tests.factories.accounts import Cast, make_cast, post

pytestmark = [pytest.mark.usefixtures("stack"), pytest.mark.django_db]


@pytest.fixture
def cast(project_id: int) -> Cast:
    """People around a project."""
    return make_cast(project_id=project_id)


def letter(
    project_id: int,
    index: int,
    payload: dict[str, object] | bytes,
    *,
    code: str = "timestamp_too_old",
    age_us: int = 0,
    reason: str = "No.",
) -> DeadLetter:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    name = payload.get("event", "") if isinstance(payload, dict) else ""
    received_us = timestamps.to_us(clock.now()) - age_us
    return DeadLetter(
        project_id,
        received_us,
        "1795348800123-0",
        "/batch/",
        Rejection(index, code, reason, event=str(name), payload=raw),
    )


def store(*letters: DeadLetter) -> None:
    insertion.store_dead_letters(letters, uuid4().hex)


def good(**fields: object) -> dict[str, object]:
    return {"event": "answer rated", "distinct_id": "ada", "properties": {"stars": 5}, **fields}


def stored(project_id: int) -> list[tuple[str, str, str]]:
    statement = Statement(
        "SELECT toString(uuid), distinct_id, toString(timestamp) FROM events FINAL WHERE project_id = %(project_id)s",
        {"project_id": project_id},
    )
    return [(str(row[0]), str(row[1]), str(row[2])) for row in client.run(statement).rows]


def test_list__search_by_each_field__gives_what_matches(cast: Cast) -> None:
    # Given three letters of two kinds
    project = cast.project.pk
    store(
        letter(project, 0, good(event="a"), age_us=3_000_000),
        letter(project, 1, good(event="b"), age_us=2_000_000, reason="Far too OLD."),
        letter(project, 2, b"[1", code="event_not_object"),
    )
    path = f"/api/projects/{project}/dead_letters/"

    # When they are searched, each way
    def found(query: str) -> list[int]:
        answer = cast.vera.client.get(f"{path}?{query}")
        assert answer.status_code == 200, answer.json()
        return [row["index"] for row in answer.json()["results"]]

    # Then the newest come first and only what matches
    assert found("") == [2, 1, 0]
    assert found("code=timestamp_too_old") == [1, 0]
    assert found("event=a") == [0]
    assert found("search=too old") == [1]
    assert found("search=STARS") == [1, 0]
    assert found("state=replayed") == []
    assert cast.vera.client.get(path).json()["counts"] == {"timestamp_too_old": 2, "event_not_object": 1}


def test_list__page_by_page__shows_each_once_although_they_share_a_moment(cast: Cast) -> None:
    # Given five letters of one request
    project = cast.project.pk
    moment = timestamps.to_us(clock.now())
    store(*(DeadLetter(project, moment, "7-0", "/e/", Rejection(index, "event_missing", "No.")) for index in range(5)))

    # When they are read two by two
    seen: list[int] = []
    cursor = ""
    for _ in range(4):
        page = cast.vera.client.get(
            f"/api/projects/{project}/dead_letters/?limit=2&cursor={cursor}"
            if cursor
            else f"/api/projects/{project}/dead_letters/?limit=2"
        ).json()
        seen += [row["index"] for row in page["results"]]
        cursor = page["next"]
        if cursor is None:
            break

    # Then every one was seen, in the order of the request
    assert seen == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ("cursor=nonsense", "cursor"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("since=x", "since"),
        ("state=x", "state"),
        ("colour=red", "colour"),
    ],
)
def test_list__bad_parameter__names_it(cast: Cast, query: str, attr: str) -> None:
    answer = cast.vera.client.get(f"/api/projects/{cast.project.pk}/dead_letters/?{query}")
    assert answer.status_code == 400
    assert answer.json()["attr"] == attr


@pytest.mark.parametrize(
    "body",
    [{}, {"letters": [], "filter": {}}, {"letters": [{"entry": "1-0"}]}, {"filter": {"code": 5}}, {"letters": "all"}],
)
def test_replay__bad_body__names_the_field(cast: Cast, body: dict[str, object]) -> None:
    answer = post(cast.ben.client, f"/api/projects/{cast.project.pk}/dead_letters/replay/", body)
    assert answer.status_code == 400
    assert answer.json()["attr"]


def test_replay__viewer_or_outsider__may_not(cast: Cast) -> None:
    path = f"/api/projects/{cast.project.pk}/dead_letters/replay/"
    assert post(cast.vera.client, path, {"filter": {}}).status_code == 403
    assert post(cast.eve.client, path, {"filter": {}}).status_code == 404


def test_replay__letters_of_another_project__are_not_found(cast: Cast) -> None:
    # Given a letter of one project
    store(letter(cast.project.pk, 0, good()))
    [theirs] = selectors.search(cast.project.pk, Search())
    name = {"received_at": theirs.received_at.isoformat(), "entry": theirs.entry, "index": theirs.index}

    # When a member of another names it
    answer = post(cast.eve.client, f"/api/projects/{cast.eves_project.pk}/dead_letters/replay/", {"letters": [name]})

    # Then nothing happens to it
    assert answer.json() == {"accepted": 0, "refused": [], "has_more": False}
    assert selectors.search(cast.project.pk, Search())[0].replayed_at is None


def test_replay__still_bad_cut_short_and_no_event__say_why(cast: Cast) -> None:
    # Given letters that cannot get through
    project = cast.project.pk
    store(
        letter(project, 0, {"event": "a"}, code="distinct_id_missing"),
        letter(project, 1, b'{"event": "' + b"x" * 65_525, code="event_too_long"),
        letter(project, 2, b"00ff", code="entry_unreadable"),
        letter(project, 3, b'{"event": ', code="event_not_object"),
        letter(project, 4, b"not json", code="row_unreadable"),
    )

    # When all are named
    names = [
        {"received_at": one.received_at.isoformat(), "entry": one.entry, "index": one.index}
        for one in selectors.search(project, Search())
    ]
    answer = post(cast.ben.client, f"/api/projects/{project}/dead_letters/replay/", {"letters": names}).json()

    # Then each is told apart, and those that were tried are marked
    assert answer["accepted"] == 0
    assert {row["index"]: row["code"] for row in answer["refused"]} == {
        0: "distinct_id_missing",
        1: "not_replayable",
        2: "not_replayable",
        3: "malformed_payload",
        4: "not_replayable",
    }
    marked = {one.index: one.outcome for one in selectors.search(project, Search(state="replayed"))}
    assert marked == {0: "distinct_id_missing", 3: "malformed_payload"}


def test_replay__after_the_cause_is_gone__event_is_counted_once_however_often(cast: Cast) -> None:
    # Given two letters that nothing is wrong with any more, one without id and time, one with an offset
    project = cast.project.pk
    store(letter(project, 0, good(), age_us=5_000_000), letter(project, 1, good(distinct_id="ben", offset=1_000)))
    letters = {one.index: one for one in selectors.search(project, Search())}

    # When they are replayed in every way, and written each time
    path = f"/api/projects/{project}/dead_letters/replay/"
    names = [
        {"received_at": one.received_at.isoformat(), "entry": one.entry, "index": one.index} for one in letters.values()
    ]
    first = post(cast.ben.client, path, {"letters": names}).json()
    again = post(cast.ben.client, path, {"letters": names}).json()
    rest = post(cast.ben.client, path, {"filter": {}}).json()
    write(project)

    # Then they got through the first time, at the time they had happened
    assert [first["accepted"], again["accepted"], rest["accepted"]] == [2, 0, 0]
    assert {row["code"] for row in again["refused"]} == {"not_replayable"}
    events = {who: (uuid, moment) for uuid, who, moment in stored(project)}
    assert events["ada"][1] == str(letters[0].received_at.replace(tzinfo=None))
    assert events["ben"][1] == str(letters[1].received_at.replace(tzinfo=None) - timedelta(seconds=1))
    assert {one.outcome for one in selectors.search(project, Search(state="replayed"))} == {ACCEPTED}

    # And a replay that was never marked, as after a crash, makes the same event
    replay.replay(cast.project.context, list(letters.values()), Actor(user_id=None, email=""))
    write(project)
    assert len(stored(project)) == 2


def write(project_id: int) -> None:
    """Do what the writer does with this project's entries of the log."""
    with connect() as valkey:
        entries = [(entry.decode(), fields[log.FIELD]) for entry, fields in valkey.xrange(log.STREAM)]
    batch = Batch()
    for entry, blob in entries:
        if log.unpack(blob).project_id == project_id:
            batch.add((entry, blob))
    batch.prepare()
    insertion.Inserter(threading.Event()).store(batch)
