"""Typed readers of the environment: every setting an operator may set, with its default, in one place."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from analytics.instance import Instance, load

ROOT = Path(__file__).resolve().parent.parent


def text(name: str, default: str = "") -> str:
    """Read a string; empty counts as not set."""
    return os.environ.get(name) or default


def integer(name: str, default: int) -> int:
    """Read a whole number, naming the variable when it is none."""
    raw = os.environ.get(name)
    if not raw:
        return default
    try:
        return int(raw)
    except ValueError as exc:
        raise SystemExit(f"{name} must be a whole number, not {raw!r}.") from exc


def boolean(name: str, *, default: bool) -> bool:
    """Read a switch: 1, true, yes, on or 0, false, no, off."""
    raw = os.environ.get(name, "").strip().lower()
    if not raw:
        return default
    if raw in {"1", "true", "yes", "on"}:
        return True
    if raw in {"0", "false", "no", "off"}:
        return False
    raise SystemExit(f"{name} must be true or false, not {raw!r}.")


def words(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """Read a comma-separated list."""
    raw = os.environ.get(name)
    return [word.strip() for word in raw.split(",") if word.strip()] if raw else list(default)


@dataclass(frozen=True)
class Addresses:
    """Where the services of this deployment are."""

    data_dir: Path
    secret_key: str
    database_url: str
    clickhouse_url: str
    clickhouse_is_embedded: bool
    clickhouse_reader_url: str
    redis_url: str
    redis_is_embedded: bool


def data_dir() -> Path:
    """Where everything that Baleen writes is."""
    return Path(text("BALEEN_DATA_DIR", str(ROOT / "data"))).resolve()


def addresses() -> Addresses:
    """Resolve every address: the environment first, the embedded instance for what it leaves open."""
    directory = data_dir()
    named = {name: text(name) for name in ("BALEEN_SECRET_KEY", "CLICKHOUSE_URL", "REDIS_URL")}
    instance: Instance | None = None if all(named.values()) else load(directory)
    clickhouse_url = named["CLICKHOUSE_URL"] or (instance.clickhouse_url if instance else "")
    is_embedded = not named["CLICKHOUSE_URL"]
    return Addresses(
        data_dir=directory,
        secret_key=named["BALEEN_SECRET_KEY"] or (instance.secret_key if instance else ""),
        database_url=text("DATABASE_URL", f"sqlite:///{directory}/baleen.sqlite3"),
        clickhouse_url=clickhouse_url,
        clickhouse_is_embedded=is_embedded,
        clickhouse_reader_url=text(
            "CLICKHOUSE_READER_URL", _reader_url(clickhouse_url) if is_embedded else clickhouse_url
        ),
        redis_url=named["REDIS_URL"] or (instance.redis_url if instance else ""),
        redis_is_embedded=not named["REDIS_URL"],
    )


def _reader_url(url: str) -> str:
    """Name the embedded engine's read-only user; its password follows from the owner's and tells nothing of it."""
    parts = urlsplit(url)
    password = hashlib.sha256(f"reader:{parts.password}".encode()).hexdigest()
    return urlunsplit(parts._replace(netloc=f"reader:{password}@{parts.hostname}:{parts.port}"))
