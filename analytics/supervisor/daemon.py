"""Our programs under `supervisor` (supervisord.org), driven from Python instead of its INI file.

It brings what must not be home-made: restarts with growing pauses, stopping in reverse order, SIGKILL for what does
not stop in time. Added here: lines prefixed by program, a bound on the pause, and no orphans when a program that has
children of its own is killed.
"""

import io
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from supervisor import events, loggers
from supervisor.datatypes import RestartUnconditionally, RestartWhenExitUnexpected
from supervisor.dispatchers import POutputDispatcher
from supervisor.medusa import asyncore_25 as asyncore
from supervisor.options import ProcessConfig, ProcessGroupConfig, ServerOptions
from supervisor.supervisord import Supervisor

from analytics.supervisor.console import Console
from analytics.supervisor.programs import Program

TETHER = Path(__file__).with_name("tether.py")
LONGEST_PAUSE = 10
NEVER_GIVE_UP = 1_000_000_000
SETTINGS = """
[supervisord]
nodaemon = true
nocleanup = true
logfile = /dev/null
logfile_maxbytes = 0
minfds = 256
minprocs = 64
"""


class _Output(POutputDispatcher):
    """Sends what a program prints to the console, line by line."""

    def _log(self, data: bytes) -> None:
        self.process.config.options.console.feed(self.process.config.name, data)

    def close(self) -> None:
        self.process.config.options.console.flush(self.process.config.name)
        super().close()


class _ProcessConfig(ProcessConfig):
    """One program as supervisor wants it described."""

    def make_dispatchers(self, proc: object) -> tuple[dict[int, _Output], dict[str, int]]:
        pipes = self.options.make_pipes(stderr=False)
        output = _Output(proc, events.ProcessCommunicationStdoutEvent, pipes["stdout"])
        return {pipes["stdout"]: output}, pipes


class _Handler(loggers.Handler):
    """Prints supervisor's own messages as lines of a program named `up`."""

    def __init__(self, console: Console) -> None:
        super().__init__(sys.stdout)
        self.console = console

    def emit(self, record: loggers.LogRecord) -> None:
        self.console.line("up", record.asdict()["message"].strip())


class _Options(ServerOptions):
    """Supervisor's options without files, sockets or daemonizing."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.console = console
        self.configfile = io.StringIO(SETTINGS)
        self.realize(args=[], doc="", progname="up")
        self.first = True
        self.test = False

    def make_logger(self) -> None:
        self.logger = loggers.getLogger(self.loglevel)
        self.logger.handlers.append(_Handler(self.console))

    def set_uid_or_exit(self) -> None:
        """Run as whoever started us, also as root in a container."""

    def openhttpservers(self, supervisord: object) -> None:
        """Offer no remote control."""

    def write_pidfile(self) -> None:
        """Leave that to the lock of the data directory."""


class _Supervisor(Supervisor):
    """Supervisor with our two reactions to a death."""

    def runforever(self) -> None:
        events.subscribe(events.ProcessStateExitedEvent, _bury)
        events.subscribe(events.ProcessStateBackoffEvent, _bury)
        super().runforever()


def _bury(event: events.ProcessStateEvent) -> None:
    process = event.process
    if process.pid:
        # Killed with -9 it could not tell its children; they share its process group.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    if process.backoff > LONGEST_PAUSE:
        process.delay -= process.backoff - LONGEST_PAUSE
        process.backoff = LONGEST_PAUSE


def _group(options: _Options, place: int, program: Program, run_dir: Path) -> ProcessGroupConfig:
    waits = [part for what in program.wait_for for part in ("--wait-for", what)]
    tether = [sys.executable, "-I", "-S", str(TETHER), program.name, str(run_dir), *waits, "--", *program.command]
    parameters = dict.fromkeys(ProcessConfig.req_param_names)
    parameters |= {
        "name": program.name,
        "command": shlex.join(tether),
        "priority": place,
        "autostart": True,
        "autorestart": RestartWhenExitUnexpected if program.once else RestartUnconditionally,
        "startsecs": 0 if program.once else 1,
        "startretries": NEVER_GIVE_UP,
        "exitcodes": [0],
        "stopsignal": signal.SIGTERM,
        "stopwaitsecs": program.stop_seconds,
        "stopasgroup": False,
        "killasgroup": True,
        "redirect_stderr": True,
        "environment": program.environment,
    }
    return ProcessGroupConfig(options, program.name, place, [_ProcessConfig(options, **parameters)])


def supervise(programs: Sequence[Program], run_dir: Path, console: Console) -> None:
    """Run the programs until a signal ends us; returns once the last of them has stopped."""
    os.environ["BALEEN_SUPERVISOR_PID"] = str(os.getpid())
    options = _Options(console)
    options.process_group_configs = [
        _group(options, place, program, run_dir) for place, program in enumerate(programs, start=1)
    ]
    with suppress(asyncore.ExitNow):
        _Supervisor(options).main()
