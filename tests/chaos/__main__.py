"""`make chaos`: kill, stop and starve the real processes under load, then count. Exits with 1 when a promise broke."""

import argparse
import json
import os
import random
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import django

from tests.chaos import stack as stacks
from tests.chaos.sender import Sender
from tests.chaos.trouble import Trouble
from tests.processes import wait_until

DRAIN_SECONDS = 240


def main() -> int:
    """Run one round."""
    options = _options()
    _become_able_to_mount()
    directory = Path(tempfile.mkdtemp(prefix="baleen-chaos-"))
    _say(f"seed {options.seed}, {options.seconds} s, {options.rate} events/s, logs in {directory}")
    os.environ |= {"BALEEN_DATA_DIR": str(directory / "data"), "DJANGO_SETTINGS_MODULE": "analytics.settings"}
    with stacks.run(directory, writers=options.writers) as stack:
        django.setup()
        if not stack.is_small:
            _say(
                "no disk of its own could be mounted (root or unprivileged user namespaces are needed): it never fills"
            )
        faults = _round(stack, options)
    if not faults:
        shutil.rmtree(directory, ignore_errors=True)
    for fault in faults:
        _say(f"BROKEN: {fault}")
    return 1 if faults else 0


def _round(stack: stacks.Stack, options: argparse.Namespace) -> list[str]:
    from tests.chaos import ledger

    ledger.stop_merges()
    sending, troubling = (random.Random(options.seed + number) for number in range(2))  # noqa: S311 - no secrets
    sender = Sender(stack.port, stack.token, options.rate, sending)
    trouble = Trouble(stack, troubling, options.seconds)
    sender.start()
    try:
        trouble.make()
    finally:
        for line in trouble.story:
            _say(line)
    faults = [] if sender.finish(DRAIN_SECONDS) else ["a batch was never acknowledged"]
    drained = _drain(stack)
    book = ledger.compare(stack.project_id, sender.ids, sender.talks)
    faults += book.faults()
    faults += [f"the door answered {answer}" for answer in sender.answers if answer not in {"200", "503", "no answer"}]
    faults += [f"{count} times in the log: {what}" for what, count in stack.complaints().items()]
    persons = _persons(stack)
    if persons != len(sender.users):
        faults.append(f"{persons} persons are counted of {len(sender.users)}")
    _say(
        json.dumps(
            {
                "seed": options.seed,
                "done": trouble.done,
                "answers": sender.answers,
                "slowest_batch_seconds": round(sender.slowest, 1),
                "drain_seconds": round(drained, 1),
                "persons": persons,
                **vars(book),
            }
        )
    )
    return faults


def _drain(stack: stacks.Stack) -> float:
    """Wait until every component serves again and nothing is left in the log."""
    from apps.ingest import selectors

    started = time.monotonic()
    wait_until(stack.is_ready, seconds=DRAIN_SECONDS, what="the stack")
    wait_until(lambda: selectors.backlog() == 0, seconds=DRAIN_SECONDS, what="an empty log")
    return time.monotonic() - started


def _persons(stack: stacks.Stack) -> int:
    answer = stack.ask(
        {
            "kind": "TrendsQuery",
            "series": [{"kind": "EventsNode", "event": None, "math": "dau"}],
            "dateRange": {"date_from": "-1d"},
            "trendsFilter": {"display": "BoldNumber"},
        }
    )
    results: list[dict[str, int]] = answer["results"]  # type: ignore[assignment]
    return int(results[0]["aggregated_value"])


def _become_able_to_mount() -> None:
    """Start over in namespaces of our own, where a user who is not root may mount a small disk too."""
    if os.geteuid() == 0 or not shutil.which("unshare"):
        return
    wrapped = ["unshare", "--map-root-user", "--mount"]
    if subprocess.run([*wrapped, "true"], check=False, capture_output=True).returncode == 0:
        os.execvp(  # noqa: S606 - the same program over again, no shell
            wrapped[0], [*wrapped, sys.executable, "-m", "tests.chaos", *sys.argv[1:]]
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=180, help="how long to make trouble")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="repeats a round's choices")
    parser.add_argument("--rate", type=int, default=1_500, help="events a second")
    parser.add_argument("--writers", type=int, default=2)
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
