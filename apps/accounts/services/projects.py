"""Projects: making, changing, deleting, and purging what a deleted one left behind."""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.module_loading import import_string

from apps.accounts import audit, keys, selectors, values
from apps.accounts.contracts import SYSTEM, Actor, Target
from apps.accounts.errors import AlreadyTakenError
from apps.accounts.models import Organization, Project
from apps.common import jobs
from apps.common.clock import now

SETTLING_TIME: Final = timedelta(minutes=10)
"""How long after its deletion a project's data is left, for events still in the log to arrive."""


def create_project(  # noqa: PLR0913 - a project's fields, all by keyword
    *,
    organization: Organization,
    name: str,
    actor: Actor,
    timezone: str = "UTC",
    week_start_day: int = 0,
    api_token: str | None = None,
) -> Project:
    """Create a project; it takes events in every process the moment this returns."""
    project = Project(
        organization=organization,
        name=values.clean_name(name, attr="name"),
        api_token=values.clean_project_token(api_token or keys.new_project_token()),
        timezone=values.clean_timezone(timezone),
        week_start_day=values.clean_week_start_day(week_start_day),
    )
    with transaction.atomic():
        _save_with_token(project)
        audit.record(actor, "project.created", target_of(project), {"name": [None, project.name]})
    return project


def update_project(
    *,
    project: Project,
    actor: Actor,
    name: str | None = None,
    timezone: str | None = None,
    week_start_day: int | None = None,
) -> Project:
    """Change what is given; a value of None stays as it is."""
    wanted: dict[str, str | int] = {}
    if name is not None:
        wanted["name"] = values.clean_name(name, attr="name")
    if timezone is not None:
        wanted["timezone"] = values.clean_timezone(timezone)
    if week_start_day is not None:
        wanted["week_start_day"] = values.clean_week_start_day(week_start_day)
    with transaction.atomic():
        changes = {field: [getattr(project, field), value] for field, value in wanted.items()}
        changes = {field: change for field, change in changes.items() if change[0] != change[1]}
        if changes:
            for field, (_, value) in changes.items():
                setattr(project, field, value)
            project.save(update_fields=list(changes))
            audit.record(actor, "project.updated", target_of(project), changes)
            transaction.on_commit(selectors.forget_tokens)
    return project


def reset_token(*, project: Project, actor: Actor, api_token: str | None = None) -> Project:
    """Give a project another token; the old one is refused everywhere within `selectors.TOKEN_SECONDS`."""
    with transaction.atomic():
        project.api_token = values.clean_project_token(api_token or keys.new_project_token())
        _save_with_token(project, fields=["api_token"])
        audit.record(actor, "project.token_reset", target_of(project), {})
        transaction.on_commit(selectors.forget_tokens)
    return project


def delete_project(*, project: Project, actor: Actor) -> None:
    """Take a project out of reach at once; `purge_deleted_projects` erases its data soon after."""
    with transaction.atomic():
        project.deleted_at = now()
        project.save(update_fields=["deleted_at"])
        audit.record(actor, "project.deleted", target_of(project), {"name": [project.name, None]})
        transaction.on_commit(selectors.forget_tokens)


def purge_deleted_projects() -> None:
    """Start a job for every deleted project whose data is still there; beat calls this every few minutes.

    Waiting a while lets events that were already under way arrive first, and asking the database instead of starting
    the job at deletion means that none is ever forgotten, whatever was down at that moment.
    """
    waiting = Project.objects.filter(deleted_at__lt=now() - SETTLING_TIME, purged_at__isnull=True)
    for project_id in waiting.values_list("pk", flat=True):
        jobs.enqueue("accounts.purge_project", project_id)


def purge_project(*, project_id: int) -> None:
    """Erase what every app holds of a deleted project and leave the receipt in the audit log.

    Each of `settings.PROJECT_PURGERS` is called with the project's id, must be safe to call twice, and raises when it
    could not finish: the job then runs again from the start.
    """
    project = Project.objects.filter(pk=project_id, deleted_at__isnull=False, purged_at__isnull=True).first()
    if project is None:
        return
    for name in settings.PROJECT_PURGERS:
        import_string(name)(project.pk)
    with transaction.atomic():
        project.purged_at = now()
        project.save(update_fields=["purged_at"])
        audit.record(SYSTEM, "project.purged", target_of(project), {"purgers": list(settings.PROJECT_PURGERS)})


def target_of(project: Project) -> Target:
    """Name a project in the audit log."""
    return Target("project", project.pk, project.organization_id, project.pk)


def _save_with_token(project: Project, fields: list[str] | None = None) -> None:
    try:
        with transaction.atomic():
            project.save(update_fields=fields)
    except IntegrityError as exc:
        raise AlreadyTakenError("Another project has this token.", attr="project_token") from exc
