"""What posthog-js asks for before it starts, and flags, of which there are none yet."""

import base64
import json
from typing import Any

import pytest

from tests.live import Answer, Live, LiveProject

ORIGIN = {"Origin": "https://otter.example"}


@pytest.fixture(scope="module")
def project(live: Live) -> LiveProject:
    return live.new_project()


@pytest.mark.parametrize("slash", ["", "/"])
def test_config__of_a_project__turns_autocapture_on_and_flags_off(project: LiveProject, slash: str) -> None:
    # When a page asks for the configuration
    answer = project.live.request("GET", f"/array/{project.token}/config{slash}", headers=ORIGIN)

    # Then it may read it, and is told what the SDK would otherwise not do
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "https://otter.example"
    assert answer.headers["cache-control"] == "public, max-age=60"
    config = answer.body
    assert config["token"] == project.token
    assert config["autocapture_opt_out"] is False
    assert config["elementsChainAsString"] is True
    assert config["hasFeatureFlags"] is False
    assert config["supportedCompression"] == ["gzip", "gzip-js"]
    assert config["analytics"] == {"endpoint": "/i/v0/e/"}
    assert config["sessionRecording"] is False
    assert "surveys" not in config


def test_config_script__of_a_project__sets_the_same(project: LiveProject) -> None:
    # When a script tag asks for it
    script = project.live.request("GET", f"/array/{project.token}/config.js?ip=0", headers=ORIGIN)
    plain = project.live.get(f"/array/{project.token}/config").body

    # Then the script sets what the other address says
    assert script.status == 200
    assert script.headers["content-type"].startswith("application/javascript")
    assert script.headers["access-control-allow-origin"] == "https://otter.example"
    start = f"window._POSTHOG_REMOTE_CONFIG[{json.dumps(project.token)}] = "
    [line] = [line.strip() for line in script.body.splitlines() if start in line]
    assert json.loads(line.removeprefix(start).removesuffix(";")) == {"config": plain, "siteApps": []}


@pytest.mark.parametrize(
    "path", ["/array/phc_nobody/config", "/array/phc_nobody/config.js", "/array/", "/array//config", "/array/{}/else"]
)
def test_config__of_nobody__is_404(project: LiveProject, path: str) -> None:
    answer = project.live.request("GET", path.format(project.token), headers=ORIGIN)
    assert answer.status == 404
    assert answer.headers["access-control-allow-origin"] == "https://otter.example"


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/api/surveys/", {"surveys": []}),
        ("/api/surveys", {"surveys": []}),
        ("/api/early_access_features/", {"earlyAccessFeatures": []}),
        ("/api/web_experiments/", {"experiments": []}),
    ],
)
def test_lists__of_what_there_is_none_of__are_empty(project: LiveProject, path: str, content: dict[str, Any]) -> None:
    answer = project.live.request("GET", f"{path}?token={project.token}", headers=ORIGIN)
    assert (answer.status, answer.body) == (200, content)
    assert answer.headers["access-control-allow-origin"] == "https://otter.example"


def test_config__head_and_post__are_a_head_and_refused(project: LiveProject) -> None:
    head = project.live.request("HEAD", f"/array/{project.token}/config")
    post = project.live.post(f"/array/{project.token}/config", {})
    assert (head.status, head.body) == (200, "")
    assert post.status == 405


def ask_flags(project: LiveProject, path: str, body: bytes, **headers: str) -> Answer:
    return project.live.request("POST", path, body, headers=ORIGIN | headers)


@pytest.mark.parametrize("path", ["/flags/?v=2", "/flags?v=4", "/decide/?v=3", "/flags/?v=2&config=true"])
@pytest.mark.parametrize("name", ["token", "api_key"])
def test_flags__of_a_project_without_any__are_none(project: LiveProject, path: str, name: str) -> None:
    # When an SDK asks which flags are on for somebody, as JSON and as a form
    asked = json.dumps({name: project.token, "distinct_id": "ada", "groups": {}}).encode()
    request_id = "018f0000-0000-7000-8000-000000000009"
    plain = ask_flags(project, path, asked, **{"Content-Type": "application/json", "X-Request-Id": request_id})
    form = ask_flags(project, f"{path}&compression=base64", b"data=" + base64.b64encode(asked).replace(b"+", b"%2B"))

    # Then none is, in every shape that SDKs read
    for answer in (plain, form):
        assert answer.status == 200, answer
        assert answer.body["flags"] == answer.body["featureFlags"] == answer.body["featureFlagPayloads"] == {}
        assert answer.body["errorsWhileComputingFlags"] is False
        assert answer.body["evaluatedAt"] > 1_700_000_000_000
    assert plain.body["requestId"] == request_id
    assert ("supportedCompression" in plain.body) == ("decide" in path or "config" in path)


@pytest.mark.parametrize(
    ("body", "status"),
    [(b'{"token": "phc_nobody"}', 401), (b"{}", 401), (b"", 401), (b"[]", 400), (b'{"token": 7}', 400), (b"\xff", 400)],
)
def test_flags__bad_request__is_refused(project: LiveProject, body: bytes, status: int) -> None:
    assert ask_flags(project, "/flags/?v=2", body).status == status
