"""The supervisor process itself, which `manage.py up` is."""

import os
import sys

from analytics import env
from analytics.instance import InstanceError
from analytics.supervisor import arguments, preflight, syncing, valkey
from analytics.supervisor.console import Console
from analytics.supervisor.daemon import supervise
from analytics.supervisor.programs import Layout, list_programs


def main(flags: list[str]) -> None:
    """Check, claim the data directory and supervise until told to stop."""
    options = arguments.read(flags)
    console = Console(colored=env.boolean("BALEEN_LOG_COLOR", default=sys.stdout.isatty()))
    try:
        addresses = env.addresses()
        layout = Layout(addresses.data_dir)
        programs = list_programs(addresses, options)
        descriptor = preflight.claim(layout.run)
        preflight.end_leftovers((program.name for program in reversed(programs)), layout.run)
        preflight.check_disk(layout.data_dir)
        preflight.check_port(options.host, options.port)
        for program in programs:
            if program.port:
                preflight.check_store(program.name, program.port, layout.run)
        if addresses.redis_is_embedded:
            valkey.write_configuration(addresses)
        layout.prepared.unlink(missing_ok=True)
    except (InstanceError, preflight.PreflightError) as exc:
        raise SystemExit(str(exc)) from exc
    os.chdir(env.ROOT)
    os.environ["BALEEN_PORT"] = str(options.port)
    os.environ.setdefault("BALEEN_CANARY_URL", options.url)
    os.environ.setdefault("BALEEN_LOG_COLOR", str(int(console.colored)))
    # glibc gives every thread an arena of its own; two are plenty here and save tens of megabytes.
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    if addresses.redis_is_embedded and (appended := valkey.append_only_directory(addresses)):
        syncing.start(appended)
    try:
        supervise(programs, layout.run, console)
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    main(sys.argv[1:])
