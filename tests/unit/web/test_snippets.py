import ast
import json
import shlex

import pytest
from opentelemetry.util.re import parse_env_headers

from apps.web.pages.snippets import install_snippets

HOST = "https://baleen.example"


@pytest.mark.parametrize("token", ["phc_plain", """it's-"quoted"-\\-$HOME-`id`"""])
def test_install_snippets__key_with_quotes__stays_one_value_in_every_language(token: str) -> None:
    # When
    texts = {snippet.id: snippet.text for snippet in install_snippets(token=token, host=HOST)}
    # Then
    call = next(node for node in ast.walk(ast.parse(texts["python"])) if isinstance(node, ast.Call))
    assert ast.literal_eval(call.args[0]) == token
    assert ast.literal_eval(call.keywords[0].value) == HOST
    command = shlex.split(texts["curl"])
    assert command[1] == f"{HOST}/i/v0/e/"
    assert json.loads(command[-1])["api_key"] == token
    variables = dict(word.split("=", 1) for word in shlex.split(texts["opentelemetry"], comments=True) if "=" in word)
    assert variables["OTEL_EXPORTER_OTLP_ENDPOINT"] == HOST
    assert parse_env_headers(variables["OTEL_EXPORTER_OTLP_HEADERS"]) == {"authorization": f"Bearer {token}"}
    assert f"posthog.init({json.dumps(token)}, " in texts["browser"]
    assert f"new PostHog({json.dumps(token)}, " in texts["node"]
