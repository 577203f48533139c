"""How OpenAPI speaks of authentication and errors; registered when Django starts."""

from typing import Any, Final

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

_PROBLEM: Final = {
    "type": "object",
    "description": "An RFC 9457 problem with the members PostHog's clients read.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "stable, for programs"},
        "detail": {"type": "string", "description": "a sentence, for people"},
        "attr": {"type": "string", "nullable": True, "description": "the field at fault"},
    },
    "required": ["type", "title", "status", "code", "detail", "attr"],
}
_METHODS: Final = {"get", "post", "put", "patch", "delete"}


class KeyScheme(OpenApiAuthenticationExtension):
    """Describes the personal key."""

    target_class = "apps.accounts.authentication.KeyAuthentication"
    name = "personalKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:  # noqa: ARG002 - the library's signature
        """Describe `Authorization: Bearer phx_...`."""
        return {"type": "http", "scheme": "bearer", "description": "A personal key, `phx_...`"}


class BrowserScheme(OpenApiAuthenticationExtension):
    """Describes the dashboard's session."""

    target_class = "apps.accounts.authentication.BrowserAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:  # noqa: ARG002 - the library's signature
        """Describe the session cookie."""
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "The dashboard; needs CSRF"}


def add_problems(result: dict[str, Any], generator: object, request: object, public: object) -> dict[str, Any]:  # noqa: ARG001 - the library's signature
    """Give every operation its error answer, which the exception handler makes and no view declares."""
    result["components"].setdefault("schemas", {})["Problem"] = _PROBLEM
    answer = {
        "description": "What is wrong",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for operations in result["paths"].values():
        for method, operation in operations.items():
            if method in _METHODS:
                operation["responses"]["default"] = answer
    return result
