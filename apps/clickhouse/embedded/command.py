"""The command line of the embedded server."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from apps.clickhouse.embedded.server import Options, Server, StartError, User

PASSWORD_VARIABLE: Final = "BALEEN_CLICKHOUSE_PASSWORD"  # noqa: S105 - the name of a variable
READER_VARIABLE: Final = "BALEEN_CLICKHOUSE_READER_PASSWORD"
READER_SETTINGS: Final = {"readonly": "2"}


def parser() -> argparse.ArgumentParser:
    """Build the server's arguments; passwords come from files or the environment, where `ps` does not show them."""
    made = argparse.ArgumentParser(prog="python -m apps.clickhouse.embedded", description=__doc__)
    made.add_argument("--path", type=Path, required=True, help="directory of the data")
    made.add_argument("--host", default="127.0.0.1", help="loopback address to listen on")
    made.add_argument("--port", type=int, default=9000, help="port to listen on, 0 for a free one")
    made.add_argument("--database", default="default", help="database to create and to start sessions in")
    made.add_argument("--user", default="default")
    made.add_argument("--password-file", type=Path, help=f"file with the password, else ${PASSWORD_VARIABLE}")
    made.add_argument(
        "--reader", default="", help=f"name of a second, read-only user; its password is ${READER_VARIABLE}"
    )
    made.add_argument("--max-connections", type=int, default=128)
    return made


def options_of(arguments: argparse.Namespace) -> Options:
    """Turn parsed arguments and the environment into the server's options."""
    try:
        password = (
            arguments.password_file.read_text().strip()
            if arguments.password_file
            else os.environ.get(PASSWORD_VARIABLE)
        )
    except OSError as exc:
        raise StartError(f"The password file {arguments.password_file} cannot be read: {exc.strerror}.") from exc
    users = {arguments.user: User(password or "")}
    if arguments.reader:
        users[arguments.reader] = User(os.environ.get(READER_VARIABLE, ""), READER_SETTINGS, guarded=True)
    return Options(arguments.path, arguments.host, arguments.port, arguments.database, users, arguments.max_connections)


def run(options: Options) -> int:
    """Serve until SIGTERM or SIGINT; the exit code."""
    try:
        server = Server(options)
    except StartError as exc:
        print(exc, file=sys.stderr)  # noqa: T201 - the sentence a person reads
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    print(f"ClickHouse (embedded) listens on {server.address[0]}:{server.address[1]}", flush=True)  # noqa: T201
    server.serve_forever()
    return 0


def main(argv: Sequence[str]) -> int:
    """Parse the arguments and serve."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    try:
        return run(options_of(parser().parse_args(argv)))
    except StartError as exc:
        print(exc, file=sys.stderr)  # noqa: T201 - the sentence a person reads
        return 1
