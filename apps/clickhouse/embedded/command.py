"""The command line of the embedded server."""

import argparse
import logging
import os
import resource
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from apps.clickhouse.embedded.server import Options, Server, StartError, User

PASSWORD_VARIABLE: Final = "BALEEN_CLICKHOUSE_PASSWORD"  # noqa: S105 - the name of a variable
READER_VARIABLE: Final = "BALEEN_CLICKHOUSE_READER_PASSWORD"
MANY_FILES: Final = 65_536
READER_SETTINGS: Final = {"readonly": "2"}
PLAIN_RECORD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "taskName"}


class Formatter(logging.Formatter):
    """One line an event: its level, its name, and what is known about it."""

    def format(self, record: logging.LogRecord) -> str:
        """Append the record's own fields to its message."""
        fields = [f"{name}={value}" for name, value in vars(record).items() if name not in PLAIN_RECORD]
        return " ".join([super().format(record), *fields])


def parser() -> argparse.ArgumentParser:
    """Build the server's arguments; passwords come from files or the environment, where `ps` does not show them."""
    made = argparse.ArgumentParser(
        prog="python -m apps.clickhouse.embedded", description="Run the embedded ClickHouse."
    )
    made.add_argument("--path", type=Path, required=True, help="directory of the data")
    made.add_argument("--host", default="127.0.0.1", help="loopback address to listen on")
    made.add_argument("--port", type=int, default=9000, help="port to listen on, 0 for a free one")
    made.add_argument("--database", default="default", help="database to create and to start sessions in")
    made.add_argument("--user", default="default", help=f"its password is in ${PASSWORD_VARIABLE}")
    made.add_argument("--password-file", type=Path, help="file with the password instead")
    made.add_argument("--reader", default="", help=f"a second, read-only user; its password is in ${READER_VARIABLE}")
    made.add_argument("--max-connections", type=int, default=128, help="how many clients may be connected at once")
    return made


def options_from(  # noqa: PLR0913 - what a server consists of
    *,
    path: Path,
    host: str,
    port: int,
    database: str,
    user: str,
    password: str,
    reader: str = "",
    reader_password: str = "",
    max_connections: int = 128,
) -> Options:
    """Check and collect the options; a reader's password that is not given comes from the environment."""
    users = {user: User(password)}
    if reader:
        reader_password = reader_password or os.environ.get(READER_VARIABLE, "")
        if not reader_password or reader == user:
            raise StartError(f"The read-only user needs a name and a password of its own, in {READER_VARIABLE}.")
        users[reader] = User(reader_password, READER_SETTINGS, guarded=True)
    return Options(path, host, port, database, users, max_connections)


def serve(options: Options) -> None:
    """Serve until SIGTERM or SIGINT."""
    _allow_many_files()
    server = Server(options)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    if not server.serve_forever():
        # A thread is stuck inside the engine: leaving through the interpreter's end would wait for it forever.
        logging.shutdown()
        os._exit(0)


def _allow_many_files() -> None:
    """Raise the limit of open files as far as allowed: each of the engine's threads keeps three."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MANY_FILES if hard == resource.RLIM_INFINITY else min(hard, MANY_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main(argv: Sequence[str]) -> int:
    """Parse the arguments and serve; the exit code."""
    handler = logging.StreamHandler()
    handler.setFormatter(Formatter("%(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    arguments = parser().parse_args(argv)
    try:
        given = vars(arguments)
        file: Path | None = given.pop("password_file")
        serve(options_from(password=_password(file), **given))
    except StartError as exc:
        print(exc, file=sys.stderr)  # noqa: T201 - the sentence a person reads
        return 1
    return 0


def _password(file: Path | None) -> str:
    if file is None:
        return os.environ.get(PASSWORD_VARIABLE, "")
    try:
        return file.read_text().strip()
    except OSError as exc:
        raise StartError(f"The password file {file} cannot be read: {exc.strerror}.") from exc
