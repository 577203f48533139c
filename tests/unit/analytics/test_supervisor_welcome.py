import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.supervisor import welcome

ANSWERS: list[tuple[int, bytes]] = []


class Answering(http.server.BaseHTTPRequestHandler):
    """A web process that gives the answers it was told, the last of them again and again."""

    def do_GET(self) -> None:
        status, body = ANSWERS.pop(0) if len(ANSWERS) > 1 else ANSWERS[0]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def url() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
    ANSWERS.clear()


def _answer(**components: str) -> bytes:
    states = {name: {"status": status, "detail": "why"} for name, status in components.items()}
    total = "ok" if set(components.values()) == {"ok"} else "failing"
    return json.dumps({"status": total, "components": states}).encode()


def test_main__becomes_ready_after_a_while__prints_the_box(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(welcome, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(welcome, "REMINDER_SECONDS", 0)
    ANSWERS[:] = [(502, b"<html>"), (503, _answer(database="ok", writer="failing")), (200, _answer(database="ok"))]
    user = {"email": "ada@example.com", "password": "pw", "project_token": "phc_1"}
    (tmp_path / "first-user.json").write_text(json.dumps(user))

    # When
    welcome.main([url, str(tmp_path)])

    # Then
    waited, *rest = capsys.readouterr().out.splitlines()
    assert waited.startswith("Still waiting for: ")
    assert "Still waiting for: writer (why)" in rest
    box = rest[-6:]
    assert len({len(line) for line in box}) == 1
    assert [line.strip("│ ").split()[-1] for line in box[1:5]] == [url, "ada@example.com", "pw", "phc_1"]


def test_main__first_user_made_otherwise__prints_the_address_only(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given
    ANSWERS[:] = [(200, _answer(database="ok"))]

    # When
    welcome.main([url, str(tmp_path)])

    # Then
    text = capsys.readouterr().out
    assert url in text
    assert "Password" not in text


def test_fetch__nobody_listens__is_empty() -> None:
    assert welcome.fetch("http://127.0.0.1:9") == {}


def test_main__asked_for_the_key__prints_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setenv("BALEEN_DATA_DIR", str(tmp_path))
    (tmp_path / "first-user.json").write_text('{"project_token": "phc_1"}')

    # When
    welcome.main(["--project-key"])

    # Then
    assert capsys.readouterr().out == "phc_1\n"


def test_main__asked_for_the_key_before_any_start__says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setenv("BALEEN_DATA_DIR", str(tmp_path))

    # When / Then
    with pytest.raises(SystemExit, match="start Baleen once"):
        welcome.main(["--project-key"])
