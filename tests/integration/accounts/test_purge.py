"""Erasing what a deleted project left behind."""

from datetime import timedelta

import pytest
import time_machine
from celery import current_app
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from apps.accounts import services
from apps.accounts.contracts import SYSTEM
from apps.accounts.models import AuditEntry, Project
from apps.accounts.services.projects import SETTLING_TIME
from apps.common.clock import now
from tests.factories.accounts import Cast

pytestmark = pytest.mark.django_db

purged: list[int] = []


def remember(project_id: int) -> None:
    """A purger, as settings name it."""
    purged.append(project_id)


def refuse(project_id: int) -> None:
    """A purger whose store is away."""
    raise ConnectionError(project_id)


@pytest.fixture(autouse=True)
def _nothing_purged() -> None:
    purged.clear()


def test_purge__of_a_deleted_project__calls_every_app_once_and_leaves_a_receipt(cast: Cast, settings: Settings) -> None:
    # Given
    settings.PROJECT_PURGERS = [f"{__name__}.remember"]
    services.delete_project(project=cast.project, actor=SYSTEM)

    # When
    services.purge_project(project_id=cast.project.pk)
    services.purge_project(project_id=cast.project.pk)

    # Then
    assert purged == [cast.project.pk]
    entry = AuditEntry.objects.get(action="project.purged")
    assert entry.changes == {"purgers": settings.PROJECT_PURGERS}
    assert Project.objects.get(pk=cast.project.pk).purged_at is not None


def test_purge__of_a_living_project__is_refused(cast: Cast, settings: Settings) -> None:
    # Given
    settings.PROJECT_PURGERS = [f"{__name__}.remember"]

    # When
    services.purge_project(project_id=cast.project.pk)

    # Then
    assert purged == []


def test_purge__that_cannot_finish__is_done_again(cast: Cast, settings: Settings) -> None:
    # Given
    settings.PROJECT_PURGERS = [f"{__name__}.remember", f"{__name__}.refuse"]
    services.delete_project(project=cast.project, actor=SYSTEM)

    # When
    with pytest.raises(ConnectionError):
        services.purge_project(project_id=cast.project.pk)
    settings.PROJECT_PURGERS = [f"{__name__}.remember"]
    services.purge_project(project_id=cast.project.pk)

    # Then
    assert purged == [cast.project.pk, cast.project.pk]
    assert AuditEntry.objects.filter(action="project.purged").count() == 1


def test_purge__is_started_for_projects_deleted_a_while_ago(
    cast: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    # Given
    services.delete_project(project=cast.project, actor=SYSTEM)

    # When
    early = _started(django_capture_on_commit_callbacks)
    with time_machine.travel(now() + SETTLING_TIME + timedelta(seconds=1), tick=False):
        late = _started(django_capture_on_commit_callbacks)

    # Then
    assert (early, late) == (0, 1)


def _started(capture: DjangoCaptureOnCommitCallbacks) -> int:
    with capture(execute=False) as callbacks:
        services.purge_deleted_projects()
    return len(callbacks)


def test_tasks__of_accounts__are_registered_by_name() -> None:
    # When
    current_app.loader.import_default_modules()

    # Then
    names = {"accounts.purge_project", "accounts.purge_deleted_projects", "accounts.send_invitation"}
    assert names <= set(current_app.tasks)
