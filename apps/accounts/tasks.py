"""Celery doors of accounts."""

from celery import shared_task

from apps.accounts import mail, services


@shared_task(name="accounts.purge_project")
def purge_project(project_id: int) -> None:
    """Erase a deleted project's data everywhere; when that fails, the next look for deleted projects starts over."""
    services.purge_project(project_id=project_id)


@shared_task(name="accounts.purge_deleted_projects")
def purge_deleted_projects() -> None:
    """Look for deleted projects whose data is still there."""
    services.purge_deleted_projects()


@shared_task(name="accounts.send_invitation", autoretry_for=(OSError,), retry_backoff=30, max_retries=5)
def send_invitation(membership_id: int) -> None:
    """Tell a new member of their place, with the link to choose a password when they have none."""
    mail.send_invitation(membership_id)
