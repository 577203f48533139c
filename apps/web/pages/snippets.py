"""What to paste into an app so that its first event arrives: real key, real address."""

import json
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Snippet:
    """One way to send events."""

    id: str
    title: str
    text: str


def install_snippets(*, token: str, host: str) -> list[Snippet]:
    """Write the snippets of a project; key and address are quoted as each language wants it."""
    key, address = json.dumps(token), json.dumps(host)
    body = json.dumps(
        {
            "api_key": token,
            "event": "signed up",
            "distinct_id": "user-1",
            "properties": {"plan": "free"},
        }
    )
    return [
        Snippet(
            "python",
            "Python",
            "# pip install posthog\n"
            "from posthog import Posthog\n\n"
            f"client = Posthog({key}, host={address})\n"
            'client.capture("signed up", distinct_id="user-1", properties={"plan": "free"})\n'
            "client.flush()\n",
        ),
        Snippet(
            "browser",
            "Browser",
            "// npm install posthog-js\n"
            'import posthog from "posthog-js";\n\n'
            f"posthog.init({key}, {{ api_host: {address} }});\n"
            'posthog.capture("signed up", { plan: "free" });\n',
        ),
        Snippet(
            "node",
            "Node.js",
            "// npm install posthog-node\n"
            'import { PostHog } from "posthog-node";\n\n'
            f"const client = new PostHog({key}, {{ host: {address} }});\n"
            'client.capture({ distinctId: "user-1", event: "signed up", properties: { plan: "free" } });\n'
            "await client.shutdown();\n",
        ),
        Snippet(
            "opentelemetry",
            "OpenTelemetry",
            "# Any OTLP/HTTP exporter; spans of AI calls become generations, steps and traces.\n"
            f"export OTEL_EXPORTER_OTLP_ENDPOINT={_shell(host)}\n"
            f"export OTEL_EXPORTER_OTLP_HEADERS={_shell('Authorization=Bearer%20' + quote(token, safe=''))}\n"
            "export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\n",
        ),
        Snippet(
            "curl",
            "curl",
            f"curl {_shell(host + '/i/v0/e/')} \\\n  -H 'Content-Type: application/json' \\\n  -d {_shell(body)}\n",
        ),
    ]


def _shell(text: str) -> str:
    """Quote for a POSIX shell, always in quotes, so that the snippet reads the same for every key."""
    return "'" + text.replace("'", "'\\''") + "'"
