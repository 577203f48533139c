"""The example of docs/guides/opentelemetry.md, run as it stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.live import Live
from tests.processes import ROOT
from tests.providers import ProviderServer


def test_guide__example_in_python__traces_a_call(live: Live, provider: ProviderServer, tmp_path: Path) -> None:
    # Given the example, and the two variables the guide names
    guide = (ROOT / "docs/guides/opentelemetry.md").read_text()
    [example] = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    variables = dict(re.findall(r'^export (\w+)="?(.*?)"?$', guide, re.MULTILINE))
    assert set(variables) == {"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS"}
    project = live.new_project()
    script = tmp_path / "app.py"
    script.write_text(example)
    environment = {
        name: value.replace("http://localhost:8000", live.url).replace("$PROJECT_KEY", project.token)
        for name, value in variables.items()
    } | {"OPENAI_BASE_URL": provider.openai_url, "OPENAI_API_KEY": "sk-test"}

    # When it is run
    done = subprocess.run(
        [sys.executable, script], env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False
    )

    # Then it prints the answer, and the call is stored as the guide says
    assert done.returncode == 0, done.stderr
    assert done.stdout == "You said: Which whales filter their food?\n"
    project.wait_for(1)
    [row] = project.events()
    assert (row["event"], row["distinct_id"]) == ("$ai_generation", "ada")
    assert row["properties"]["$ai_session_id"] == "talk 7"
    assert row["properties"]["$ai_input"][0]["content"] == "Which whales filter their food?"
    assert row["properties"]["$ai_output_tokens"] == 9


def test_guide__check_by_hand__answers_as_it_says(live: Live) -> None:
    headers = {"Content-Type": "application/json"}
    key = {"Authorization": f"Bearer {live.new_project().token}"}
    good = live.request("POST", "/v1/traces", b"{}", headers=headers | key)
    assert (good.status, good.body) == (200, {})
    assert live.request("POST", "/v1/traces", b"{}", headers=headers).status == 401
