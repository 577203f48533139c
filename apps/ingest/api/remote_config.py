"""What posthog-js asks for before it starts: its remote configuration, and lists of things we have none of.

The fields and what each does to the SDK: docs/reference/capture-api.md.
"""

import json
from typing import Any, Final

from apps.accounts import selectors as accounts
from apps.common.errors import NotFoundError
from apps.ingest.api.answers import Answer, given
from apps.ingest.api.arrival import Arrival

PREFIX: Final = "/array/"


def settings_of(token: str) -> dict[str, Any]:
    """Give the remote configuration of the project a token names.

    What is off is said so: of some fields the SDK takes the absence to mean the last value it knew.
    """
    return {
        "token": token,
        "supportedCompression": ["gzip", "gzip-js"],
        # True makes the SDK ask for flags, which no project can have yet; nobody would answer.
        "hasFeatureFlags": False,
        "autocapture_opt_out": False,
        "elementsChainAsString": True,
        "analytics": {"endpoint": "/i/v0/e/"},
        "sessionRecording": False,
        "capturePerformance": False,
        "autocaptureExceptions": False,
        "errorTracking": {"autocaptureExceptions": False, "suppressionRules": []},
        "surveys": False,
        "productTours": False,
        "heatmaps": False,
        "captureDeadClicks": False,
        "conversations": False,
        "logs": {"captureConsoleLogs": False},
        "toolbarParams": {},
        "isAuthenticated": False,
        "siteApps": [],
        "config": {"enable_collect_everything": True},
        "defaultIdentifiedOnly": True,
    }


def config(arrival: Arrival) -> Answer:
    """Answer `/array/TOKEN/config` with JSON and `/array/TOKEN/config.js` with a script that sets it."""
    token, _, name = arrival.path.removeprefix(PREFIX).rstrip("/").partition("/")
    if name not in {"config", "config.js"} or accounts.find_project_by_token(token) is None:
        raise NotFoundError("There is no remote configuration at this address.", attr="token")
    content = settings_of(token)
    if name == "config":
        status, headers, body = given(content)
    else:
        status, headers, body = 200, [("Content-Type", "application/javascript; charset=utf-8")], _script(content)
    # It changes with the project's settings, and a page asks once per load.
    return status, [*headers, ("Cache-Control", "public, max-age=60")], body


def _script(content: dict[str, Any]) -> bytes:
    """Write the configuration where the SDK looks for it, in characters that are safe in any page."""
    token, inside = (
        json.dumps(value).replace("<", "\\u003c") for value in (content["token"], {"config": content, "siteApps": []})
    )
    return (
        f"(function () {{\n"
        f"  window._POSTHOG_REMOTE_CONFIG = window._POSTHOG_REMOTE_CONFIG || {{}};\n"
        f"  window._POSTHOG_REMOTE_CONFIG[{token}] = {inside};\n"
        f"}})();\n"
    ).encode()


def surveys(_arrival: Arrival) -> Answer:
    """Answer that there are no surveys."""
    return given({"surveys": []})


def early_access_features(_arrival: Arrival) -> Answer:
    """Answer that there are no early access features."""
    return given({"earlyAccessFeatures": []})


def web_experiments(_arrival: Arrival) -> Answer:
    """Answer that there are no experiments without code."""
    return given({"experiments": []})
