"""What runs on a laptop, in the order it starts; stopping goes the other way round."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from analytics import env, serving
from analytics.supervisor import valkey


@dataclass(frozen=True)
class Options:
    """What the operator chose on the command line of `manage.py up`."""

    host: str
    port: int
    web_workers: int
    writers: int = 1

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the dashboard."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - compared, not bound
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


@dataclass(frozen=True)
class Program:
    """One supervised process."""

    name: str
    command: tuple[str, ...]
    wait_for: tuple[str, ...] = ()
    once: bool = False
    stop_seconds: int = 15
    environment: dict[str, str] = field(default_factory=dict)
    port: int | None = None
    """Where an embedded store listens on loopback."""


@dataclass(frozen=True)
class Layout:
    """The files of a data directory that the supervisor uses."""

    data_dir: Path

    @property
    def run(self) -> Path:
        """Locks, process ids and the marker of a finished preparation; may be deleted while nothing runs."""
        return self.data_dir / "run"

    @property
    def prepared(self) -> Path:
        """Exists once this start has migrated both databases."""
        return self.run / "prepared"


def manage(*arguments: str) -> tuple[str, ...]:
    """Name a management command as a process of its own."""
    return (sys.executable, str(env.ROOT / "manage.py"), *arguments)


def list_programs(addresses: env.Addresses, options: Options) -> list[Program]:
    """List the programs of this deployment; a store whose address is configured runs elsewhere and is left out."""
    layout = Layout(addresses.data_dir)
    programs: list[Program] = []
    if addresses.redis_is_embedded:
        port = urlsplit(addresses.redis_url).port
        programs.append(Program("valkey", valkey.command(addresses), stop_seconds=30, port=port))
    if addresses.clickhouse_is_embedded:
        programs.append(_clickhouse(addresses))
    web = serving.command(host=options.host, port=options.port, workers=options.web_workers)
    prepared = (*(f"port:{store.port}" for store in programs), f"file:{layout.prepared}")
    programs += [
        # It waits for the stores by itself, and loads its code while they start.
        Program("prepare", manage("prepare", "--wait", "--first-user", f"--marker={layout.prepared}"), once=True),
        *(Program(name, manage("write_events"), prepared, stop_seconds=30) for name in _writer_names(options.writers)),
        # Celery's checks load every page and endpoint into a process that serves none.
        Program("worker", _worker(addresses), prepared, stop_seconds=30, environment={"CELERY_SKIP_CHECKS": "1"}),
        Program("web", web, prepared, stop_seconds=30),
        Program("welcome", _welcome(addresses, options), prepared, once=True),
    ]
    return programs


def _writer_names(count: int) -> list[str]:
    return ["writer", *(f"writer-{number}" for number in range(2, count + 1))]


def _clickhouse(addresses: env.Addresses) -> Program:
    url, guest = urlsplit(addresses.clickhouse_url), urlsplit(addresses.clickhouse_reader_url)
    path = addresses.data_dir / "clickhouse"
    return Program(
        "clickhouse",
        (
            *(sys.executable, "-m", "apps.clickhouse.embedded", f"--path={path}", f"--port={url.port}"),
            *(f"--user={url.username}", f"--database={url.path.strip('/')}", f"--reader={guest.username}"),
        ),
        stop_seconds=30,
        environment={
            "BALEEN_CLICKHOUSE_PASSWORD": unquote(url.password or ""),
            "BALEEN_CLICKHOUSE_READER_PASSWORD": unquote(guest.password or ""),
        },
        port=url.port,
    )


def _worker(addresses: env.Addresses) -> tuple[str, ...]:
    # Threads: jobs mostly wait for ClickHouse, and a forked pool would double the memory of an idle laptop.
    # Beat runs inside (see analytics.celery); several workers on a server leave that to a process of its own.
    return (
        *(sys.executable, "-m", "celery", "--app=analytics.celery", "--quiet", "worker"),
        *("--pool=threads", "--concurrency=2", "--with-beat", "--without-gossip", "--without-mingle"),
        *(f"--loglevel={env.text('BALEEN_LOG_LEVEL', 'INFO')}", "--hostname=worker@localhost"),
        f"--schedule-filename={addresses.data_dir / 'beat-schedule'}",
    )


def _welcome(addresses: env.Addresses, options: Options) -> tuple[str, ...]:
    return (sys.executable, "-m", "analytics.supervisor.welcome", options.url, str(addresses.data_dir))
