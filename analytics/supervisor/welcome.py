"""Waits until the stack is ready, then says where it is and how to get in."""

import contextlib
import json
import sys
import time
import urllib.error
import urllib.request
from http.client import HTTPResponse
from pathlib import Path

from analytics import env

FIRST_USER = "first-user.json"
PAUSE_SECONDS = 0.25
REMINDER_SECONDS = 15.0


def fetch(url: str) -> dict[str, object]:
    """Ask `/_ready`; an empty answer while nobody listens yet, or somebody who is not us."""
    try:
        with contextlib.closing(_open(f"{url}/_ready")) as response:
            answer: dict[str, object] = json.load(response)
    except (OSError, ValueError):
        return {}
    return answer


def _open(url: str) -> HTTPResponse | urllib.error.HTTPError:
    # "Not ready" is a 503, which urllib raises and which reads like any answer.
    try:
        response: HTTPResponse = urllib.request.urlopen(url, timeout=5)  # noqa: S310 - our own address
    except urllib.error.HTTPError as exc:
        return exc
    return response


def missing(answer: dict[str, object]) -> str:
    """Name what is not ready yet."""
    components = answer.get("components")
    if not isinstance(components, dict):
        return "web"
    return "; ".join(f"{name} ({state['detail']})" for name, state in components.items() if state["status"] != "ok")


def wait(url: str) -> None:
    """Return once `/_ready` says so, naming from time to time what keeps it."""
    last_word = time.monotonic()
    while (answer := fetch(url)).get("status") != "ok":
        if time.monotonic() - last_word > REMINDER_SECONDS:
            last_word = time.monotonic()
            say(f"Still waiting for: {missing(answer)}")
        time.sleep(PAUSE_SECONDS)


def box(lines: list[tuple[str, str]]) -> str:
    """Frame the lines."""
    texts = [f"{label:<17} {value}" for label, value in lines]
    width = max(len(text) for text in texts)
    bar = "─" * (width + 2)
    return "\n".join([f"╭{bar}╮", *(f"│ {text:<{width}} │" for text in texts), f"╰{bar}╯"])


def first_user(data_dir: Path) -> dict[str, str]:
    """Read the login made at the first start; empty when the first user was made by other means."""
    path = data_dir / FIRST_USER
    return json.loads(path.read_text()) if path.exists() else {}


def greeting(url: str, data_dir: Path) -> list[tuple[str, str]]:
    """List the address, the first user's login and the project key."""
    lines = [("Baleen is ready", url)]
    if user := first_user(data_dir):
        lines += [("E-mail", user["email"]), ("Password", user["password"]), ("Project key", user["project_token"])]
    return lines


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> None:
    """Wait, then print; with `--project-key`, print just that key of this data directory."""
    if arguments == ["--project-key"]:
        user = first_user(env.data_dir())
        if not user:
            raise SystemExit("No first user is known here; start Baleen once, or name a key with --project-token.")
        say(user["project_token"])
        return
    url, data_dir = arguments
    wait(url)
    say(box(greeting(url, Path(data_dir))))


if __name__ == "__main__":
    main(sys.argv[1:])
