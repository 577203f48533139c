"""Waits until the stack is ready, then says where it is and how to get in."""

import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

FIRST_USER = "first-user.json"
PAUSE_SECONDS = 0.1
REMINDER_SECONDS = 15.0


def fetch(url: str) -> dict[str, object]:
    """Ask `/_ready`; an empty answer while nobody listens yet."""
    request = urllib.request.Request(f"{url}/_ready")  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310 - our own address
            answer: dict[str, object] = json.load(response)
    except urllib.error.HTTPError as exc:
        answer = json.loads(exc.read() or b"{}")
    except (OSError, ValueError):
        return {}
    return answer


def missing(answer: dict[str, object]) -> str:
    """Name what is not ready yet."""
    components = answer.get("components")
    if not isinstance(components, dict):
        return "web"
    return ", ".join(name for name, state in components.items() if state.get("status") != "ok")


def wait(url: str) -> None:
    """Return once `/_ready` says so, naming from time to time what keeps it."""
    last_word = time.monotonic()
    while (answer := fetch(url)).get("status") != "ok":
        if time.monotonic() - last_word > REMINDER_SECONDS:
            last_word = time.monotonic()
            sys.stdout.write(f"Still waiting for: {missing(answer)}\n")
            sys.stdout.flush()
        time.sleep(PAUSE_SECONDS)


def box(lines: list[tuple[str, str]]) -> str:
    """Frame the lines."""
    texts = [f"{label:<14} {value}" if label else value for label, value in lines]
    width = max(len(text) for text in texts)
    bar = "─" * (width + 2)
    return "\n".join([f"╭{bar}╮", *(f"│ {text:<{width}} │" for text in texts), f"╰{bar}╯"])


def greeting(url: str, data_dir: Path) -> list[tuple[str, str]]:
    """List the address, the first user's login and the project token."""
    lines = [("", "Baleen is ready."), ("Dashboard", url)]
    path = data_dir / FIRST_USER
    if path.exists():
        user = json.loads(path.read_text())
        lines += [("Login", user["email"]), ("Password", user["password"]), ("Project token", user["project_token"])]
    return lines


def main(url: str, data_dir: str) -> None:
    """Wait, then print."""
    wait(url)
    sys.stdout.write(box(greeting(url, Path(data_dir))) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
