"""The supervisor process itself; `manage.py up` becomes it."""

import argparse
import os
import sys

from analytics import env
from analytics.instance import InstanceError
from analytics.supervisor import preflight, valkey
from analytics.supervisor.console import Console
from analytics.supervisor.daemon import supervise
from analytics.supervisor.programs import Layout, Options, list_programs


def read_options(arguments: list[str]) -> Options:
    """Read the command line that `manage.py up` passes on."""
    parser = argparse.ArgumentParser(prog="manage.py up")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--web-workers", type=int, default=1)
    return Options(**vars(parser.parse_args(arguments)))


def main(arguments: list[str]) -> None:
    """Check, claim the data directory and supervise until told to stop."""
    options = read_options(arguments)
    console = Console(colored=env.boolean("BALEEN_LOG_COLOR", default=sys.stdout.isatty()))
    try:
        addresses = env.addresses()
        layout = Layout(addresses.data_dir)
        descriptor = preflight.claim(layout.run)
        preflight.check_disk(layout.data_dir)
        preflight.check_port(options.host, options.port)
        if addresses.redis_is_embedded:
            valkey.write_configuration(addresses)
        layout.prepared.unlink(missing_ok=True)
    except (InstanceError, preflight.PreflightError) as exc:
        raise SystemExit(str(exc)) from exc
    os.chdir(env.ROOT)
    os.environ["BALEEN_PORT"] = str(options.port)
    os.environ.setdefault("BALEEN_LOG_COLOR", str(int(console.colored)))
    # glibc gives every thread an arena of its own; two are plenty here and save tens of megabytes.
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    try:
        supervise(list_programs(addresses, options), layout.run, console)
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    main(sys.argv[1:])
