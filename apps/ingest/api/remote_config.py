"""What posthog-js asks for before it starts: its remote configuration, and lists of things we have none of.

The fields and what each does to the SDK: docs/reference/capture-api.md.
"""

import json
from typing import Any, Final

import msgspec
from msgspec import Struct

from apps.accounts import selectors as accounts
from apps.common import clock
from apps.common.errors import NotFoundError
from apps.common.ids import uuid7
from apps.ingest import services, timestamps
from apps.ingest.api.answers import Answer, given
from apps.ingest.api.arrival import Arrival
from apps.ingest.bounds import bounds
from apps.ingest.errors import MalformedPayloadError
from apps.ingest.protocols import text
from apps.ingest.protocols.encoding import Packed, unpack
from apps.ingest.protocols.posthog import check_token

PREFIX: Final = "/array/"

_REQUEST_ID: Final = 100


class _Asked(Struct):
    """Who asks for flags; for whom does not matter where there are none."""

    token: str = ""
    api_key: str = ""


_ASKED: Final = msgspec.json.Decoder(_Asked)


def settings_of(token: str) -> dict[str, Any]:
    """Give the remote configuration of the project a token names.

    What is off is said so: of some fields the SDK takes the absence to mean the last value it knew. Only `surveys` is
    left out, since at anything said of them, also at false, the SDK loads a script to show them with.
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


def flags(arrival: Arrival) -> Answer:
    """Answer which feature flags are on for somebody: none, as projects have none to switch on yet.

    SDKs ask after every identify and reset, and complain where nobody answers; the shapes of all their versions stand
    side by side.
    """
    query = arrival.query
    body = text.clean(
        unpack(
            Packed(arrival.body(), arrival.header("CONTENT_ENCODING"), query.get("compression", "")),
            bounds().body_bytes,
        ).strip()
    )
    try:
        asked = _ASKED.decode(body or b"{}")
    except (msgspec.MsgspecError, RecursionError) as exc:
        raise MalformedPayloadError(f"The body is not what this address takes: {exc}.") from exc
    token = check_token(asked.token or asked.api_key or query.get("token") or arrival.bearer)
    services.project_of(token)
    content = {
        "flags": {},
        "featureFlags": {},
        "featureFlagPayloads": {},
        "errorsWhileComputingFlags": False,
        "requestId": arrival.header("X_REQUEST_ID")[:_REQUEST_ID] or str(uuid7()),
        "evaluatedAt": timestamps.to_us(clock.now()) // 1_000,
    }
    if "decide" in arrival.path or query.get("config") == "true":
        content = settings_of(token) | content
    return given(content)


def surveys(_arrival: Arrival) -> Answer:
    """Answer that there are no surveys."""
    return given({"surveys": []})


def early_access_features(_arrival: Arrival) -> Answer:
    """Answer that there are no early access features."""
    return given({"earlyAccessFeatures": []})


def web_experiments(_arrival: Arrival) -> Answer:
    """Answer that there are no experiments without code."""
    return given({"experiments": []})
