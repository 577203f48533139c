"""The command line of `manage.py up`, shared by the command that Django lists and the process that it becomes."""

from argparse import ArgumentParser

from analytics import env
from analytics.supervisor.programs import Options


def add_to(parser: ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument(
        "--port", type=int, default=env.integer("BALEEN_PORT", 8000), help="where the dashboard listens"
    )
    parser.add_argument("--host", default="127.0.0.1", help="which address to listen on (0.0.0.0: every one)")
    parser.add_argument("--web-workers", type=int, default=1, help="how many web processes")
    parser.add_argument("--writers", type=int, default=1, help="how many writers share the work")


def read(arguments: list[str]) -> Options:
    """Read the flags."""
    parser = ArgumentParser(prog="manage.py up", description="Start everything a laptop needs under one supervisor.")
    add_to(parser)
    return Options(**vars(parser.parse_args(arguments)))
