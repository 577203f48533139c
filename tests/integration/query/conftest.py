"""A project to ask about, and a way to ask as its owner."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.conftest import Stack
from tests.factories.accounts import Cast, make_cast, post

HttpAnswer = Any
"""A response of Django's test client; its methods are not typed."""

Ask = Callable[..., HttpAnswer]


@pytest.fixture
def cast(db: None, stack: Stack, project_id: int) -> Cast:
    """Ada owns a project with a number of its own; Eve owns another."""
    # Eve's project gets the number after Ada's, which must not be that of the next test.
    return make_cast(project_id=project_id * 10)


@pytest.fixture
def ask(cast: Cast) -> Ask:
    """Ask the query endpoint as Ada; gives the response."""
    return asker(cast.ada.client, cast.project.pk)


def asker(client: Client, project: int | str) -> Ask:
    """Make the function that sends queries about one project."""

    def send(query: object, **request: object) -> HttpAnswer:
        body = {"query": query, "refresh": "force_blocking"} | request
        return post(client, f"/api/projects/{project}/query/", body)

    return send
