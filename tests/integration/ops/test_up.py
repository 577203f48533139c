"""`manage.py up` as an operator meets it: real processes, really killed."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.processes import ROOT, free_port, manage, stop, wait_until

START_SECONDS = 150
COMPONENTS = {"database", "migrations", "clickhouse", "event_log", "writer", "worker", "beat", "canary"}
PROGRAMS = ("valkey", "clickhouse", "writer", "worker", "web")


def _environment(data_dir: Path) -> dict[str, str]:
    ours = ("BALEEN_", "CLICKHOUSE_", "REDIS_URL", "DATABASE_URL", "DJANGO_SETTINGS_MODULE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"BALEEN_DATA_DIR": str(data_dir)}


@dataclass
class Up:
    """One data directory with a supervisor on it."""

    data_dir: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.data_dir.with_suffix(".log")

    def start(self) -> subprocess.Popen[bytes]:
        self.process = manage("up", "--port", str(self.port), env=_environment(self.data_dir), log=self.log)
        wait_until(self.is_ready, seconds=START_SECONDS, what=f"the stack; its log is {self.log}")
        return self.process

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as exc:
            return exc.code, exc.read().decode()

    def is_ready(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            pytest.fail(f"up ended: {self.log.read_text()}")
        return self.get("/_ready")[0] == 200

    def pid(self, name: str) -> int:
        return int((self.data_dir / "run" / f"{name}.pid").read_text())

    def leftovers(self) -> list[str]:
        """List every living process that knows this data directory, whoever its parent is."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                environment = (entry / "environ").read_bytes()
                is_dead = "Z" in (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if f"BALEEN_DATA_DIR={self.data_dir}\0".encode() in environment and not is_dead:
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        return found


def _refusal(data_dir: Path, *arguments: str) -> str:
    """Start `up` where it must refuse, and give the one sentence it says."""
    ended = subprocess.run(
        [sys.executable, "manage.py", "up", *arguments],
        cwd=ROOT,
        env=_environment(data_dir),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    (sentence,) = ended.stderr.splitlines()
    return sentence


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    running = Up(tmp_path_factory.mktemp("up") / "data with spaces; and # signs")
    process = running.start()
    try:
        yield running
    finally:
        stop(running.process or process, seconds=60)


@pytest.mark.timeout(300)
def test_up__first_start__is_ready_and_names_every_component(up: Up) -> None:
    # Given / When
    status, text = up.get("/_ready")

    # Then
    answer = json.loads(text)
    assert (status, answer["status"]) == (200, "ok")
    assert set(answer["components"]) == COMPONENTS


def test_up__first_start__prints_the_way_in_and_keeps_it_to_the_owner(up: Up) -> None:
    # Given
    path = up.data_dir / "first-user.json"
    user = json.loads(path.read_text())

    # When
    wait_until(lambda: user["project_token"] in up.log.read_text(), what="the greeting")

    # Then
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = up.log.read_text()
    assert user["email"] in text
    assert user["password"] in text
    assert f"http://127.0.0.1:{up.port}" in text


def test_up__metrics__tell_of_every_component_and_the_log(up: Up) -> None:
    # Given / When
    status, text = up.get("/metrics")

    # Then
    assert status == 200
    lines = text.splitlines()
    for component in COMPONENTS:
        assert f'baleen_component_up{{component="{component}"}} 1.0' in lines
    assert "baleen_ingest_backlog_entries 0.0" in lines
    assert any(line.startswith("process_resident_memory_bytes ") for line in lines)


def test_up__worker__takes_messages_from_the_broker(up: Up) -> None:
    # Given
    environment = _environment(up.data_dir) | {"DJANGO_SETTINGS_MODULE": "analytics.settings"}
    ping = [sys.executable, "-m", "celery", "--app=analytics.celery", "inspect", "ping", "--timeout=20"]

    # When
    ended = subprocess.run(ping, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    # Then
    assert ended.returncode == 0, ended.stderr
    assert "worker@localhost: OK" in ended.stdout


def test_up__same_data_directory__is_refused(up: Up) -> None:
    # Given / When
    sentence = _refusal(up.data_dir, "--port", str(free_port()))

    # Then
    assert f"pid {up.pid('up')}" in sentence
    assert "already runs on the data directory" in sentence
    assert up.is_ready()


def test_up__port_in_use__is_refused_naming_port_and_flag(up: Up, tmp_path: Path) -> None:
    # Given / When
    sentence = _refusal(tmp_path / "other", "--port", str(up.port))

    # Then
    assert sentence == f"Port {up.port} is already in use; choose another with --port or BALEEN_PORT."


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("name", "component"), [("valkey", "event_log"), ("clickhouse", "clickhouse")])
def test_ready__a_store_hangs__answers_503_and_recovers(up: Up, name: str, component: str) -> None:
    # Given a store that takes connections and says nothing.
    os.kill(up.pid(name), signal.SIGSTOP)
    try:
        # When
        status, text = up.get("/_ready")
        health, _ = up.get("/_health")
    finally:
        os.kill(up.pid(name), signal.SIGCONT)

    # Then
    components = json.loads(text)["components"]
    assert status == 503
    assert components[component]["status"] == "failing"
    assert components["database"]["status"] == "ok"
    assert health == 200
    wait_until(up.is_ready, seconds=START_SECONDS, what="the stack")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", PROGRAMS)
def test_up__a_program_is_killed__comes_back(up: Up, name: str) -> None:
    # Given
    before = up.pid(name)

    # When
    os.kill(before, signal.SIGKILL)

    # Then
    wait_until(lambda: up.pid(name) != before, seconds=START_SECONDS, what=f"the next {name}")
    wait_until(up.is_ready, seconds=START_SECONDS, what="the stack")


@pytest.mark.timeout(300)
def test_up__a_web_process_is_killed__comes_back(up: Up) -> None:
    # Given the process that serves, a child of the one that was started.
    parent = up.pid("web")
    children = Path(f"/proc/{parent}/task/{parent}/children")
    (before,) = (int(pid) for pid in children.read_text().split())

    # When
    os.kill(before, signal.SIGKILL)

    # Then
    wait_until(lambda: str(before) not in children.read_text().split(), seconds=60, what="its end")
    wait_until(up.is_ready, seconds=START_SECONDS, what="the stack")


@pytest.mark.timeout(400)
def test_up__supervisor_is_killed__leaves_nobody_and_starts_again(up: Up) -> None:
    # Given
    assert up.process is not None
    key = json.loads((up.data_dir / "first-user.json").read_text())["project_token"]

    # When
    up.process.kill()
    up.process.wait()
    up.start()

    # Then every process is of the second start, and the first user is still the same.
    supervisor = up.pid("up")
    for name in PROGRAMS:
        assert Path(f"/proc/{up.pid(name)}/stat").read_text().rpartition(")")[2].split()[1] == str(supervisor)
    assert json.loads((up.data_dir / "first-user.json").read_text())["project_token"] == key


@pytest.mark.timeout(300)
def test_up__told_to_stop__stops_in_reverse_order_and_leaves_nobody(up: Up) -> None:
    # Given
    assert up.process is not None

    # When
    up.process.send_signal(signal.SIGTERM)
    code = up.process.wait(120)

    # Then
    assert code == 0
    wait_until(lambda: up.leftovers() == [], what="the end of every process")
    ends = [line.split("'")[0] for line in up.log.read_text().splitlines() if "| stopped: " in line]
    names = [end.split("stopped: ")[1].split(" ")[0] for end in ends]
    assert names[-5:] == ["web", "worker", "writer", "clickhouse", "valkey"]


def test_up__data_of_a_newer_version__is_refused(tmp_path: Path) -> None:
    # Given
    (tmp_path / "instance.json").write_text('{"format": 999}')

    # When
    sentence = _refusal(tmp_path, "--port", str(free_port()))

    # Then
    assert "was written by a newer Baleen" in sentence
    assert "BALEEN_DATA_DIR" in sentence


def test_up__a_stranger_on_the_port_of_a_store__is_refused(up: Up, tmp_path: Path) -> None:
    # Given an instance whose Valkey port somebody else has taken since its last start.
    instance = json.loads((up.data_dir / "instance.json").read_text())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        (tmp_path / "instance.json").write_text(json.dumps(instance | {"valkey_port": taken}))

        # When
        sentence = _refusal(tmp_path, "--port", str(free_port()))

    # Then
    assert sentence.startswith(f"Port {taken}, where this instance keeps its valkey, is used by another program")


def test_up__data_directory_is_a_file__is_refused(tmp_path: Path) -> None:
    # Given
    (tmp_path / "data").touch()

    # When
    sentence = _refusal(tmp_path / "data", "--port", str(free_port()))

    # Then
    assert sentence.startswith(f"Cannot use the data directory {tmp_path / 'data'}")


def test_up__directory_may_not_be_written__is_refused(tmp_path: Path) -> None:
    # Given a user without rights; root has them everywhere, so the process gives its own away first.
    tmp_path.chmod(0o755)
    code = (
        "import os, sys; from analytics import instance; from pathlib import Path\n"
        "if os.getuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "try: instance.load(Path(sys.argv[1]))\n"
        "except instance.InstanceError as exc: raise SystemExit(str(exc))"
    )
    target = tmp_path / "locked"
    target.mkdir(mode=0o555)

    # When
    ended = subprocess.run(
        [sys.executable, "-c", code, str(target / "data")], cwd=ROOT, capture_output=True, text=True, check=False
    )

    # Then
    assert ended.returncode == 1
    assert ended.stderr == f"Cannot write to the data directory {target / 'data'}: permission denied.\n"
