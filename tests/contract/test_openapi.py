"""The OpenAPI document describes every door, and nothing about it has to be guessed."""

import pytest
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema


def test_schema__every_view__is_described_without_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    # Given
    GENERATOR_STATS.reset()

    # When
    schema = SchemaGenerator().get_schema(request=None, public=True)

    # Then
    validate_schema(schema)
    assert not GENERATOR_STATS, capsys.readouterr().err
    assert "/api/organizations/{organization_id}/projects/" in schema["paths"]


def test_schema__asked_by_anyone__is_served() -> None:
    # When
    response = Client().get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})

    # Then
    assert response.status_code == 200
    assert response.json()["info"]["title"] == "Baleen"


def test_schema__every_operation__names_the_error_shape() -> None:
    # When
    schema = SchemaGenerator().get_schema(request=None, public=True)

    # Then
    operations = [
        operation
        for path, methods in schema["paths"].items()
        if path.startswith("/api/")
        for method, operation in methods.items()
        if method != "parameters"
    ]
    assert operations
    assert all("application/problem+json" in operation["responses"]["default"]["content"] for operation in operations)
