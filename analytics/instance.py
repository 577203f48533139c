"""What an embedded instance must remember about itself: ports, passwords and the secret key, made on first use.

A laptop sets no environment variable, yet every process (web, writer, worker, a shell) has to agree on where the
embedded services listen and how to log in. They agree through `instance.json` in the data directory, readable by
its owner only.
"""

import fcntl
import json
import os
import secrets
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

FORMAT = 1
"""Layout version of the data directory. A newer one than this code knows is refused, never guessed at."""


class InstanceError(Exception):
    """The data directory cannot be used; the message is one sentence for the operator."""


@dataclass(frozen=True)
class Instance:
    """The embedded services of one data directory."""

    format: int
    secret_key: str
    clickhouse_port: int
    clickhouse_password: str
    valkey_port: int
    valkey_password: str

    @property
    def clickhouse_url(self) -> str:
        """Address of the embedded ClickHouse, as CLICKHOUSE_URL would name it."""
        return f"clickhouse://baleen:{self.clickhouse_password}@127.0.0.1:{self.clickhouse_port}/baleen"

    @property
    def redis_url(self) -> str:
        """Address of the embedded Valkey, as REDIS_URL would name it."""
        return f"redis://:{self.valkey_password}@127.0.0.1:{self.valkey_port}/0"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _create() -> Instance:
    return Instance(
        format=FORMAT,
        secret_key=secrets.token_urlsafe(48),
        clickhouse_port=_free_port(),
        clickhouse_password=secrets.token_urlsafe(24),
        valkey_port=_free_port(),
        valkey_password=secrets.token_urlsafe(24),
    )


def load(data_dir: Path) -> Instance:
    """Read the instance of a data directory, or make it; safe from several processes at once.

    Raises InstanceError when the directory cannot be written, is damaged, or belongs to a newer Baleen.
    """
    path = data_dir / "instance.json"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _write_once(data_dir, path)
        content = json.loads(path.read_text())
    except PermissionError as exc:
        raise InstanceError(f"Cannot write to the data directory {data_dir}: permission denied.") from exc
    except OSError as exc:
        raise InstanceError(f"Cannot use the data directory {data_dir}: {exc.strerror}.") from exc
    except ValueError as exc:
        raise InstanceError(f"{path} is damaged; restore it from a backup.") from exc
    return _parse(path, content)


def _write_once(data_dir: Path, path: Path) -> None:
    with (data_dir / ".instance.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            return
        draft = path.with_suffix(".tmp")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(_create()), file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)


def _parse(path: Path, content: object) -> Instance:
    if not isinstance(content, dict) or not isinstance(content.get("format"), int):
        raise InstanceError(f"{path} is damaged; restore it from a backup.")
    if content["format"] > FORMAT:
        raise InstanceError(
            f"{path.parent} was written by a newer Baleen (data format {content['format']}, this one reads {FORMAT}); "
            "start that version or choose another BALEEN_DATA_DIR."
        )
    try:
        return Instance(**content)
    except TypeError as exc:
        raise InstanceError(f"{path} is damaged; restore it from a backup.") from exc
